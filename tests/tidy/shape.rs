//! Every file says what it is for, and stays small enough to be read.

use crate::tree::{MAY_IMPORT, files, read, shown};

const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 100;

fn rust_files() -> Vec<std::path::PathBuf> {
    let packages = MAY_IMPORT.iter().map(|(package, _)| format!("{package}/src"));
    packages
        .chain(["tests/src", "tests/it", "tests/tidy", "tests/bench"].map(String::from))
        .flat_map(|folder| files(&folder, "rs"))
        .collect()
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    for file in rust_files() {
        let text = read(&file);
        assert!(text.starts_with("//! "), "no module doc: {}", shown(&file));
        assert!(!text.starts_with("//! Placeholder"), "only a placeholder: {}", shown(&file));
    }
}

#[test]
fn every_file_is_short_and_no_line_is_long() {
    for file in rust_files() {
        let text = read(&file);
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{lines} lines: {}", shown(&file));
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            let unbreakable = line.contains("http") || line.contains('"');
            assert!(
                columns <= COLUMNS_MAX || unbreakable,
                "{columns} columns: {}:{}",
                shown(&file),
                number + 1
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    // Put together here so that this file does not find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["todo", "!("].concat()];
    for file in rust_files() {
        let text = read(&file);
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "`{mark}` in {}", shown(&file));
        }
    }
}
