//! What a projection is: a pure fold of events into rows, and the tables that hold them.

use allhours_domain::catalogue::AnyEvent;
use allhours_eventstore::recorded::Recorded;

use crate::table::Table;

/// Rows in memory that events change. Pure: what it needs was loaded before, what it changed
/// is saved afterwards.
pub trait Fold: Send + Sync {
    /// Asks for every row that the event reads or changes. Called again after loading, until
    /// nothing new is asked for, so that one row may say which other is needed.
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent);

    /// Changes the rows. Total: what was recorded has happened.
    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent);

    /// Its tables.
    fn tables(&mut self) -> Vec<&mut dyn Table>;
}

/// What happens where an event cannot be read or its rows cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoisonPolicy {
    /// The projection stops there until somebody cares; the others go on.
    Halt,
    /// The event is put aside as a dead letter, and the projection goes on without it.
    Park,
}

/// A question asked of the log: its name, its tables, its fold.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    /// Its name, also the beginning of its schemas' names.
    pub name: &'static str,
    /// Raised whenever tables or fold change, so that the rows are built anew.
    pub version: i32,
    /// The types of the streams it folds.
    pub stream_types: &'static [&'static str],
    /// What happens to an event that it cannot take.
    pub poison: PoisonPolicy,
    /// Its tables' names; a view of each stands in the schema `read`.
    pub tables: &'static [&'static str],
    /// Makes the tables, without keys and indexes.
    pub create: &'static str,
    /// Makes the keys and indexes.
    pub index: &'static str,
    /// A fold without any row in memory.
    pub fold: fn() -> Box<dyn Fold>,
}

impl Projection {
    /// Whether it folds streams of this type.
    #[must_use]
    pub fn folds(&self, stream_type: &str) -> bool {
        self.stream_types.contains(&stream_type)
    }
}

/// Every projection that stands in tables.
pub const ALL: &[Projection] = &[
    crate::agents::PROJECTION,
    crate::articles::PROJECTION,
    crate::churn_features::PROJECTION,
    crate::conversations::PROJECTION,
    crate::customers::PROJECTION,
    crate::intakes::PROJECTION,
    crate::teams::PROJECTION,
];

#[cfg(test)]
pub(crate) mod given;
#[cfg(test)]
mod tests;
