//! A desk that is stopped and started again, and every command beside it and alone.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::run::{mutate, replayed, run};
use crate::process::{Caller, Served};

/// A debug build on a busy machine; `scripts/bench` holds the release to two seconds.
const READY_MAX: Duration = Duration::from_secs(20);
const LINE: &str = r#"{"id":"NAME","language":"en","topic":"Tea","turns":[{"speaker":"customer","text":"A green tea"},{"speaker":"agent","text":"Here it is"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_still_there_after_a_stop_and_a_start() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversation = caller.open_conversations(1).await.remove(0);
    let note = json!({ "conversationId": conversation, "text": "kept over the night" });
    mutate(&caller, "conversationAddNote", note).await;
    let before = run(folder.path(), &["replay", "--open"]).await.well();
    let queue = queue(&caller).await;
    server.stop().await;

    let started = Instant::now();
    let server = Served::start(folder.path(), &["--demo"]).await;
    assert!(started.elapsed() < READY_MAX, "ready only after {:?}", started.elapsed());
    // Also the demo tenant, which is not made a second time, and the key of tokens.
    let after = run(folder.path(), &["replay", "--open"]).await.well();
    assert!(after.contains("kept over the night"));
    assert_eq!(after, before);
    assert_eq!(self::queue(&server.caller_with(caller.token())).await, queue);
    server.stop().await;
}

async fn queue(caller: &Caller) -> Value {
    let query =
        "{ queue(first: 50) { nodes { conversation { id status lastMessage { text } } } } }";
    let answer = caller.ask(query, &json!({})).await.expect("an answer");
    assert!(answer["data"]["queue"]["nodes"].as_array().is_some_and(|it| it.len() > 2), "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_beside_a_server_and_alone() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    every_command_works(folder.path(), "beside", &["text", "json"]).await;
    server.stop().await;
    // Each has to start and stop the database; one form will do.
    every_command_works(folder.path(), "alone", &["json"]).await;
}

/// Each command answers with exit code 0, as text and as one JSON object.
async fn every_command_works(folder: &Path, name: &str, forms: &[&str]) {
    let file = folder.join(format!("{name}.jsonl"));
    std::fs::write(&file, LINE.replace("NAME", name) + "\n").expect("a file");
    let (file, bundle) = (file.display().to_string(), folder.join(format!("{name}-bundle")));
    let bundle = bundle.display().to_string();
    let customer = customer_of_import(folder, &file).await;
    let commands: &[&[&str]] = &[
        &["token", "--tenant", "demo", "--role", "agent"],
        &["migrate"],
        &["demo"],
        &["import", "dialogues", "--tenant", "demo", &file],
        &["export", "--tenant", "demo", "--to-dir", &bundle, "--to", "50"],
        &["verify", "--bundle", &bundle],
        &["checkpoint"],
        &["keys", "rotate", "--tenant", "demo"],
        &["keys", "rewrap"],
        &["erase", "--tenant", "demo", "--customer", &customer, "--yes"],
        &["rebuild"],
        &["verify"],
        &["doctor"],
    ];
    for command in commands {
        for form in forms {
            let ran = run(folder, &[*command, &["--output", form]].concat()).await;
            assert_eq!(ran.code, 0, "{command:?}: {ran:?}");
            assert!(!ran.out.trim().is_empty(), "{command:?} says nothing");
            let is_json = serde_json::from_str::<Value>(&ran.out).is_ok_and(|it| it.is_object());
            assert_eq!(is_json, *form == "json", "{command:?}: {ran:?}");
        }
    }
    assert!(!replayed(folder, &["--to", "3", "--output", "json"]).await.is_empty());
}

/// Imports the file; the customer that it brought.
async fn customer_of_import(folder: &Path, file: &str) -> String {
    run(folder, &["import", "dialogues", "--tenant", "demo", file]).await.well();
    let of_import = "type=customer.identified,actor=system:import";
    let events = replayed(folder, &["--where", of_import]).await;
    let stream = events.last().expect("a customer")["stream"].as_str().expect("a stream");
    stream.trim_start_matches("customer:").to_owned()
}
