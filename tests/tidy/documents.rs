//! Documents that a newcomer stands on exist, are short, and name things that exist.

use crate::tree::{files, read, root, shown};

#[test]
fn the_documents_are_there_and_the_map_is_short() {
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "docs/api.md",
        "docs/events.md",
        "docs/adding-an-event.md",
        "docs/adding-a-projection.md",
        "docs/adding-a-mutation.md",
        "docs/benchmarks.md",
        "docs/operations.md",
        "migrations/README.md",
    ];
    for document in documents {
        assert!(root().join(document).is_file(), "{document} is missing");
    }
    let lines = read(&root().join("ARCHITECTURE.md")).lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn every_path_that_a_document_names_exists() {
    let folders = [
        "domain/",
        "eventstore/",
        "projections/",
        "inference/",
        "api/",
        "migrations/",
        "tests/",
        "scripts/",
        "docs/",
    ];
    let mut documents = files("docs", "md");
    documents.extend(["README.md", "ARCHITECTURE.md"].map(|name| root().join(name)));
    for document in documents {
        for quoted in read(&document).split('`').skip(1).step_by(2) {
            let names_a_path = folders.iter().any(|folder| quoted.starts_with(folder))
                && !quoted.contains([' ', '<', '*', '{', '$', '\n'])
                && !quoted.contains("NAME")
                && !quoted.contains("..");
            if names_a_path {
                let path = root().join(quoted.trim_end_matches('/'));
                assert!(path.exists(), "{} names `{quoted}`, which is not there", shown(&document));
            }
        }
    }
}

#[test]
fn decisions_are_numbered_and_say_their_status() {
    let decisions = files("docs/decisions", "md");
    assert!(!decisions.is_empty());
    for (index, decision) in decisions.iter().enumerate() {
        let name = decision.file_name().expect("a file").to_string_lossy().into_owned();
        assert!(name.starts_with(&format!("{:04}-", index + 1)), "{name} is out of order");
        let text = read(decision);
        for heading in ["Status:", "## Context", "## Choice"] {
            assert!(text.contains(heading), "{name} has no `{heading}`");
        }
    }
}
