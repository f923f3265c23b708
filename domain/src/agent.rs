//! An agent's working profile: what they can do, how much, and whether they are there.
//!
//! Read `command`, then `event`, then `decide`; `snapshot` is the agent as people see them.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod upcast;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    command::AgentCommand, event::AgentEvent, refusal::AgentRefusal, snapshot::AgentSnapshot,
};
use crate::{
    ids::SubjectId,
    text::{Key, Language},
    words::Presence,
};

/// What past events say about one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    profile: Option<Profile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Profile {
    subject: SubjectId,
    skills: BTreeMap<Key, u8>,
    languages: Vec<Language>,
    capacity_units: u32,
    presence: Presence,
    active: bool,
}

impl Agent {
    /// The most languages.
    pub const LANGUAGES_MAX: usize = 32;
    /// The most skills.
    pub const SKILLS_MAX: usize = 64;
    /// The highest level of a skill.
    pub const LEVEL_MAX: u8 = 5;
    /// The most that anybody carries at once, in units.
    pub const CAPACITY_UNITS_MAX: u32 = 100;

    /// Folds one event into the state.
    pub fn evolve(&mut self, event: &AgentEvent) {
        if let AgentEvent::Registered(event) = event {
            self.profile = Some(Profile {
                subject: event.display_name.subject(),
                skills: BTreeMap::new(),
                languages: event.languages.clone(),
                capacity_units: event.capacity_units,
                presence: Presence::Offline,
                active: true,
            });
        } else if let Some(profile) = &mut self.profile {
            profile.evolve(event);
        }
    }

    /// Whether they belong to the desk now.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.active)
    }

    /// Whether they are there; none before they joined.
    #[must_use]
    pub fn presence(&self) -> Option<Presence> {
        self.profile.as_ref().map(|profile| profile.presence)
    }
}

impl Profile {
    fn evolve(&mut self, event: &AgentEvent) {
        match event {
            // A name is a text about a person; no rule looks at it.
            AgentEvent::Registered(_) | AgentEvent::Renamed(_) => {}
            AgentEvent::SkillSet(event) => {
                self.skills.insert(event.skill.clone(), event.level);
            }
            AgentEvent::SkillRemoved(event) => {
                self.skills.remove(&event.skill);
            }
            AgentEvent::LanguagesSet(event) => self.languages.clone_from(&event.languages),
            AgentEvent::PresenceChanged(event) => self.presence = event.to,
            AgentEvent::CapacitySet(event) => self.capacity_units = event.capacity_units,
            AgentEvent::Deactivated(_) => self.active = false,
            AgentEvent::Reactivated(_) => self.active = true,
        }
    }
}
