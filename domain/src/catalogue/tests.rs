//! What is true of every event in the catalogue, and of the files that keep it honest.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{AnyEvent, UnreadableEvent, catalogue, to_markdown};
use crate::{
    agent::Agent,
    article::Article,
    conversation::Conversation,
    customer::Customer,
    decider::{Decider, EventKind},
    desk::Desk,
    identity::Identity,
    intake::Intake,
    team::Team,
};

/// Set to rewrite `docs/events.md` instead of comparing it.
const BLESS: &str = "ALLHOURS_BLESS";

/// Within the folder of this crate, where tests run. The folder they were built in may be another
/// one: builds are shared by clones.
fn folder(path: &str) -> PathBuf {
    Path::new(".").join(path)
}

fn golden_path(name: &str, version: i16) -> PathBuf {
    let (stream_type, event) = name.split_once('.').unwrap();
    folder("golden").join(stream_type).join(format!("{event}.v{version}.json"))
}

fn golden(name: &str, version: i16) -> String {
    let path = golden_path(name, version);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_name_is_given_once_and_begins_with_its_stream_type() {
    let mut seen = BTreeSet::new();
    for (stream_type, kind) in catalogue() {
        assert!(seen.insert(kind.name), "{} is given twice", kind.name);
        let (prefix, event) = kind.name.split_once('.').unwrap();
        assert_eq!(prefix, stream_type, "{}", kind.name);
        let plain = event.chars().all(|it| it.is_ascii_lowercase() || it == '_');
        assert!(plain && !event.is_empty(), "{} is in lower case", kind.name);
        assert!(kind.version >= 1, "{} has a version", kind.name);
        assert!(kind.meaning.ends_with('.'), "{} means a sentence", kind.name);
    }
}

#[test]
fn every_aggregate_has_its_section_in_the_catalogue() {
    let sections: BTreeSet<_> = catalogue().into_iter().map(|(section, _)| section).collect();
    let aggregates = [
        Agent::STREAM_TYPE,
        Article::STREAM_TYPE,
        Conversation::STREAM_TYPE,
        Customer::STREAM_TYPE,
        Desk::STREAM_TYPE,
        Identity::STREAM_TYPE,
        Intake::STREAM_TYPE,
        Team::STREAM_TYPE,
    ];
    assert_eq!(sections, aggregates.into());
}

#[test]
fn every_version_of_every_event_has_a_golden_file_that_reads() {
    for (_, kind) in catalogue() {
        for version in 1..=kind.version {
            let stored = golden(kind.name, version);
            let read = AnyEvent::read(kind.name, version, &stored)
                .unwrap_or_else(|error| panic!("{} v{version}: {error:?}", kind.name));
            assert_eq!(read.kind(), kind, "an older version reads as the newest");
            if version == kind.version {
                let stored: Value = serde_json::from_str(&stored).unwrap();
                assert_eq!(read.to_payload().unwrap(), stored, "{} is stored alike", kind.name);
            }
        }
    }
}

#[test]
fn no_golden_file_is_without_its_event() {
    let expected: BTreeSet<_> = catalogue()
        .into_iter()
        .flat_map(|(_, kind)| (1..=kind.version).map(move |it| golden_path(kind.name, it)))
        .collect();
    let mut found = BTreeSet::new();
    for section in fs::read_dir(folder("golden")).unwrap() {
        for file in fs::read_dir(section.unwrap().path()).unwrap() {
            found.insert(file.unwrap().path());
        }
    }
    let orphans: Vec<_> = found.difference(&expected).collect();
    assert!(orphans.is_empty(), "of no event: {orphans:?}");
}

#[test]
fn a_golden_file_holds_personal_text_only_in_its_sealed_form() {
    for (_, kind) in catalogue() {
        for version in 1..=kind.version {
            let stored: Value = serde_json::from_str(&golden(kind.name, version)).unwrap();
            for (field, text) in personal("", &stored) {
                let digest = text.get("sealed").and_then(Value::as_str).unwrap_or_default();
                let hexadecimal =
                    digest.len() == 64 && digest.chars().all(|it| it.is_ascii_hexdigit());
                assert!(hexadecimal, "{} v{version}: {field} is sealed", kind.name);
            }
        }
    }
}

#[test]
fn the_catalogue_in_the_docs_is_the_one_in_the_code() {
    let page = to_markdown(|kind: &EventKind| {
        let stored = serde_json::from_str(&golden(kind.name, kind.version)).unwrap();
        personal("", &stored).into_iter().map(|(field, _)| field).collect()
    });
    let path = folder("../docs/events.md");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &page).unwrap();
    }
    let docs = fs::read_to_string(&path).unwrap_or_default();
    assert!(docs == page, "docs/events.md is not the catalogue; run this test with {BLESS}=1");
}

#[test]
fn what_no_event_explains_is_an_error_that_says_why() {
    let unknown = AnyEvent::read("conversation.sung", 1, "{}");
    assert!(
        matches!(unknown, Err(UnreadableEvent::UnknownName(name)) if name == "conversation.sung")
    );
    let future = AnyEvent::read("team.retired", 2, "{}");
    assert!(matches!(future, Err(UnreadableEvent::TooNew { version: 2, newest: 1, .. })));
    let shapeless = AnyEvent::read("team.created", 1, r#"{"nom":"x"}"#);
    assert!(matches!(shapeless, Err(UnreadableEvent::Payload(_))));
}

/// The texts about somebody in a stored payload, each with the path of its field.
fn personal(path: &str, value: &Value) -> Vec<(String, Value)> {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if fields.contains_key("$subject") => {
            vec![(path.to_owned(), value.clone())]
        }
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, field)| personal(&below(name), field)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| personal(&below("[]"), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    }
}
