//! Deliveries of providers' messages, and which of them wait for a person.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod fold;
mod read;
mod rows;
#[cfg(test)]
mod tests;

pub use self::{
    fold::Intakes,
    read::{IntakeFilter, IntakeKey, Waiting, by_ids, list, parked_before},
    rows::{IntakeRow, IntakeStatus},
};

use crate::fold::{PoisonPolicy, Projection};

/// Deliveries of providers' messages.
pub const PROJECTION: Projection = Projection {
    name: "intakes",
    version: 1,
    stream_types: &["intake"],
    poison: PoisonPolicy::Park,
    tables: &["intakes"],
    create: include_str!("../schema/intakes/tables.sql"),
    index: include_str!("../schema/intakes/index.sql"),
    fold: || Box::<Intakes>::default(),
};
