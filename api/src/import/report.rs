//! What an import did: counts, each line that was refused with the reason, and the fields that
//! were passed over.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_ignored::Path as Place;

use super::fault::is_plain;

/// The most refused lines that are named; all are counted.
pub const REFUSED_MAX: usize = 1_000;
/// The most unknown fields that are told apart.
const UNKNOWN_MAX: usize = 50;
/// How unknown fields are counted whose names may be anything, or are too many.
const OTHERS: &str = "(others)";

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

/// Fields that a dialogue does not have, as `turns[].slots`, and how often they were there: one
/// of them may be a known one, misspelt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UnknownFields(BTreeMap<String, u64>);

impl UnknownFields {
    /// Counts the field that stands there.
    pub(super) fn see(&mut self, place: &Place<'_>) {
        self.count(name_of(place).unwrap_or_else(|| OTHERS.to_owned()), 1);
    }

    fn count(&mut self, name: String, times: u64) {
        let told_apart = self.0.contains_key(&name) || self.0.len() < UNKNOWN_MAX;
        let name = if told_apart { name } else { OTHERS.to_owned() };
        *self.0.entry(name).or_default() += times;
    }

    /// By name, with how often they were there.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, times)| (name.as_str(), *times))
    }
}

/// Where a field stands, whatever the number in a list; none where a name on the way may be
/// something that somebody wrote.
fn name_of(place: &Place<'_>) -> Option<String> {
    match place {
        Place::Root => Some(String::new()),
        Place::Seq { parent, .. } => Some(name_of(parent)? + "[]"),
        Place::Map { parent, key } if is_plain(key) => {
            let parent = name_of(parent)?;
            Some(if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") })
        }
        Place::Map { .. } => None,
        Place::Some { parent }
        | Place::NewtypeStruct { parent }
        | Place::NewtypeVariant { parent } => name_of(parent),
    }
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
    /// Which fields of the other lines were passed over.
    pub unknown_fields: UnknownFields,
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
            unknown_fields: UnknownFields::default(),
            position: 0,
        }
    }

    pub(super) fn add(&mut self, line: u64, outcome: Outcome, unknown: UnknownFields) {
        if !matches!(outcome, Outcome::Refused(_)) {
            for (name, times) in unknown.0 {
                self.unknown_fields.count(name, times);
            }
        }
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
