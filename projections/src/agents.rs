//! Agents: their working profile and presence. What they carry is asked of `conversations`.
//!
//! Read `rows` (what stands in the tables), `fold` (how events change it), then `read`.

mod read;
mod rows;

pub use self::{
    read::{AgentFilter, AgentKey, by_ids, list, presence_as_of},
    rows::{AgentRow, PresenceRow},
};
