//! Building anew beside the live tables: the same rows, and no reader notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use allhours_projections::{
    conversations::{self, ConversationFilter, ConversationOrder},
    error::ProjectionError,
    fold::ALL,
    page::Span,
    rebuild::rebuild,
};
use allhours_tests::database::TestDatabase;

use super::{LONG, desk_with_history, follow, holds, runner};

/// Every row that readers can see, as text.
async fn all_rows(database: &TestDatabase) -> Vec<String> {
    let owner = database.owner().await.expect("a connection");
    let mut all = Vec::new();
    for table in ALL.iter().flat_map(|projection| projection.tables) {
        // Counts of nothing may stand there or not.
        let counted =
            if *table == "conversation_counters" { "where conversations <> 0" } else { "" };
        let statement = format!("select it::text from read.{table} as it {counted} order by 1");
        let rows = owner.query(&statement, &[]).await.expect("rows");
        all.extend(rows.iter().map(|row| format!("{table} {}", row.get::<_, String>(0))));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_gives_the_rows_that_were_live() {
    let (database, log, _, position) = desk_with_history(31, 900).await;
    follow(&database, &log, position).await;
    let live = all_rows(&database).await;
    assert!(live.len() > 500);
    let mut told = 0;
    let rebuilt = rebuild(&database, &log, &[], &mut |progress| told = progress.position).await;
    let rebuilt = rebuilt.expect("a rebuild");
    assert_eq!(rebuilt.len(), ALL.len());
    assert!(rebuilt.iter().all(|it| it.generation == 2 && it.position == position));
    assert_eq!(told, position);
    assert_eq!(all_rows(&database).await, live);
    holds(&database, &log, position).await;
    let owner = database.owner().await.expect("a connection");
    let schemas = owner
        .query("select nspname::text from pg_namespace where nspname like 'conversations%'", &[])
        .await
        .expect("schemas");
    let schemas: Vec<String> = schemas.iter().map(|row| row.get(0)).collect();
    assert_eq!(schemas, ["conversations_2"], "the old generation is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_reads_or_writes_meanwhile_meets_an_error_or_reads_backwards() {
    let (database, log, mut history, _) = desk_with_history(32, 500).await;
    let runner = runner(&database, &log, 1_000).await;
    let tenant = history.tenants()[0];
    let done = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let reading = tokio::spawn({
        let (database, done, reads) = (database.clone(), done.clone(), reads.clone());
        async move {
            let filter = ConversationFilter { merged_too: true, ..ConversationFilter::default() };
            let order = ConversationOrder::Opening;
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                let reader = database.reader(tenant).await.expect("a reader");
                let list =
                    conversations::list(&reader, &filter, order, &Span::first(None, 1_000)).await;
                let rows = list.expect("no reader sees an error").rows.len();
                assert!(rows >= seen, "{rows} after {seen}");
                seen = rows;
                reads.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let writing = tokio::spawn({
        let done = done.clone();
        async move {
            while !done.load(Ordering::Relaxed) {
                history.go_on(3).await;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            history.go_on(1).await
        }
    });
    for generation in 2..=4 {
        let rebuilt = rebuild(&database, &log, &[], &mut |_| {}).await.expect("a rebuild");
        assert!(rebuilt.iter().all(|it| it.generation == generation), "{rebuilt:?}");
    }
    done.store(true, Ordering::Relaxed);
    reading.await.expect("the reader saw no error");
    let position = writing.await.expect("the writer saw no error");
    assert!(reads.load(Ordering::Relaxed) > 10);
    assert!(runner.wait_for(position, LONG).await.expect("progress"));
    runner.stop().await;
    holds(&database, &log, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_projection_alone_can_be_rebuilt_and_an_unknown_one_is_named() {
    let (database, log, _, position) = desk_with_history(33, 200).await;
    follow(&database, &log, position).await;
    let rebuilt = rebuild(&database, &log, &["teams"], &mut |_| {}).await.expect("a rebuild");
    assert_eq!(rebuilt.iter().map(|it| it.name).collect::<Vec<_>>(), ["teams"]);
    holds(&database, &log, position).await;
    let unknown = rebuild(&database, &log, &["nonsense"], &mut |_| {}).await;
    assert!(matches!(unknown, Err(ProjectionError::Unknown(name)) if name == "nonsense"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_an_older_program_are_built_anew_at_start() {
    let (database, log, history, position) = desk_with_history(34, 200).await;
    follow(&database, &log, position).await;
    let owner = database.owner().await.expect("a connection");
    owner
        .batch_execute("update read.checkpoints set version = 0 where projection = 'customers'")
        .await
        .expect("an older version");
    let runner = runner(&database, &log, 1_000).await;
    let customers = async || {
        let status = runner.status(history.now()).await.expect("a status");
        status.into_iter().find(|it| it.name == "customers").expect("customers")
    };
    let waiting = async {
        while customers().await.version == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("it is built anew");
    let version = allhours_projections::customers::PROJECTION.version;
    assert_eq!((customers().await.generation, customers().await.version), (2, version));
    assert!(runner.wait_for(position, LONG).await.expect("progress"));
    runner.stop().await;
    holds(&database, &log, position).await;
}
