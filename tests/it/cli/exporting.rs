//! `export`, `checkpoint` and `verify --bundle`: what auditors get, and what they can hold us to.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use allhours_api::graphql::id::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    importing::many,
    run::{Behind, mutate, replayed, run},
};
use crate::process::{Served, program};

/// A server with the demo desk and many imported dialogues, and its public key.
struct Desk {
    folder: tempfile::TempDir,
    server: Served,
    key: String,
}

impl Desk {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        let server = Served::start(folder.path(), &["--demo"]).await;
        let key = run(folder.path(), &["checkpoint", "--public-key"]).await.well();
        Self { folder, server, key: key.trim().to_owned() }
    }

    async fn import(&self) {
        let file = self.path("many.jsonl");
        fs::write(&file, many()).expect("a file");
        let file = file.display().to_string();
        run(self.folder.path(), &["import", "dialogues", "--tenant", "demo", &file]).await.well();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Exports into a folder; what was said of it.
    async fn export(&self, name: &str, more: &[&str]) -> Value {
        let to = self.path(name).display().to_string();
        let export = ["export", "--tenant", "demo", "--output", "json", "--to-dir", &to];
        let ran = run(self.folder.path(), &[&export[..], more].concat()).await;
        assert_eq!(ran.code, 0, "{more:?}: {ran:?}");
        ran.json()
    }

    /// Checks a bundle on a machine that has nothing but the bundle and the public key.
    async fn check(&self, name: &str) -> (i32, String) {
        let elsewhere = tempfile::tempdir().expect("a folder of our own");
        let bundle = self.path(name).display().to_string();
        let check = ["verify", "--bundle", &bundle, "--public-key", &self.key];
        let ran = run(elsewhere.path(), &check).await;
        assert!(!elsewhere.path().join("postgres").exists(), "no database is needed");
        (ran.code, ran.out)
    }

    async fn holds(&self, name: &str) {
        let (code, said) = self.check(name).await;
        assert_eq!(code, 0, "{name}: {said}");
    }
}

/// Every file of a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let name = |file: &fs::DirEntry| file.file_name().to_str().expect("text").to_owned();
    files.map(|file| (name(&file), fs::read(file.path()).expect("a file"))).collect()
}

fn positions(folder: &Path) -> Vec<i64> {
    let text = fs::read_to_string(folder.join("events.jsonl")).expect("events");
    let line = |line| serde_json::from_str::<Value>(line).expect("a line of JSON");
    text.lines().map(|it| line(it)["position"].as_i64().expect("a position")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_the_same_bytes_each_time_and_each_export_is_an_event() {
    let desk = Desk::start().await;
    run(desk.folder.path(), &["checkpoint", "--size", "60"]).await.well();
    for form in ["auditor", "analyst"] {
        let (one, other) = (format!("{form}-1"), format!("{form}-2"));
        let first = desk.export(&one, &["--to", "90", "--form", form]).await;
        // Whatever was signed since does not show.
        run(desk.folder.path(), &["checkpoint", "--size", "70"]).await.well();
        let second = desk.export(&other, &["--to", "90", "--form", form]).await;
        assert_eq!(first["manifestSha256"], second["manifestSha256"]);
        assert_eq!(contents(&desk.path(&one)), contents(&desk.path(&other)));
        desk.holds(&one).await;
    }
    let events = replayed(desk.folder.path(), &["--where", "type=desk.exported"]).await;
    let forms: Vec<&Value> = events.iter().map(|event| &event["payload"]["form"]).collect();
    assert_eq!(forms, ["auditor", "auditor", "analyst", "analyst"]);
    run(desk.folder.path(), &["verify"]).await.well();
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_what_its_filter_says_and_proves_it() {
    let desk = Desk::start().await;
    let all = replayed(desk.folder.path(), &["--where", "tenant=demo"]).await;
    let of = |fits: &dyn Fn(&Value) -> bool| -> Vec<i64> {
        all.iter().filter(|it| fits(it)).filter_map(|it| it["position"].as_i64()).collect()
    };
    let stream = all.iter().find(|it| it["type"] == "conversation.opened").expect("one");
    let stream = stream["stream"].as_str().expect("a stream").to_owned();
    let id = stream.trim_start_matches("conversation:");
    desk.export("conversation", &["--conversation", id]).await;
    assert_eq!(positions(&desk.path("conversation")), of(&|it| it["stream"] == stream));
    desk.holds("conversation").await;

    let instant = |index: usize| all[index]["recordedAt"].as_str().expect("an instant");
    let (since, until) = (instant(40), instant(80));
    desk.export("period", &["--since", since, "--until", until]).await;
    let at = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
    let within = of(&|it| {
        let recorded = at(it["recordedAt"].as_str().expect("an instant"));
        (at(since)..at(until)).contains(&recorded)
    });
    assert!(!within.is_empty());
    assert_eq!(positions(&desk.path("period")), within);
    desk.holds("period").await;

    // A range is named as a replay's is, and is the same.
    desk.export("range", &["--from", since, "--to", until]).await;
    let asked = ["--from", since, "--to", until, "--where", "tenant=demo"];
    let replayed = replayed(desk.folder.path(), &asked).await;
    let replayed: Vec<i64> =
        replayed.iter().filter_map(|event| event["position"].as_i64()).collect();
    assert!(replayed.len() > 2);
    assert_eq!(positions(&desk.path("range")), replayed);
    desk.holds("range").await;

    let other = ["--from", "2"];
    let to = desk.path("conversation").display().to_string();
    let export = [&["export", "--tenant", "demo", "--to-dir", &to][..], &other].concat();
    let refused = run(desk.folder.path(), &export).await;
    assert_eq!(refused.code, 1, "a folder is for one export: {refused:?}");
    let foreign = desk.path("foreign");
    fs::create_dir(&foreign).expect("a folder");
    fs::write(foreign.join("holiday.txt"), "sun").expect("a file");
    let to = foreign.display().to_string();
    let export = ["export", "--tenant", "demo", "--to-dir", &to];
    let refused = run(desk.folder.path(), &export).await;
    assert!(refused.code == 1 && refused.errors.contains("is not empty"), "{refused:?}");
    assert_eq!(contents(&foreign).len(), 1, "nothing was written before it was refused");
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_yet_is_refused_and_a_whole_export_is_not_taken_for_a_new_one() {
    let desk = Desk::start().await;
    let folder = desk.folder.path();
    let nobody = "01900000-0000-7000-8000-000000000000";
    let to = desk.path("none").display().to_string();
    let refused: [(i32, &[&str], &str); 6] = [
        (1, &["--subject", nobody], "there is no customer or agent 01900000"),
        (1, &["--conversation", nobody], "there is no conversation 01900000"),
        (2, &["--to", "999999"], "--to 999999 is not there yet: the log has"),
        (2, &["--from", "2999-01-01T00:00:00Z"], "--from 2999-01-01T00:00:00Z is still to come"),
        (2, &["--form", "features", "--to", "5"], "--as-of says which"),
        (2, &["--form", "features", "--subject", nobody], "--as-of says which"),
    ];
    for (code, more, why) in refused {
        let export = [&["export", "--tenant", "demo", "--to-dir", &to][..], more].concat();
        let ran = run(folder, &export).await;
        assert!(ran.code == code && ran.errors.contains(why), "{more:?}: {ran:?}");
    }
    assert!(!desk.path("none").exists(), "nothing was begun");
    // Who is registered as nothing and did something is somebody.
    let token = ["token", "--tenant", "demo", "--role", "admin", "--subject", nobody];
    let admin = desk.server.caller_with(run(folder, &token).await.well().trim());
    mutate(&admin, "teamCreate", json!({ "name": "Night watch" })).await;
    desk.export("somebody", &["--subject", nobody]).await;
    assert_eq!(positions(&desk.path("somebody")).len(), 1);

    for form in ["auditor", "analyst", "features"] {
        let first = desk.export(form, &["--form", form]).await;
        let to = desk.path(form).display().to_string();
        let again = ["export", "--tenant", "demo", "--form", form, "--to-dir", &to];
        let ran = run(folder, &again).await;
        assert!(ran.code == 1 && ran.errors.contains("holds a whole export"), "{ran:?}");
        desk.holds(form).await;
        assert!(first["manifestSha256"].is_string());
    }
    desk.server.stop().await;
}

/// The id of a stream that an event stands in.
fn id_of(event: &Value) -> String {
    let stream = event["stream"].as_str().expect("a stream");
    stream.split_once(':').expect("a type and an id").1.to_owned()
}

/// The positions of what is about these persons: what they did, what stands in their streams, in
/// their conversations and deliveries, and what names them.
fn about(all: &[Value], persons: &[&str]) -> Vec<i64> {
    let names = |it: &Value| persons.iter().any(|id| it.to_string().contains(&format!("\"{id}\"")));
    let begins = |it: &&Value| {
        let by = ["conversation.opened", "intake.parsed"];
        by.iter().any(|name| it["type"] == *name)
            && persons.iter().any(|id| it["payload"]["customer"] == *id)
    };
    let streams: Vec<&Value> = all.iter().filter(begins).map(|it| &it["stream"]).collect();
    let belongs = |it: &&Value| {
        let actor = it["actor"].as_str().expect("an actor");
        persons.iter().any(|id| actor.ends_with(id) || id_of(it) == *id)
            || streams.contains(&&it["stream"])
            || names(&it["payload"])
    };
    all.iter().filter(belongs).filter_map(|it| it["position"].as_i64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_about_a_person_holds_all_that_happened_about_them() {
    let desk = Desk::start().await;
    // A delivery opens a conversation of a customer whom nobody knew, who is then merged.
    let delivery = json!({"channel": "EMAIL", "account": "support", "externalId": "m-1",
        "from": "new@example.com", "text": "Where is it?", "raw": "Where is it?"});
    let integration = desk.server.caller("integration").await;
    mutate(&integration, "intakeReceive", delivery).await;
    let all = replayed(desk.folder.path(), &["--where", "tenant=demo"]).await;
    let last = |name: &str| all.iter().rfind(|it| it["type"] == name).expect("one");
    let source = last("intake.parsed")["payload"]["customer"].as_str().expect("an id").to_owned();
    let opened = |it: &&Value| {
        it["type"] == "conversation.opened" && it["payload"]["customer"] != json!(source)
    };
    let opened = all.iter().find(opened).expect("one of the demo");
    let target = opened["payload"]["customer"].as_str().expect("an id").to_owned();
    let id = |id: &str| Kind::Customer.id(id.parse::<Uuid>().expect("a UUID")).0;
    let merge = json!({"sourceId": id(&source), "targetId": id(&target)});
    mutate(&desk.server.caller("supervisor").await, "customerMerge", merge).await;
    let all = replayed(desk.folder.path(), &["--where", "tenant=demo"]).await;

    desk.export("customer", &["--subject", &target]).await;
    let of_both = about(&all, &[&target, &source]);
    assert_eq!(positions(&desk.path("customer")), of_both);
    let at = |name: &str| {
        let of = all.iter().rfind(|it| it["type"] == name).expect("one");
        of["position"].as_i64().expect("a position")
    };
    assert!(of_both.contains(&at("intake.received")), "also before it was known whose it is");
    desk.holds("customer").await;
    desk.export("again", &["--subject", &target]).await;
    assert_eq!(positions(&desk.path("again")), of_both, "its own record is not about them");
    desk.export("source", &["--subject", &source]).await;
    assert!(positions(&desk.path("source")).len() < of_both.len());
    desk.holds("source").await;

    // What an agent did and what names them; not all of the conversations that they touched.
    let claimed = all.iter().find(|it| it["type"] == "conversation.claimed").expect("one");
    let agent_id = claimed["payload"]["agent"].as_str().expect("an id");
    desk.export("agent", &["--subject", agent_id]).await;
    let of_agent = about(&all, &[agent_id]);
    assert!(of_agent.len() > 3 && of_agent.len() < all.len());
    assert_eq!(positions(&desk.path("agent")), of_agent);
    desk.holds("agent").await;
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_to_a_bundle_is_found_offline_and_its_place_named() {
    let desk = Desk::start().await;
    desk.export("bundle", &["--from", "20", "--to", "90"]).await;
    desk.holds("bundle").await;
    let events = fs::read_to_string(desk.path("bundle").join("events.jsonl")).expect("events");
    let lines: Vec<&str> = events.lines().collect();
    let edited = {
        let other = lines[10].replacen("\"version\":", "\"version\":1", 1);
        events.replacen(lines[10], &other, 1)
    };
    let removed = events.replacen(&format!("{}\n", lines[7]), "", 1);
    let manifest = fs::read_to_string(desk.path("bundle").join("manifest.json")).expect("it");
    let changes = [
        ("events.jsonl", edited, "events.jsonl line 11: the event at position 30 was changed"),
        ("events.jsonl", removed, "events.jsonl line 8: position 28 comes where 27"),
        ("events.jsonl", events[..events.len() / 2].to_owned(), "does not read"),
        ("events.jsonl", lines[..30].join("\n") + "\n", "from position 50 on are missing"),
        ("manifest.json", manifest.replace("\"from\": 20", "\"from\": 1"), "manifest.json is not"),
        ("manifest.json", manifest[..manifest.len() / 2].to_owned(), "manifest.json does not read"),
    ];
    for (name, changed, place) in changes {
        let path = desk.path("bundle").join(name);
        let good = fs::read(&path).expect("a file");
        fs::write(&path, changed).expect("a file");
        let (code, said) = desk.check("bundle").await;
        assert_eq!(code, 1, "{place}: {said}");
        assert!(said.contains(place), "{place}: {said}");
        fs::write(&path, good).expect("a file");
    }
    desk.holds("bundle").await;
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_killed_goes_on_and_ends_as_one_that_was_not() {
    let desk = Desk::start().await;
    desk.import().await;
    let head = Behind::of(desk.folder.path()).await;
    let to = head.head().await.to_string();
    head.close().await;
    let whole = desk.export("whole", &["--to", &to]).await;

    let broken = desk.path("broken");
    let mut exporting = program(desk.folder.path());
    exporting.args(["export", "--tenant", "demo", "--to", &to, "--to-dir"]).arg(&broken);
    let mut exporting = exporting.stdin(Stdio::null()).spawn().expect("it starts");
    let partial = broken.join("events.jsonl.partial");
    let begun = async {
        while !fs::metadata(&partial).is_ok_and(|file| file.len() > 0) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(super::run::SOON, begun).await.expect("it begins to write");
    exporting.kill().await.expect("it is killed");
    assert!(!broken.join("manifest.json").exists(), "killed too late");
    let (code, said) = desk.check("broken").await;
    assert_eq!(code, 1, "half a bundle is none: {said}");

    let resumed = desk.export("broken", &["--to", &to]).await;
    assert_eq!(resumed["manifestSha256"], whole["manifestSha256"]);
    let mut left = contents(&broken);
    left.retain(|name, _| name != "request.json");
    let mut expected = contents(&desk.path("whole"));
    expected.retain(|name, _| name != "request.json");
    assert_eq!(left, expected);
    desk.holds("broken").await;
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_says_what_the_log_is_and_verify_holds_the_log_to_it() {
    let desk = Desk::start().await;
    let folder = desk.folder.path();
    let first = run(folder, &["checkpoint"]).await.well();
    let origin = desk.key.split('+').next().expect("a name");
    assert!(first.starts_with(&format!("{origin}\n")), "{first}");
    let behind = Behind::of(folder).await;
    let size = behind.head().await;
    let again = run(folder, &["checkpoint", "--size", &size.to_string(), "--output", "json"]).await;
    let again = again.json();
    assert_eq!((&again["size"], &again["publicKey"]), (&json!(size), &json!(desk.key)));
    assert_eq!(again["note"].as_str().map(str::trim), Some(first.trim()), "one note for ever");
    let beyond = run(folder, &["checkpoint", "--size", &(size + 1).to_string()]).await;
    assert_eq!(beyond.code, 1, "nothing is signed that is not there: {beyond:?}");
    assert!(beyond.errors.contains(&format!("the log has {size} events")), "{beyond:?}");
    let said = run(folder, &["verify"]).await.well();
    assert!(said.contains(" 1 signed checkpoint\n"), "{said}");

    let refused = behind.client.batch_execute("delete from checkpoints").await;
    assert!(refused.is_err(), "checkpoints only grow");
    let forge = "begin; set local session_replication_role = replica;
        update checkpoints set note = replace(note, 'allhours/', 'allhours/0'); commit";
    behind.client.batch_execute(forge).await.expect("somebody with all rights");
    behind.close().await;
    let ran = run(folder, &["verify"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("FAIL log") && ran.out.contains("a checkpoint is signed"), "{ran:?}");
    assert!(ran.out.contains(&format!("position {size}")), "{ran:?}");
    desk.server.stop().await;
}
