//! Imports come whole, once, and say what they did not take.

use std::{collections::HashSet, io::Write};

use allhours_eventstore::{keys::MasterKey, memory::MemoryLog};

use super::*;
use crate::tenant::tenant_id;

const LINES: &str = r#"{"id":"a","language":"en","topic":"Coffee","turns":[{"speaker":"customer","text":"One latte"},{"speaker":"agent","text":"Coming"}]}
{"id":"b","language":"zh","turns":[{"speaker":"customer","text":"你好"},{"speaker":"agent","text":"您好"},{"speaker":"customer","text":"在吗"}]}

{"id":"c","turns":[]}
not a dialogue
{"id":"d","language":"English","turns":[{"speaker":"customer","text":"Hi"}]}
{"id":"a","turns":[{"speaker":"customer","text":"Another with the same id"}]}
"#;

fn importer() -> Importer<MemoryLog> {
    let log = MemoryLog::new(MasterKey::generate().unwrap());
    of_source(&Desk::new(log), "dialogues")
}

fn of_source(desk: &Desk<MemoryLog>, source: &str) -> Importer<MemoryLog> {
    Importer::new(desk.clone(), tenant_id("demo"), Key::new(source).unwrap(), 4)
}

fn file(lines: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn dialogues_come_in_and_what_was_not_taken_is_named_with_its_line() {
    let importer = importer();
    let report = importer.file(file(LINES).path(), &()).await.unwrap();
    assert_eq!((report.dialogues, report.known, report.refused_lines), (2, 0, 4));
    let lines: Vec<u64> = report.refused.iter().map(|refused| refused.line).collect();
    assert_eq!(lines[..3], [4, 5, 6]);
}

#[tokio::test]
async fn the_mark_that_some_programs_begin_a_file_with_is_no_part_of_its_first_line() {
    let importer = importer();
    let report = importer.file(file(&format!("\u{feff}{LINES}")).path(), &()).await.unwrap();
    assert_eq!((report.dialogues, report.refused[0].line), (2, 4), "{:?}", report.refused);
    let lines: Vec<&str> = LINES.lines().collect();
    let later = format!("{}\n\u{feff}{}\n", lines[1], lines[0]);
    let report = importer.file(file(&later).path(), &()).await.unwrap();
    assert_eq!((report.known, report.refused_lines), (1, 1), "at the start of a file only");
}

#[tokio::test]
async fn a_field_that_no_dialogue_has_is_named_with_how_often_it_was_there() {
    let importer = importer();
    let lines = r#"{"id":"a","tag":["x"],"turns":[{"speaker":"agent","text":"x","slots":{"y":[1]}}]}
{"id":"b","tag":[],"my secret":1,"turns":[{"speaker":"agent","text":"x","slots":{}}]}
{"id":"c","refused":1,"turns":[]}"#;
    let report = importer.file(file(lines).path(), &()).await.unwrap();
    let unknown: Vec<_> = report.unknown_fields.iter().collect();
    assert_eq!(unknown, [("(others)", 1), ("tag", 2), ("turns[].slots", 2)]);
    assert_eq!((report.dialogues, report.refused_lines), (2, 1));
}

#[tokio::test]
async fn importing_again_changes_nothing_whatever_the_file_is_called() {
    let importer = importer();
    let first = importer.file(file(LINES).path(), &()).await.unwrap();
    let head = importer.desk.log().head().await.unwrap();
    let again = importer.file(file(LINES).path(), &()).await.unwrap();
    assert_eq!((again.dialogues, again.known), (0, first.dialogues));
    assert_eq!(again.position, first.position);
    assert_eq!(importer.desk.log().head().await.unwrap(), head);
}

#[tokio::test]
async fn a_file_of_which_a_line_was_mended_brings_in_that_line_alone() {
    let importer = importer();
    let first = importer.file(file(LINES).path(), &()).await.unwrap();
    let mended = LINES.replace("English", "en");
    let again = importer.file(file(&mended).path(), &()).await.unwrap();
    assert_eq!((again.dialogues, again.turns, again.known), (1, 1, first.dialogues));
    // Another order of fields, other spaces and fields that nobody looks at say the same.
    let spaced = LINES.replace(r#"{"id":"a","language":"en","#, r#"{"language": "en", "id": "a","#);
    let spaced = spaced.replace(r#""speaker":"agent""#, r#""speaker":"agent","slots":{"x":[1]}"#);
    let again = importer.file(file(&spaced).path(), &()).await.unwrap();
    assert_eq!((again.dialogues, again.known), (0, first.dialogues));
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_and_nothing_of_it_comes_in() {
    let importer = importer();
    importer.file(file(LINES).path(), &()).await.unwrap();
    let head = importer.desk.log().head().await.unwrap();
    let other = file(&LINES.replace("One latte", "Two lattes"));
    let again = importer.file(other.path(), &()).await.unwrap();
    let refused = again.refused.iter().find(|refused| refused.line == 1).unwrap();
    assert!(refused.reason.contains("the same id and other content"), "{}", refused.reason);
    assert!(refused.reason.contains("--source"), "{}", refused.reason);
    assert_eq!((again.dialogues, again.known), (0, 1));
    assert_eq!(importer.desk.log().head().await.unwrap(), head);
    // Of another source it is another dialogue, of another customer.
    let elsewhere = of_source(&importer.desk, "elsewhere");
    assert_eq!(elsewhere.file(other.path(), &()).await.unwrap().dialogues, 2);
    let events = importer.desk.log().read(0, 1_000).await.unwrap();
    let customers = events.iter().filter(|event| event.name == "customer.identified");
    assert_eq!(customers.map(|event| event.stream.id).collect::<HashSet<_>>().len(), 4);
}

#[tokio::test]
async fn what_was_not_held_yet_is_refused() {
    let importer = importer();
    let held = |id: &str, at: &str| {
        let turns = r#"[{"speaker":"agent","text":"x"}]"#;
        format!(r#"{{"id":"{id}","at":"{at}","turns":{turns}}}"#)
    };
    let lines = [
        held("a", "2999-01-01T00:00:00Z"),
        held("b", "1969-12-31T23:59:59Z"),
        held("c", "2020-02-29T12:00:00Z"),
    ];
    let report = importer.file(file(&lines.join("\n")).path(), &()).await.unwrap();
    let refused: Vec<(u64, &str)> =
        report.refused.iter().map(|refused| (refused.line, refused.reason.as_str())).collect();
    assert_eq!(refused, [(1, "`at` is in the future"), (2, "`at` is before 1970")]);
    assert_eq!(report.dialogues, 1);
}

#[tokio::test]
async fn a_text_that_the_desk_does_not_take_is_named_by_its_place() {
    let importer = importer();
    let lines = r#"{"id":"a","turns":[{"speaker":"agent","text":"x"},{"speaker":"agent","text":" "}]}
{"id":"b","tags":["ok","Not Ok"],"turns":[{"speaker":"agent","text":"x"}]}
{"id":"c","language":"English","turns":[{"speaker":"agent","text":"x"}]}"#;
    let report = importer.file(file(lines).path(), &()).await.unwrap();
    let places = ["`text` of turn 2: text is empty", "`tags`, number 2: tag may", "`language`: "];
    assert_eq!(report.refused.len(), places.len());
    for (refused, place) in report.refused.iter().zip(places) {
        assert!(refused.reason.starts_with(place), "{}", refused.reason);
    }
}

#[tokio::test]
async fn an_import_that_was_cut_short_goes_on_where_it_was() {
    let importer = importer();
    let file = file(LINES);
    let agent = importer.agent().await.unwrap();
    let first = Lines::open(file.path()).unwrap().next().unwrap().unwrap();
    let outcome = importer.line(agent, &first, &mut UnknownFields::default()).await.unwrap();
    assert!(matches!(outcome, Outcome::Imported { turns: 2, .. }), "{outcome:?}");
    let report = importer.file(file.path(), &()).await.unwrap();
    assert_eq!((report.dialogues, report.known), (1, 1));
}

#[tokio::test]
async fn whoever_had_the_last_word_decides_whether_it_is_resolved() {
    let importer = importer();
    let file = file(LINES);
    importer.file(file.path(), &()).await.unwrap();
    let events = importer.desk.log().read(0, 1_000).await.unwrap();
    let count = |name: &str| events.iter().filter(|event| event.name == name).count();
    assert_eq!(count("conversation.opened"), 2);
    assert_eq!(count("conversation.resolved"), 1);
    assert_eq!(count("conversation.released"), 1);
    assert_eq!(count("conversation.agent_replied"), 2);
}

#[test]
fn a_line_that_is_too_long_is_passed_over() {
    let long = format!("{}\n{{\"id\":\"z\"}}\n", "x".repeat(LINE_BYTES_MAX + 10));
    let file = file(&long);
    let lines: Vec<Line> = Lines::open(file.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].text.is_err());
    assert_eq!(lines[1].text.as_deref(), Ok(b"{\"id\":\"z\"}\n".as_slice()));
    assert_eq!(lines.iter().map(|line| line.bytes).sum::<u64>(), long.len() as u64);
}
