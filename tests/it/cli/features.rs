//! `export --form features`: the training table, of today and of any earlier moment.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::run::{mutate, replayed, run, until};
use crate::process::Served;

const TABLE: &str = "features.parquet";
const LATER: &str = r#"{"id":"later","language":"en","topic":"Tea","turns":[{"speaker":"customer","text":"A green tea"},{"speaker":"agent","text":"Here it is"},{"speaker":"customer","text":"Thanks"}]}
"#;

async fn export(folder: &Path, name: &str, more: &[&str]) -> Value {
    let to = folder.join(name).display().to_string();
    let export = ["export", "--form", "features", "--tenant", "demo", "--to-dir", &to];
    let ran = run(folder, &[&export[..], &["--output", "json"], more].concat()).await;
    assert_eq!(ran.code, 0, "{name}: {ran:?}");
    ran.json()
}

fn table(folder: &Path, name: &str) -> Vec<u8> {
    let bytes = fs::read(folder.join(name).join(TABLE)).expect("a table");
    assert!(bytes.starts_with(b"PAR1") && bytes.len() > 1_000, "it is a Parquet file");
    bytes
}

fn manifest(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(name).join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

async fn holds(folder: &Path, name: &str) -> (i32, String) {
    let bundle = folder.join(name).display().to_string();
    let ran = run(folder, &["verify", "--bundle", &bundle]).await;
    (ran.code, ran.out)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_then_is_the_same_when_it_is_folded_from_the_log_much_later() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    // From the table that is kept current.
    let then = export(folder, "then", &[]).await;
    let customers = replayed(folder, &["--where", "type=customer.identified"]).await.len();
    assert_eq!(then["customers"], json!(customers));
    assert_eq!(holds(folder, "then").await.0, 0);

    let conversation = caller.open_conversations(1).await.remove(0);
    mutate(&caller, "conversationClaim", json!({ "conversationId": conversation })).await;
    let reply = json!({ "conversationId": conversation, "text": "an answer of later" });
    mutate(&caller, "conversationReply", reply).await;
    let file = folder.join("later.jsonl");
    fs::write(&file, LATER).expect("a file");
    let file = file.display().to_string();
    run(folder, &["import", "dialogues", "--tenant", "demo", &file]).await.well();

    // From the log, up to the same instant: byte for byte, though much has happened since.
    let instant = then["asOf"].as_str().expect("an instant").to_owned();
    let past = export(folder, "past", &["--as-of", &instant]).await;
    assert_eq!(table(folder, "past"), table(folder, "then"));
    assert_eq!(past["customers"], then["customers"]);
    // And today's, which is another, is that of the log as well.
    let now = until("the table is current", async || {
        fs::remove_dir_all(folder.join("now")).ok();
        let now = export(folder, "now", &[]).await;
        (now["customers"].as_u64() > then["customers"].as_u64()).then_some(now)
    })
    .await;
    let instant = now["asOf"].as_str().expect("an instant").to_owned();
    export(folder, "again", &["--as-of", &instant]).await;
    assert_eq!(table(folder, "again"), table(folder, "now"));
    assert_ne!(table(folder, "now"), table(folder, "then"));

    let events = replayed(folder, &["--where", "type=desk.exported"]).await;
    let last = &events.last().expect("one")["payload"];
    assert_eq!((&last["form"], &last["events"]), (&json!("features"), &now["customers"]));
    run(folder, &["verify"]).await.well();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_forgotten_since_is_in_no_table_any_more() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    let whole = export(folder, "whole", &[]).await;
    let position = whole["position"].as_i64().expect("a position").to_string();
    let customer = replayed(folder, &["--where", "type=customer.identified"]).await.remove(0);
    let customer = customer["stream"].as_str().expect("a stream").replace("customer:", "");
    let erase = ["erase", "--tenant", "demo", "--customer", &customer, "--yes"];
    run(folder, &erase).await.well();
    let customers = whole["customers"].as_u64().expect("a count");
    for (name, more) in [("past", &["--as-of", &position][..]), ("today", &[])] {
        let left = export(folder, name, more).await;
        assert_eq!(left["customers"].as_u64(), Some(customers - 1), "{name}: {left}");
        assert_eq!(left["leftOut"].as_u64(), Some(whole["leftOut"].as_u64().expect("it") + 1));
        assert_eq!(manifest(folder, name)["customers"], left["customers"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_for_one_moment_that_is_past_and_every_change_to_it_is_found() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    export(folder, "a", &["--as-of", "40"]).await;
    let first = table(folder, "a");
    export(folder, "a", &["--as-of", "40"]).await;
    assert_eq!(table(folder, "a"), first, "asked again, it is the same");
    let to = folder.join("a").display().to_string();
    let base = ["export", "--tenant", "demo", "--to-dir", &to];
    let refused: [(i32, &[&str], &str); 5] = [
        (1, &["--form", "features", "--as-of", "41"], "another export"),
        (1, &["--form", "auditor"], "another export"),
        (1, &["--form", "features", "--as-of", "999999"], "the log has"),
        (2, &["--form", "features", "--as-of", "2999-01-01T00:00:00Z"], "still to come"),
        (2, &["--form", "analyst", "--as-of", "40"], "--as-of"),
    ];
    for (code, more, why) in refused {
        let ran = run(folder, &[&base[..], more].concat()).await;
        assert!(ran.code == code && ran.errors.contains(why), "{more:?}: {ran:?}");
    }
    assert!(!manifest(folder, "a")["columns"].as_array().expect("a list").is_empty());
    for (name, from, to) in
        [("manifest.json", "\"customers\": ", "\"customers\": 1"), (TABLE, "tenure", "tenuré")]
    {
        let path = folder.join("a").join(name);
        let good = fs::read(&path).expect("a file");
        let at = good.windows(from.len()).position(|it| it == from.as_bytes()).expect("it");
        let bad = [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat();
        fs::write(&path, bad).expect("a file");
        let (code, said) = holds(folder, "a").await;
        assert!(code == 1 && said.contains(name), "{said}");
        fs::write(&path, good).expect("a file");
    }
    assert_eq!(holds(folder, "a").await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_export_at_a_time_writes_into_a_folder() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    for form in ["auditor", "analyst", "features"] {
        let to = folder.join(form);
        fs::create_dir(&to).expect("a folder");
        let named = to.display().to_string();
        let arguments = ["export", "--tenant", "demo", "--form", form, "--to-dir", &named];
        let other = fs::File::open(&to).expect("it opens");
        other.lock().expect("as another export has it");
        let ran = run(folder, &arguments).await;
        assert!(ran.code == 1 && ran.errors.contains("another export writes"), "{form}: {ran:?}");
        assert_eq!(fs::read_dir(&to).expect("a folder").count(), 0, "{form}: nothing was left");
        drop(other);
        run(folder, &arguments).await.well();
    }
}
