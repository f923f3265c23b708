//! The files of the repository, for the other modules.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The packages, and which of ours each may import. Absent means none.
pub const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("inference", &[]),
    ("eventstore", &["domain"]),
    ("projections", &["domain", "eventstore"]),
    ("api", &["domain", "eventstore", "projections", "inference"]),
];

/// The top folder of the repository that the tests run in. They may have been built in another
/// one: builds are shared by clones.
pub fn root() -> PathBuf {
    let tests = std::env::current_dir().expect("tests run in the folder of their crate");
    tests.parent().expect("tests has a parent").to_owned()
}

/// The text of a file.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `folder` (from the root) whose name ends in `.extension`, sorted.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The path as people write it, from the root.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The words of a text: runs of letters, digits and underscores.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_')
}

/// The code of a Rust file without its comments and without the test module that ends it.
pub fn code(text: &str) -> String {
    const TEST: &str = "#[cfg(test)]\nmod ";
    // One that is a file of its own is only named here, and what follows is code.
    let ends = text.match_indices(TEST).find(|(at, _)| {
        let line = text[at + TEST.len()..].lines().next().unwrap_or_default();
        line.ends_with('{')
    });
    text[..ends.map_or(text.len(), |(at, _)| at)]
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}
