//! A team: agents who share a queue.
//!
//! Read `command`, then `event`, then `decide`; `snapshot` is the team as people see it.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod upcast;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::{
    command::TeamCommand, event::TeamEvent, refusal::TeamRefusal, snapshot::TeamSnapshot,
};
use crate::{ids::AgentId, text::Name};

/// What past events say about one team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    name: Option<Name>,
    members: BTreeSet<AgentId>,
    retired: bool,
}

impl Team {
    /// The most members.
    pub const MEMBERS_MAX: usize = 1_000;

    /// Folds one event into the state.
    pub fn evolve(&mut self, event: &TeamEvent) {
        match event {
            TeamEvent::Created(event) => self.name = Some(event.name.clone()),
            TeamEvent::Renamed(event) => self.name = Some(event.name.clone()),
            TeamEvent::MemberAdded(event) => {
                self.members.insert(event.agent);
            }
            TeamEvent::MemberRemoved(event) => {
                self.members.remove(&event.agent);
            }
            TeamEvent::Retired(_) => self.retired = true,
        }
    }

    /// Whether this agent belongs to it.
    #[must_use]
    pub fn has_member(&self, agent: AgentId) -> bool {
        self.members.contains(&agent)
    }

    /// Whether work can be given to it: it was founded and is not retired.
    #[must_use]
    pub fn takes_work(&self) -> bool {
        self.name.is_some() && !self.retired
    }
}
