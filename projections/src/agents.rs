//! Agents: their working profile and presence. What they carry is asked of `conversations`.
//!
//! Read `rows` (what stands in the tables), `fold` (how events change it), then `read`.

mod fold;
mod read;
mod rows;

pub use self::{
    fold::Agents,
    read::{AgentFilter, AgentKey, by_ids, list, presence_as_of},
    rows::{AgentRow, PresenceRow},
};

use crate::fold::{PoisonPolicy, Projection};

/// Agents.
pub const PROJECTION: Projection = Projection {
    name: "agents",
    version: 1,
    stream_types: &["agent"],
    poison: PoisonPolicy::Park,
    tables: &["agents", "presence"],
    create: include_str!("../schema/agents/tables.sql"),
    index: include_str!("../schema/agents/index.sql"),
    fold: || Box::<Agents>::default(),
};
