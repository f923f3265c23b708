//! One statement, one file, and every file in the list.

use crate::tree::{files, read, root, shown};

#[test]
fn every_statement_is_listed() {
    for package in ["eventstore", "projections"] {
        let listed = read(&root().join(package).join("src/sql.rs"));
        for file in files(&format!("{package}/sql"), "sql") {
            let name = file.strip_prefix(root().join(package).join("sql")).expect("below sql");
            let name = name.with_extension("").display().to_string();
            assert!(
                listed.contains(&format!("\"{name}\"")),
                "{name} is not in {package}'s sql::ALL"
            );
        }
    }
}

#[test]
fn every_statement_ends_once_and_selects_by_name() {
    for package in ["eventstore", "projections"] {
        for file in files(&format!("{package}/sql"), "sql") {
            let text = read(&file);
            let statement: String =
                text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            assert!(!statement.contains("select *"), "`select *` in {}", shown(&file));
        }
    }
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut numbers: Vec<u32> = files("migrations", "sql")
        .iter()
        .map(|file| {
            let name = file.file_name().expect("a file").to_string_lossy().into_owned();
            let digits = name.strip_prefix('V').and_then(|rest| rest.split("__").next());
            digits
                .filter(|it| it.len() == 4)
                .and_then(|it| it.parse().ok())
                .unwrap_or_else(|| panic!("{name} is not named V0001__what.sql"))
        })
        .collect();
    numbers.sort_unstable();
    let expected: Vec<u32> = (1..=u32::try_from(numbers.len()).expect("few migrations")).collect();
    assert_eq!(numbers, expected);
}
