//! `rebuild` and `verify`: beside readers and writers, and after somebody changed a row.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use serde_json::json;

use super::run::{Behind, mutate, run};
use crate::process::Served;

const READS: &str = "{ conversations(first: 20) { nodes { id status messageCount lastMessage { text } } } \
    queue(first: 20) { nodes { conversation { id } } } customers(first: 20) { nodes { id } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_beside_a_live_server_disturbs_no_reader_and_loses_no_write() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversation = caller.open_conversations(1).await.remove(0);
    let (stop, reads, writes) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicU32::new(0)),
    );
    let mut tasks = Vec::new();
    for reader in [true, true, false] {
        let (stop, reads, writes) = (Arc::clone(&stop), Arc::clone(&reads), Arc::clone(&writes));
        let (caller, conversation) = (caller.clone(), conversation.clone());
        tasks.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if reader {
                    let answer = caller.ask(READS, &json!({})).await.expect("an answer");
                    assert!(answer["errors"].is_null(), "a reader sees an error: {answer}");
                    reads.fetch_add(1, Ordering::Relaxed);
                } else {
                    let number = writes.fetch_add(1, Ordering::Relaxed);
                    let note =
                        json!({ "conversationId": conversation, "text": format!("n{number}") });
                    mutate(&caller, "conversationAddNote", note).await;
                }
            }
        }));
    }
    for _ in 0..2 {
        let said = run(folder.path(), &["rebuild", "--output", "json"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        let rebuilt = said.json()["rebuilt"].as_array().map_or(0, Vec::len);
        assert!(rebuilt >= 7, "{said:?}");
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("no reader and no writer fails");
    }
    let (reads, writes) = (reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed));
    assert!(reads > 10 && writes > 10, "{reads} reads and {writes} writes went on meanwhile");
    run(folder.path(), &["verify"]).await.well();
    server.stop().await;
    run(folder.path(), &["verify"]).await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_a_row_that_was_changed_by_hand_and_a_rebuild_mends_it() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    run(folder.path(), &["verify"]).await.well();

    let behind = Behind::of(folder.path()).await;
    let changed = behind
        .client
        .query_one(
            "update conversations_1.conversations set message_count = message_count + 100
             where id = (select min(id::text)::uuid from conversations_1.conversations)
             returning id::text",
            &[],
        )
        .await
        .expect("a row is changed");
    let id: String = changed.get(0);
    behind.close().await;

    let ran = run(folder.path(), &["verify"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("FAIL conversations"), "{}", ran.out);
    assert!(ran.out.contains(&id) && ran.out.contains("message_count"), "{}", ran.out);
    let ran = run(folder.path(), &["verify", "--output", "json"]).await;
    assert_eq!((ran.code, &ran.json()["holds"]), (1, &json!(false)));
    assert!(ran.out.contains(&id), "{}", ran.out);

    run(folder.path(), &["rebuild", "conversations"]).await.well();
    run(folder.path(), &["verify"]).await.well();
    server.stop().await;
}
