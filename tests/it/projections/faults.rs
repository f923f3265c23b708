//! Faults: a crash half-way, an event that nobody can read, a row that somebody changed.

use allhours_eventstore::log::Log;
use allhours_projections::{
    batch::Batch,
    connection::Connection,
    fold,
    generations::{prepare, schema},
    page::Span,
    rebuild::rebuild,
    runner::dead_letters,
};

use super::{LONG, desk_with_history, follow, holds, runner, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_rows_and_checkpoint_loses_and_doubles_nothing() {
    let (database, log, _, position) = desk_with_history(41, 300).await;
    prepare(&database).await.expect("tables");
    for projection in fold::ALL {
        let connection = Connection::open(&database).await.expect("a connection");
        connection.work_in(&schema(projection.name, 1)).await.expect("a schema");
        connection.run("begin").await.expect("a transaction");
        let events = log.read(0, 200).await.expect("events");
        let batch = Batch::decode(events, |stream_type| projection.folds(stream_type));
        let mut rows = (projection.fold)();
        batch.apply(projection, rows.as_mut(), &connection).await.expect("rows are written");
        // The process dies here: the connection ends, the checkpoint was never moved.
        drop(connection);
    }
    follow(&database, &log, position).await;
    holds(&database, &log, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_again_and_again_lose_and_double_nothing() {
    let (database, log, mut history, _) = desk_with_history(42, 100).await;
    let runner = runner(&database, &log, 3).await;
    let owner = database.owner().await.expect("a connection");
    for _ in 0..10 {
        history.go_on(30).await;
        owner
            .batch_execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where pid <> pg_backend_pid() and datname = current_database()
                     and query like '%checkpoint%'",
            )
            .await
            .expect("connections are cut");
    }
    let position = history.go_on(1).await;
    assert!(runner.wait_for(position, LONG).await.expect("progress"));
    runner.stop().await;
    holds(&database, &log, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_nobody_can_read_is_parked_and_named_and_the_others_go_on() {
    let (database, log, history, position) = desk_with_history(43, 300).await;
    let owner = database.owner().await.expect("a connection");
    let tampered = owner
        .query_one(
            "select max(position) from events where name = 'conversation.customer_message_received'",
            &[],
        )
        .await
        .expect("an event");
    let tampered: i64 = tampered.get(0);
    owner
        .batch_execute(&format!(
            "set session_replication_role = replica;
             update events set payload = '{{\"nonsense\": true}}' where position = {tampered};
             set session_replication_role = origin;"
        ))
        .await
        .expect("a corrupt payload");
    let running = runner(&database, &log, 1_000).await;
    assert!(running.wait_for(position, LONG).await.expect("progress"));
    for status in running.status(history.now()).await.expect("a status") {
        let folds = matches!(status.name, "conversations" | "churn_features");
        assert_eq!(status.parked, i64::from(folds), "{status:?}");
    }
    running.stop().await;
    let letters =
        dead_letters(&database, None, None, &Span::first(None, 10)).await.expect("letters").rows;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter.position, tampered);
        assert_eq!(letter.name, "conversation.customer_message_received");
        assert!(letter.why.contains("does not read back"), "{}", letter.why);
    }
    let after = Span::first(letters.first().map(Into::into), 10);
    let next = dead_letters(&database, None, None, &after).await.expect("letters").rows;
    assert_eq!(next, letters[1..]);
    holds(&database, &log, position).await;
    rebuild(&database, &log, &[], &mut |_| {}).await.expect("a rebuild parks it as well");
    let rebuilt = dead_letters(&database, Some("conversations"), None, &Span::first(None, 10))
        .await
        .expect("letters");
    assert_eq!(rebuilt.rows.len(), 1);
    holds(&database, &log, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_rows_cannot_be_stored_is_found_and_parked_alone() {
    let (database, log, history, position) = desk_with_history(44, 300).await;
    prepare(&database).await.expect("tables");
    let owner = database.owner().await.expect("a connection");
    owner
        .batch_execute("alter table agents_1.agents add check (capacity_units <> 7)")
        .await
        .expect("a constraint that some event breaks");
    let running = runner(&database, &log, 100).await;
    assert!(running.wait_for(position, LONG).await.expect("progress"));
    let status = running.status(history.now()).await.expect("a status");
    let parked: Vec<_> = status.iter().filter(|it| it.parked > 0).map(|it| it.name).collect();
    assert_eq!(parked, ["agents"]);
    running.stop().await;
    let letters = dead_letters(&database, Some("agents"), None, &Span::first(None, 100))
        .await
        .expect("letters")
        .rows;
    assert!(letters.iter().all(|letter| letter.name == "agent.capacity_set"), "{letters:?}");
    assert!(letters[0].why.contains("check constraint"), "{}", letters[0].why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_names_the_row_that_somebody_changed_deleted_or_added() {
    let (database, log, _, position) = desk_with_history(45, 300).await;
    follow(&database, &log, position).await;
    let owner = database.owner().await.expect("a connection");
    owner
        .batch_execute(
            "update conversations_1.conversations set message_count = message_count + 100
             where id = (select min(id::text)::uuid from conversations_1.conversations);
             delete from teams_1.teams where id = (select min(id::text)::uuid from teams_1.teams);
             insert into conversations_1.conversation_counters
             values (gen_random_uuid(), gen_random_uuid(), 'open', 'vip', 'low', 3);",
        )
        .await
        .expect("somebody tampers");
    let mut found = Vec::new();
    for verified in verified(&database, &log).await {
        assert_eq!(verified.differences, verified.first.len() as u64);
        found.extend(verified.first);
    }
    let told: Vec<_> = found.iter().map(|it| (it.table, it.column)).collect();
    assert_eq!(
        told,
        [
            ("conversations", "message_count"),
            ("conversation_counters", "conversations"),
            ("teams", "*"),
        ],
        "{found:#?}"
    );
    assert_eq!((found[1].folded.as_str(), found[1].stored.as_str()), ("0", "3"));
    assert_eq!(found[2].stored, "(none)");
    assert!(found[0].to_string().starts_with("conversations "), "{}", found[0]);
}
