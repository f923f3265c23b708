//! What an import did: counts, and each line that was refused with the reason.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// The most refused lines that are named; all are counted.
pub const REFUSED_MAX: usize = 1_000;

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the desk now.
    Imported {
        /// How many turns it has.
        turns: usize,
        /// Reads that wait for this position see it.
        position: i64,
    },
    /// It was there before.
    Known {
        /// Reads that wait for this position see it.
        position: i64,
    },
    /// It was not taken.
    Refused(String),
    /// There is nothing in it.
    Blank,
}

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What an import of one file did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which file.
    pub file: PathBuf,
    /// How many dialogues came in.
    pub dialogues: u64,
    /// With how many turns.
    pub turns: u64,
    /// How many were there before.
    pub known: u64,
    /// How many lines were refused.
    pub refused_lines: u64,
    /// Which, and why; the first 1,000.
    pub refused: Vec<RefusedLine>,
    /// Reads that wait for this position see all of it.
    pub position: i64,
}

impl Report {
    /// Of a file of which nothing is known yet.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            dialogues: 0,
            turns: 0,
            known: 0,
            refused_lines: 0,
            refused: Vec::new(),
            position: 0,
        }
    }

    pub(super) fn add(&mut self, line: u64, outcome: Outcome) {
        match outcome {
            Outcome::Imported { turns, position } => {
                self.dialogues += 1;
                self.turns += turns as u64;
                self.position = self.position.max(position);
            }
            Outcome::Known { position } => {
                self.known += 1;
                self.position = self.position.max(position);
            }
            Outcome::Blank => {}
            Outcome::Refused(reason) => {
                self.refused_lines += 1;
                if self.refused.len() < REFUSED_MAX {
                    self.refused.push(RefusedLine { line, reason });
                }
            }
        }
    }
}
