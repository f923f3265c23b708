//! An agent as people see them, at any point of their stream.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{AgentEvent, Registered};
use crate::{
    personal::Personal,
    text::{Key, Language},
    words::Presence,
};

/// The fold of an agent's stream; the default is an agent nobody registered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSnapshot {
    /// When they joined first; none before.
    pub registered_at: Option<Timestamp>,
    /// The name; none before they joined.
    pub display_name: Option<Personal>,
    /// What they can do, from 1 (beginner) to 5 (expert).
    pub skills: BTreeMap<Key, u8>,
    /// In which languages they work.
    pub languages: Vec<Language>,
    /// How much they carry at once, in units.
    pub capacity_units: u32,
    /// Whether they are there.
    pub presence: Presence,
    /// Since when they are there, or not.
    pub presence_since: Option<Timestamp>,
    /// Whether they belong to the desk.
    pub active: bool,
    /// When anything changed last.
    pub changed_at: Option<Timestamp>,
}

impl Default for AgentSnapshot {
    fn default() -> Self {
        Self {
            registered_at: None,
            display_name: None,
            skills: BTreeMap::new(),
            languages: Vec::new(),
            capacity_units: 0,
            presence: Presence::Offline,
            presence_since: None,
            active: false,
            changed_at: None,
        }
    }
}

impl AgentSnapshot {
    /// Folds one event that happened `at`.
    pub fn apply(&mut self, event: &AgentEvent, at: Timestamp) {
        self.changed_at = Some(at);
        match event {
            AgentEvent::Registered(event) => self.registered(event, at),
            AgentEvent::Renamed(event) => self.display_name = Some(event.display_name.clone()),
            AgentEvent::SkillSet(event) => {
                self.skills.insert(event.skill.clone(), event.level);
            }
            AgentEvent::SkillRemoved(event) => {
                self.skills.remove(&event.skill);
            }
            AgentEvent::LanguagesSet(event) => self.languages.clone_from(&event.languages),
            AgentEvent::PresenceChanged(event) => {
                self.presence = event.to;
                self.presence_since = Some(at);
            }
            AgentEvent::CapacitySet(event) => self.capacity_units = event.capacity_units,
            AgentEvent::Deactivated(_) => self.active = false,
            AgentEvent::Reactivated(_) => self.active = true,
        }
    }

    fn registered(&mut self, event: &Registered, at: Timestamp) {
        self.registered_at = Some(at);
        self.display_name = Some(event.display_name.clone());
        self.languages.clone_from(&event.languages);
        self.capacity_units = event.capacity_units;
        self.presence = Presence::Offline;
        self.presence_since = Some(at);
        self.active = true;
    }
}
