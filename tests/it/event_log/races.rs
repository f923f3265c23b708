//! Several writers, several processes' worth of logs, one order.

use std::{collections::HashMap, time::Duration};

use allhours_eventstore::{
    append::StreamAppend, contract::script::Script, error::LogError, log::Log, pg::PgLog,
    recorded::StreamId, tail::Tail,
};
use allhours_tests::database::database;

use super::{execute, log_on, master_key, verified};

async fn write(log: PgLog, space: u64, until: tokio::time::Instant) -> usize {
    let mut script = Script::new(space);
    let mut written = 0;
    while tokio::time::Instant::now() < until {
        let stream = script.stream();
        for version in 0..5 {
            let append = script.tagging(stream, version, 1);
            log.append(append).await.expect("nobody else writes to this stream");
            written += 1;
        }
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_tail_sees_every_event_once_and_in_order_while_32_write() {
    let database = database().await;
    let key = master_key();
    let (one, other) = (log_on(&database, key.clone()).await, log_on(&database, key).await);
    let tail = Tail::start(one.clone()).await.expect("the tail starts");
    let until = tokio::time::Instant::now() + Duration::from_secs(3);
    let reader = tokio::spawn(async move {
        let mut versions: HashMap<StreamId, i32> = HashMap::new();
        let mut seen = 0;
        loop {
            let next = tokio::time::timeout(Duration::from_secs(6), tail.after(seen, 500)).await;
            let Ok(events) = next else { return seen };
            for event in events.expect("the tail reads") {
                assert_eq!(event.position, seen + 1, "an event was missed or seen twice");
                let version = versions.entry(event.stream).or_default();
                assert_eq!(event.version, *version + 1, "a stream out of order");
                (seen, *version) = (event.position, event.version);
            }
        }
    });
    let writers: Vec<_> = (1..=32)
        .map(|space| {
            let log = if space % 2 == 0 { one.clone() } else { other.clone() };
            tokio::spawn(write(log, space, until))
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += writer.await.expect("the writer wrote");
    }
    assert!(written > 1_000, "only {written} events were written");
    assert_eq!(usize::try_from(reader.await.expect("all in order")), Ok(written));
    let verified = verified(&database).await;
    assert!(verified.holds(), "{:?}", verified.findings);
    assert_eq!(usize::try_from(verified.events), Ok(written));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_2_000_commands_racing_on_one_stream_exactly_one_wins_each_version() {
    let database = database().await;
    let key = master_key();
    let logs = [log_on(&database, key.clone()).await, log_on(&database, key).await];
    let mut first = Script::new(1);
    let (tenant, stream) = (first.tenant, first.stream());
    let racers = (0..20).map(|racer: usize| {
        let log = logs[racer % 2].clone();
        let mut script = Script::new(10 + racer as u64);
        script.tenant = tenant;
        tokio::spawn(async move {
            let (mut version, mut won) = (0, Vec::new());
            for _ in 0..100 {
                let append = script.tagging(stream, version, 1);
                match log.append(append).await {
                    Ok(receipt) => {
                        version += 1;
                        assert_eq!(receipt.versions, [version]);
                        won.push(version);
                    }
                    Err(LogError::Conflict { actual, by, .. }) => {
                        assert!(actual > version, "a conflict without anybody ahead");
                        assert!(by.is_some(), "nobody is said to have written");
                        version = actual;
                    }
                    Err(error) => unreachable!("{error:?}"),
                }
            }
            won
        })
    });
    let mut won = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        won.extend(racer.await.expect("the racer raced"));
    }
    won.sort_unstable();
    let versions = 1..=i32::try_from(won.len()).expect("at most 2,000");
    assert_eq!(won, versions.collect::<Vec<_>>(), "two winners of a version, or none");
    let events = logs[0].load(tenant, stream, 0, 2_000).await.expect("loaded");
    assert_eq!(events.len(), won.len());
    assert!(verified(&database).await.holds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_in_which_nobody_lost_are_written_without_asking_about_each() {
    let database = database().await;
    let log = log_on(&database, master_key()).await;
    let rename = "do $$ declare it regprocedure; begin \
        for it in select oid from pg_proc where proname = 'append_each' loop \
            execute format('alter function %s rename to away', it); end loop; end $$";
    execute(&database, rename).await.expect("renamed");
    let mut script = Script::new(1);
    let seen = script.stream();
    let first = script.tagging(seen, 0, 1);
    log.append(first).await.expect("a new stream");
    let more = script.tagging(seen, 1, 2);
    log.append(more).await.expect("a stream that goes on");
    let missing = script.stream();
    for (stream, expected_version, fits) in [(seen, 3, true), (missing, 0, true), (seen, 2, false)]
    {
        let other = script.stream();
        let mut append = script.tagging(other, 0, 1);
        append.streams.push(StreamAppend { stream, expected_version, events: Vec::new() });
        assert_eq!(log.append(append).await.is_ok(), fits, "{expected_version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_hears_of_new_events_soon() {
    let database = database().await;
    let key = master_key();
    let (one, other) = (log_on(&database, key.clone()).await, log_on(&database, key).await);
    let mut grown = other.grown();
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 2);
    one.append(append).await.expect("appended");
    let told = grown.wait_for(|position| *position == 2);
    let told = tokio::time::timeout(Duration::from_secs(3), told).await;
    told.expect("in time").expect("the log is there");
}
