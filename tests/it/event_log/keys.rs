//! Wrong keys, new keys, and who can read what afterwards.

use allhours_eventstore::{
    contract::script::{Script, text_of},
    error::LogError,
    keys::{MasterKey, MasterKeys},
    log::Log,
    pg::{PgLog, PgLogOptions, Rotated},
};
use allhours_tests::database::{TestDatabase, database};

use super::{execute, log_on, master_key, verified};

async fn start(database: &TestDatabase, key: MasterKey) -> Result<PgLog, LogError> {
    PgLog::start((**database).clone(), key, PgLogOptions::default()).await
}

async fn texts(log: &PgLog) -> Result<Vec<String>, LogError> {
    let events = log.open(log.read(0, 2_000).await?).await?;
    Ok(events.iter().filter_map(text_of).collect())
}

async fn write(log: &PgLog, script: &mut Script, count: usize) {
    let stream = script.stream();
    let mut events = Vec::new();
    for index in 0..count {
        let subject = script.subject();
        events.push(script.message(subject, &format!("text {index}")));
    }
    let append = script.writing(stream, 0, events);
    log.append(append).await.expect("appended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_master_key_is_said_to_be_wrong() {
    let database = database().await;
    let mut script = Script::new(1);
    write(&log_on(&database, master_key()).await, &mut script, 1).await;
    let other = start(&database, master_key()).await;
    let error = other.expect_err("another key");
    assert!(matches!(error, LogError::Key(_)), "{error:?}");
    assert!(error.to_string().contains("master key does not open"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_tenants_key_was_rotated_all_its_texts_still_open() {
    let database = database().await;
    let key = master_key();
    let log = log_on(&database, key.clone()).await;
    let mut script = Script::new(1);
    write(&log, &mut script, 700).await;
    let mut heard = 0;
    let rotated = log.rotate_tenant_key(script.tenant, 0, |total| heard = total).await;
    let rotated = rotated.expect("rotated");
    assert_eq!(rotated, Rotated { generation: 2, rewrapped: 700 });
    assert_eq!(heard, 700);
    write(&log, &mut script, 1).await;

    let next = log_on(&database, key).await;
    assert_eq!(texts(&next).await.expect("opened").len(), 701);
    let old_key_gone = "do $$ begin
        -- The key of the blind index, which wraps nothing, is number 0 and stays.
        assert (select array_agg(generation order by generation) from tenant_keys)
            = array[0::smallint, 2::smallint];
        assert (select bool_and(tenant_generation = 2) from subject_keys);
    end $$";
    execute(&database, old_key_gone).await.expect("nothing is wrapped by the old key");
    assert!(verified(&database).await.holds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_was_broken_off_goes_on_where_it_stopped() {
    let database = database().await;
    let key = master_key();
    let log = log_on(&database, key.clone()).await;
    let mut script = Script::new(1);
    write(&log, &mut script, 700).await;
    let tenant = script.tenant;
    let broken_off = tokio::spawn({
        let log = log.clone();
        async move { log.rotate_tenant_key(tenant, 0, |_| panic!("the process ends")).await }
    });
    assert!(broken_off.await.is_err());
    assert_eq!(texts(&log_on(&database, key.clone()).await).await.expect("opened").len(), 700);
    let next = log_on(&database, key.clone()).await;
    let rest = next.rotate_tenant_key(tenant, 0, |_| ()).await.expect("rotated");
    assert_eq!(rest, Rotated { generation: 2, rewrapped: 200 });
    // Broken off again, before anybody wrote down that there is a new key.
    let unrecorded = next.rotate_tenant_key(tenant, 0, |_| ()).await.expect("rotated");
    assert_eq!(unrecorded, Rotated { generation: 2, rewrapped: 0 });
    let recorded = next.rotate_tenant_key(tenant, 2, |_| ()).await.expect("rotated");
    assert_eq!(recorded, Rotated { generation: 3, rewrapped: 700 });
    assert_eq!(texts(&log_on(&database, key).await).await.expect("opened").len(), 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_master_key_takes_over_from_the_old_one() {
    let database = database().await;
    let (old, new) = (master_key(), master_key());
    let mut script = Script::new(1);
    let log = log_on(&database, old.clone()).await;
    write(&log, &mut script, 3).await;
    let index = log.blind_index(script.tenant, "email|ada@example.org").await.expect("an index");

    let both = log_on(&database, MasterKeys::new(new.clone(), vec![old.clone()])).await;
    assert_eq!(texts(&both).await.expect("opened").len(), 3);
    assert_eq!(both.rewrap_tenant_keys().await.expect("rewrapped"), 2);
    assert_eq!(both.rewrap_tenant_keys().await.expect("nothing left to do"), 0);

    let after = log_on(&database, new).await;
    assert_eq!(texts(&after).await.expect("opened").len(), 3);
    let same = after.blind_index(script.tenant, "email|ada@example.org").await;
    assert_eq!(same.expect("an index"), index);
    assert!(matches!(start(&database, old).await, Err(LogError::Key(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_command_asked_for_can_not_be_found_out_by_trying() {
    let database = database().await;
    let log = log_on(&database, master_key()).await;
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 1);
    log.append(append.clone()).await.expect("appended");
    let client = database.owner().await.expect("a connection");
    let statement = "select request_hash from commands where command_id = $1";
    let row = client.query_one(statement, &[&append.command_id.0]).await.expect("a row");
    assert_ne!(row.get::<_, &[u8]>(0), append.request_hash, "whoever knows the input knows this");
    let (tenant, command) = (append.tenant, append.command_id);
    let answered = log.answered(tenant, command, append.request_hash).await;
    assert_eq!(answered.expect("the same command"), Some(1));
    let other = log.answered(tenant, command, [7; 32]).await;
    assert!(matches!(other, Err(LogError::CommandReused(_))), "{other:?}");
}
