//! Lost connections, refused commands, full queues.

use std::time::Duration;

use allhours_eventstore::{
    contract::script::Script,
    error::LogError,
    log::Log,
    pg::{PgLog, PgLogOptions},
};
use allhours_tests::database::database;

use super::{execute, fresh, log_on, master_key, settle, verified};

const END_APPENDERS: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%append_batch%' and pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_while_appending_is_unknown_and_a_retry_settles_it() {
    let (log, database) = fresh().await;
    let writers: Vec<_> = (1..=16)
        .map(|space| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut script = Script::new(space);
                let (mut unknown, stream) = (0, script.stream());
                for version in 0..100 {
                    let append = script.tagging(stream, version, 1);
                    match log.append(append.clone()).await {
                        Ok(receipt) => assert!(!receipt.repeated),
                        Err(LogError::Unknown(_) | LogError::Busy) => {
                            unknown += 1;
                            settle(&log, &append).await.expect("it happened or happens now");
                        }
                        Err(error) => unreachable!("a false failure: {error:?}"),
                    }
                }
                unknown
            })
        })
        .collect();
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        execute(&database, END_APPENDERS).await.expect("ended");
    }
    let mut unknown = 0;
    for writer in writers {
        unknown += writer.await.expect("each command took effect");
    }
    assert!(unknown > 0, "no connection was lost while appending");
    let verified = verified(&database).await;
    assert!(verified.holds(), "{:?}", verified.findings);
    assert_eq!(verified.events, 1_600, "an event was lost or written twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_takes_too_long_is_unknown_and_a_retry_settles_it() {
    let database = database().await;
    let options = PgLogOptions {
        commit_wait_max: Duration::from_millis(200),
        lock_wait_max: Duration::from_secs(10),
        ..PgLogOptions::default()
    };
    let log = PgLog::start((*database).clone(), master_key(), options).await.expect("a log");
    let mut blocker = database.dedicated().await.expect("a connection");
    let blocking = blocker.client.transaction().await.expect("a transaction");
    blocking.batch_execute("lock table events in exclusive mode").await.expect("locked");

    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 1);
    let error = log.append(append.clone()).await.expect_err("it takes too long");
    assert!(matches!(error, LogError::Unknown(None)), "{error:?}");
    blocking.rollback().await.expect("unlocked");
    let receipt = settle(&log, &append).await.expect("it happened or happens now");
    assert_eq!(receipt.position, 1);
    assert_eq!(verified(&database).await.events, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_the_database_refuses_does_not_fail_its_neighbours() {
    let (log, database) = fresh().await;
    let mut script = Script::new(1);
    let stream = script.stream();
    let first = script.tagging(stream, 0, 1);
    let used_before = first.streams[0].events[0].0;
    log.append(first).await.expect("appended");

    let mut appends = Vec::new();
    for _ in 0..50 {
        let stream = script.stream();
        appends.push(script.tagging(stream, 0, 1));
    }
    appends[25].streams[0].events[0].0 = used_before;
    let answers =
        futures_util::future::join_all(appends.into_iter().map(|it| log.append(it))).await;
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(_) => assert_ne!(index, 25),
            Err(error) => {
                assert!(matches!(error, LogError::Database(_)), "{error:?}");
                assert_eq!(index, 25);
            }
        }
    }
    let verified = verified(&database).await;
    assert!(verified.holds(), "{:?}", verified.findings);
    assert_eq!(verified.events, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_a_stopped_log_takes_nothing() {
    let database = database().await;
    let options = PgLogOptions { waiting_max: 4, batch_commands_max: 1, ..PgLogOptions::default() };
    let log = PgLog::start((*database).clone(), master_key(), options).await.expect("a log");
    let mut script = Script::new(1);
    let appends: Vec<_> = (0..200)
        .map(|_| {
            let stream = script.stream();
            script.tagging(stream, 0, 1)
        })
        .collect();
    let answers =
        futures_util::future::join_all(appends.into_iter().map(|it| log.append(it))).await;
    let busy = answers.iter().filter(|it| matches!(it, Err(LogError::Busy))).count();
    let written = answers.iter().filter(|it| it.is_ok()).count();
    assert!(busy > 0 && written >= 4, "{busy} were refused, {written} written");
    assert_eq!(busy + written, 200);
    log.stop().await;
    let stream = script.stream();
    let late = script.tagging(stream, 0, 1);
    assert!(matches!(log.append(late).await, Err(LogError::Busy)));
    assert_eq!(usize::try_from(verified(&database).await.events), Ok(written));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_appended_is_there_for_the_next_process() {
    let database = database().await;
    let key = master_key();
    let log = log_on(&database, key.clone()).await;
    let mut script = Script::new(1);
    let (stream, ada) = (script.stream(), script.subject());
    let message = script.message(ada, "hello");
    let append = script.writing(stream, 0, vec![message]);
    log.append(append.clone()).await.expect("appended");
    let events = log.open(log.read(0, 10).await.expect("read")).await.expect("opened");
    log.stop().await;
    drop(log);

    let next = log_on(&database, key).await;
    assert_eq!(*next.grown().borrow(), 1);
    assert_eq!(next.open(next.read(0, 10).await.expect("read")).await.expect("opened"), events);
    assert!(next.append(append).await.expect("answered").repeated);
}
