//! A team as people see it, at any point of its stream.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::TeamEvent;
use crate::{ids::AgentId, text::Name};

/// The fold of a team's stream; the default is a team nobody founded yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSnapshot {
    /// When it was founded; none before.
    pub created_at: Option<Timestamp>,
    /// Its name; none before it was founded.
    pub name: Option<Name>,
    /// Its members, each with since when.
    pub members: BTreeMap<AgentId, Timestamp>,
    /// Since when it takes no more work.
    pub retired_at: Option<Timestamp>,
    /// When anything changed last.
    pub changed_at: Option<Timestamp>,
}

impl TeamSnapshot {
    /// Folds one event that happened `at`.
    pub fn apply(&mut self, event: &TeamEvent, at: Timestamp) {
        self.changed_at = Some(at);
        match event {
            TeamEvent::Created(event) => {
                self.created_at = Some(at);
                self.name = Some(event.name.clone());
            }
            TeamEvent::Renamed(event) => self.name = Some(event.name.clone()),
            TeamEvent::MemberAdded(event) => {
                self.members.insert(event.agent, at);
            }
            TeamEvent::MemberRemoved(event) => {
                self.members.remove(&event.agent);
            }
            TeamEvent::Retired(_) => self.retired_at = Some(at),
        }
    }
}
