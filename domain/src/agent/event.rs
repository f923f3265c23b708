//! What has happened to an agent's working profile.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    personal::Personal,
    text::{Key, Language},
    words::Presence,
};

events! {
    /// A fact about one agent.
    pub enum AgentEvent, upcast = super::upcast::upcast {
        #[doc = "An agent joined the desk."]
        Registered = "agent.registered", 1;
        #[doc = "The agent's name changed."]
        Renamed = "agent.renamed", 1;
        #[doc = "A skill was added or its level changed."]
        SkillSet = "agent.skill_set", 1;
        #[doc = "A skill was taken away."]
        SkillRemoved = "agent.skill_removed", 1;
        #[doc = "The languages the agent works in changed."]
        LanguagesSet = "agent.languages_set", 1;
        #[doc = "The agent came, went, or took a break."]
        PresenceChanged = "agent.presence_changed", 1;
        #[doc = "How much the agent can carry at once changed."]
        CapacitySet = "agent.capacity_set", 1;
        #[doc = "The agent left the desk."]
        Deactivated = "agent.deactivated", 1;
        #[doc = "The agent came back to the desk."]
        Reactivated = "agent.reactivated", 1;
    }
}

shapes! {
    /// An agent joined.
    Registered {
        /// The name.
        display_name: Personal,
        /// In which languages they work.
        languages: Vec<Language>,
        /// How much they carry at once, in units.
        capacity_units: u32,
    }
    /// The name changed.
    Renamed {
        /// From now on.
        display_name: Personal,
    }
    /// A skill and its level.
    SkillSet {
        /// Which skill.
        skill: Key,
        /// From 1 (beginner) to 5 (expert).
        level: u8,
    }
    /// A skill was taken away.
    SkillRemoved {
        /// Which.
        skill: Key,
    }
    /// The languages changed.
    LanguagesSet {
        /// All of them from now on.
        languages: Vec<Language>,
    }
    /// The presence changed.
    PresenceChanged {
        /// Before.
        from: Presence,
        /// From now on.
        to: Presence,
    }
    /// The capacity changed.
    CapacitySet {
        /// From now on, in units.
        capacity_units: u32,
    }
    /// The agent left.
    Deactivated {}
    /// The agent came back.
    Reactivated {}
}
