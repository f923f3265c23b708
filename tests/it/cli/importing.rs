//! `import dialogues`: once, with every refused line named, also when it is killed half way.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, process::Stdio};

use serde_json::{Value, json};

use super::run::{Behind, replayed, run, until};
use crate::process::{Served, program};

const SMALL: &str = r#"{"id":"en-1","language":"en","topic":"Coffee","turns":[{"speaker":"customer","text":"One latte, please"},{"speaker":"agent","text":"It comes at once"}]}
{"id":"zh-1","language":"zh","topic":"景点","turns":[{"speaker":"customer","text":"八达岭长城怎么走?"},{"speaker":"agent","text":"推荐您坐高铁。"},{"speaker":"customer","text":"谢谢"}]}

{"id":"none","turns":[]}
this is no dialogue
{"id":"en-2","language":"English","turns":[{"speaker":"customer","text":"Hello"}]}
{"id":"en-1","turns":[{"speaker":"customer","text":"Another with the same id"}]}
"#;
const DIALOGUES: usize = 400;

fn import<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", "dialogues", "--tenant", "demo", file], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_once_and_what_was_refused_is_named_by_line() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let path = folder.path().join("small.jsonl");
    std::fs::write(&path, SMALL).expect("a file");
    let file = path.display().to_string();
    let server = Served::start(folder.path(), &["--demo"]).await;

    let first = run(folder.path(), &import(&file, &["--output", "json"])).await;
    assert_eq!(first.code, 1, "some lines were refused: {first:?}");
    let said = first.json();
    let report = &said["files"][0];
    assert_eq!((&report["dialogues"], &report["turns"]), (&json!(2), &json!(5)), "{said}");
    assert_eq!((&report["known"], &report["refusedLines"]), (&json!(0), &json!(4)), "{said}");
    let refused = report["refused"].as_array().expect("a list");
    let lines: Vec<u64> = refused.iter().filter_map(|it| it["line"].as_u64()).collect();
    assert_eq!(lines, [4, 5, 6, 7]);
    for (refusal, why) in refused.iter().zip(["no turns", "no dialogue", "language", "same id"]) {
        let reason = refusal["reason"].as_str().expect("a reason");
        assert!(reason.contains(why), "{reason}");
    }

    let again = run(folder.path(), &import(&file, &["--output", "json"])).await.json();
    let report_again = &again["files"][0];
    assert_eq!((&report_again["dialogues"], &report_again["known"]), (&json!(0), &json!(2)));
    assert_eq!(report_again["refused"], report["refused"]);
    assert!(said["position"].as_i64() > Some(0), "{said}");
    assert_eq!(again["position"], said["position"], "what is known can be waited for as well");

    let text = run(folder.path(), &import(&file, &[])).await;
    assert!(text.out.contains("line 5: it is no dialogue"), "{}", text.out);

    // A line was mended: it alone comes in. What stood there before under its id does not change.
    let mended = SMALL.replace("English", "en").replace("One latte", "Two lattes");
    std::fs::write(&path, mended).expect("a file");
    let mended = run(folder.path(), &import(&file, &["--output", "json"])).await.json();
    let report = &mended["files"][0];
    assert_eq!((&report["dialogues"], &report["known"]), (&json!(1), &json!(1)), "{mended}");
    assert_eq!(report["refused"][0]["line"], json!(1), "{mended}");
    let reason = report["refused"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("other content") && reason.contains("--source"), "{reason}");
    let other = ["--source", "other", "--output", "json"];
    let other = run(folder.path(), &import(&file, &other)).await.json();
    assert_eq!(other["files"][0]["dialogues"], json!(3), "{other}");
    let wrong = run(folder.path(), &import(&file, &["--source", "My Files"])).await;
    assert!(wrong.code == 2 && wrong.errors.contains("--source"), "{wrong:?}");
    let messages = replayed(folder.path(), &["--open", "--where", "actor=system:import"]).await;
    let texts = serde_json::to_string(&messages).expect("JSON");
    assert!(texts.contains("八达岭长城怎么走?") && texts.contains("One latte, please"));
    server.stop().await;
}

/// Many dialogues of a fixed instant, so that two imports of them can be compared.
pub fn many() -> String {
    let mut text = String::new();
    for number in 0..DIALOGUES {
        let (language, words) =
            if number % 2 == 0 { ("en", "Where is") } else { ("zh", "请问在哪里") };
        let line = json!({
            "id": format!("d{number}"), "language": language, "topic": "Orders",
            "at": "2026-03-01T09:00:00Z",
            "turns": [
                {"speaker": "customer", "text": format!("{words} {number}")},
                {"speaker": "agent", "text": format!("{number} ok")},
                {"speaker": "customer", "text": "thanks 谢谢"},
                {"speaker": "agent", "text": "再见"},
            ],
        });
        writeln!(text, "{line}").expect("memory");
    }
    text
}

/// What the desk holds of an import: every event by stream and version, without what differs
/// between two desks: positions, the clock, random ids.
async fn held(folder: &Path) -> BTreeMap<(String, i64), Value> {
    let events = replayed(folder, &["--open", "--where", "actor=system:import"]).await;
    let of_event = |event: Value| {
        let stream = event["stream"].as_str().expect("a stream").to_owned();
        let version = event["version"].as_i64().expect("a version");
        let of_agent = stream.starts_with("agent:");
        let at = if of_agent { Value::Null } else { event["occurredAt"].clone() };
        let what = json!([event["type"], event["commandId"], event["payload"], at]);
        ((stream, version), what)
    };
    events.into_iter().map(of_event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_half_way_ends_as_one_that_was_not() {
    let whole = tempfile::tempdir().expect("a folder of our own");
    let path = whole.path().join("many.jsonl");
    std::fs::write(&path, many()).expect("a file");
    let file = path.display().to_string();
    run(whole.path(), &["demo"]).await.well();
    run(whole.path(), &import(&file, &[])).await.well();
    let expected = held(whole.path()).await;
    assert!(expected.len() > DIALOGUES * 6, "{} events", expected.len());

    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    let behind = Behind::of(folder.path()).await;
    let before = behind.head().await;
    let mut importing = program(folder.path());
    importing.args(import(&file, &[])).env("ALLHOURS_IMPORT_IN_FLIGHT", "2");
    importing.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut importing = importing.spawn().expect("it starts");
    until("some dialogues came in", async || (behind.head().await > before + 300).then_some(()))
        .await;
    importing.kill().await.expect("it is killed");
    let cut = behind.head().await - before;
    assert!(cut < i64::try_from(expected.len()).expect("few"), "killed too late: {cut}");
    behind.close().await;

    let report = run(folder.path(), &import(&file, &["--output", "json"])).await.json();
    let report = &report["files"][0];
    let count = |name: &str| report[name].as_u64().expect("a count");
    assert!(count("known") > 0 && count("dialogues") > 0, "{report}");
    assert_eq!(count("known") + count("dialogues"), DIALOGUES as u64);
    assert_eq!(held(folder.path()).await, expected);
    server.stop().await;
}
