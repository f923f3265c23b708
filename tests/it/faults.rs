//! What is acknowledged survives every fault, and nothing happens twice.
//!
//! Real processes on a durable PostgreSQL of their own: `crate::process` starts and kills them,
//! `writer` writes notes and remembers what was acknowledged and what nobody knows.

mod writer;

use std::time::Duration;

use self::writer::Writer;
use crate::process::Served;

const KILLS: u32 = 20;
const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_twenty_times_under_load_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let mut server = Served::start(folder.path(), &["--demo"]).await;
    let token = server.token("supervisor").await;
    let conversation = server.open_conversation(&token).await;
    let mut writers: Vec<Writer> =
        (0..WRITERS).map(|number| Writer::new(number, &token, &conversation)).collect();

    for kill in 0..KILLS {
        let address = server.address().to_owned();
        let writing = writers.into_iter().map(|mut writer| {
            let address = address.clone();
            tokio::spawn(async move {
                if writer.settle(&address).await.is_ok() {
                    writer.write_until_it_fails(&address).await;
                }
                writer
            })
        });
        let writing: Vec<_> = writing.collect();
        // Spread over the first writes of each life; a fixed sequence, so a failure repeats.
        tokio::time::sleep(Duration::from_millis(u64::from(150 + (kill * 37) % 300))).await;
        server.kill().await;
        let mut back = Vec::new();
        for task in writing {
            back.push(task.await.expect("a writer does not panic"));
        }
        writers = back;
        server = Served::start(folder.path(), &[]).await;
    }

    for writer in &mut writers {
        let address = server.address().to_owned();
        let settled = writer.settle(&address).await;
        assert_eq!(settled, Ok(()), "a living server answers");
    }
    let acknowledged: Vec<(String, i64)> =
        writers.iter().flat_map(|writer| writer.acknowledged.iter().cloned()).collect();
    assert!(acknowledged.len() >= 100, "only {} writes were made", acknowledged.len());
    assert_each_stands_once(&server, &acknowledged).await;
    server.stop().await;
    Served::run(folder.path(), &["verify"]).await;
}

/// Every acknowledged note stands in the log at the position that was answered, and no other.
async fn assert_each_stands_once(server: &Served, acknowledged: &[(String, i64)]) {
    let notes = "type=conversation.note_added,tenant=demo";
    let lines = Served::run(server.folder(), &["replay", "--where", notes]).await;
    let mut positions: Vec<i64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"))
        .filter(|event| event["actor"].as_str().is_some_and(|it| it.starts_with("person:")))
        .map(|event| event["position"].as_i64().expect("a position"))
        .collect();
    let mut answered: Vec<i64> = acknowledged.iter().map(|(_, position)| *position).collect();
    answered.sort_unstable();
    positions.sort_unstable();
    for position in &answered {
        assert!(
            positions.binary_search(position).is_ok(),
            "{position} was answered and is not there"
        );
    }
    let count = answered.len();
    answered.dedup();
    assert_eq!(answered.len(), count, "two writes were answered with one position");
}
