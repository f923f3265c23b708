//! Counts that change by what a row was before and is after, in the same transaction as the
//! row, so that they cannot drift from it.

use std::collections::HashMap;

use crate::rows::Row;

/// A row that is a count.
pub trait Counter: Row {
    /// The row of this count.
    fn of(key: &Self::Key, count: i64) -> Self;
    /// The count.
    fn count(&self) -> i64;
}

/// What has been added to the counts of one table and is not saved yet.
#[derive(Debug)]
pub struct Counters<C: Counter> {
    changes: HashMap<C::Key, i64>,
}

impl<C: Counter> Default for Counters<C> {
    fn default() -> Self {
        Self { changes: HashMap::new() }
    }
}

impl<C: Counter> Counters<C> {
    /// One thing was counted here and is counted there.
    pub fn moved(&mut self, before: Option<C::Key>, after: Option<C::Key>) {
        if before == after {
            return;
        }
        if let Some(key) = before {
            *self.changes.entry(key).or_default() -= 1;
        }
        if let Some(key) = after {
            *self.changes.entry(key).or_default() += 1;
        }
    }

    /// What was added, as rows.
    #[must_use]
    pub fn rows(&self) -> Vec<C> {
        let changed = self.changes.iter().filter(|(_, change)| **change != 0);
        changed.map(|(key, change)| C::of(key, *change)).collect()
    }

    pub(crate) fn take(&mut self, key: &C::Key) -> i64 {
        self.changes.remove(key).unwrap_or_default()
    }

    pub(crate) fn forget(&mut self) {
        self.changes.clear();
    }
}
