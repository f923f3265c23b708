//! Imports come whole, once, and say what they did not take.

use std::io::Write;

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
    Importer::new(Desk::new(log), tenant_id("demo"), 4)
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
async fn an_import_that_was_cut_short_goes_on_where_it_was() {
    let importer = importer();
    let file = file(LINES);
    let agent = importer.agent().await.unwrap();
    let id = content_id(file.path()).unwrap();
    let first = Lines::open(file.path(), id).unwrap().next().unwrap().unwrap();
    let outcome = importer.line(agent, &first).await.unwrap();
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
    let lines: Vec<Line> =
        Lines::open(file.path(), Uuid::nil()).unwrap().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].text.is_err());
    assert_eq!(lines[1].text.as_deref(), Ok(b"{\"id\":\"z\"}\n".as_slice()));
    assert_eq!(lines.iter().map(|line| line.bytes).sum::<u64>(), long.len() as u64);
}
