//! Teams and their members.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod fold;
mod read;
mod rows;

pub use self::{
    fold::Teams,
    read::{TeamKey, by_ids, list, of_agents},
    rows::TeamRow,
};

use crate::fold::{PoisonPolicy, Projection};

/// Teams.
pub const PROJECTION: Projection = Projection {
    name: "teams",
    version: 1,
    stream_types: &["team"],
    poison: PoisonPolicy::Park,
    tables: &["teams"],
    create: include_str!("../schema/teams/tables.sql"),
    index: include_str!("../schema/teams/index.sql"),
    fold: || Box::<Teams>::default(),
};
