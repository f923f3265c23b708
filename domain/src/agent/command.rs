//! What can be asked of an agent's working profile.

use crate::{
    decider::commands,
    ids::AgentId,
    text::{Key, Language, Name},
    words::Presence,
};

commands! {
    /// Something asked of an agent's profile.
    AgentCommand;
    /// Lets an agent join the desk.
    Register {
        /// Its own id; the id of the person who signs in.
        id: AgentId,
        /// The name.
        display_name: Name,
        /// In which languages they work; at most 32.
        languages: Vec<Language>,
        /// How much they carry at once, 0 to 100 units.
        capacity_units: u32,
    }
    /// Changes the name.
    Rename {
        /// From now on.
        display_name: Name,
    }
    /// Adds a skill or changes its level; at most 64 skills.
    SetSkill {
        /// Which.
        skill: Key,
        /// From 1 to 5; whatever was asked for, so that a refusal can name it.
        level: i32,
    }
    /// Takes a skill away.
    RemoveSkill {
        /// Which.
        skill: Key,
    }
    /// Sets the languages.
    SetLanguages {
        /// All of them.
        languages: Vec<Language>,
    }
    /// Changes the presence.
    SetPresence {
        /// From now on.
        presence: Presence,
    }
    /// Changes the capacity.
    SetCapacity {
        /// From now on, 0 to 100 units.
        capacity_units: u32,
    }
    /// Lets the agent leave; presence becomes offline.
    Deactivate {}
    /// Lets the agent come back.
    Reactivate {}
}
