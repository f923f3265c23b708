//! The rules of an agent's profile: one function for each command.

use std::collections::BTreeSet;

use super::{
    Agent, AgentCommand, AgentEvent, AgentRefusal, Profile,
    command::{Register, RemoveSkill, Rename, SetCapacity, SetLanguages, SetPresence, SetSkill},
    event::{
        CapacitySet, Deactivated, LanguagesSet, PresenceChanged, Reactivated, Registered, Renamed,
        SkillRemoved, SkillSet,
    },
};
use crate::{personal::Personal, text::Language, words::Presence};

type Decision = Result<Vec<AgentEvent>, AgentRefusal>;

impl Agent {
    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// A new name is always recorded: rules can't look inside personal text to compare it.
    ///
    /// # Errors
    ///
    /// Only ever an [`AgentRefusal`]: a rule said no.
    pub fn decide(&self, command: AgentCommand) -> Decision {
        let Some(profile) = &self.profile else {
            let AgentCommand::Register(command) = command else {
                return Err(AgentRefusal::NoSuchAgent);
            };
            return register(command);
        };
        profile.decide(command)
    }
}

fn register(command: Register) -> Decision {
    let Register { id, display_name, languages, capacity_units } = command;
    check_languages(&languages)?;
    check_capacity(capacity_units)?;
    Ok(vec![AgentEvent::Registered(Registered {
        display_name: Personal::about(id, display_name),
        languages,
        capacity_units,
    })])
}

impl Profile {
    fn decide(&self, command: AgentCommand) -> Decision {
        match command {
            AgentCommand::Register(_) => Err(AgentRefusal::AlreadyRegistered),
            AgentCommand::Rename(command) => Ok(self.rename(command)),
            AgentCommand::SetSkill(command) => self.set_skill(command),
            AgentCommand::RemoveSkill(command) => Ok(self.remove_skill(command)),
            AgentCommand::SetLanguages(command) => self.set_languages(command),
            AgentCommand::SetPresence(command) => self.set_presence(&command),
            AgentCommand::SetCapacity(command) => self.set_capacity(&command),
            AgentCommand::Deactivate(_) => Ok(self.deactivate()),
            AgentCommand::Reactivate(_) => Ok(self.reactivate()),
        }
    }

    fn rename(&self, Rename { display_name }: Rename) -> Vec<AgentEvent> {
        let display_name = Personal::about(self.subject, display_name);
        vec![AgentEvent::Renamed(Renamed { display_name })]
    }

    fn set_skill(&self, SetSkill { skill, level }: SetSkill) -> Decision {
        let level_max = Agent::LEVEL_MAX;
        let level = u8::try_from(level)
            .ok()
            .filter(|level| (1..=level_max).contains(level))
            .ok_or(AgentRefusal::LevelOutOfRange { level, level_max })?;
        let before = self.skills.get(&skill);
        if before == Some(&level) {
            return Ok(vec![]);
        }
        if before.is_none() && self.skills.len() >= Agent::SKILLS_MAX {
            return Err(AgentRefusal::TooManySkills { skills_max: Agent::SKILLS_MAX });
        }
        Ok(vec![AgentEvent::SkillSet(SkillSet { skill, level })])
    }

    fn remove_skill(&self, RemoveSkill { skill }: RemoveSkill) -> Vec<AgentEvent> {
        if self.skills.contains_key(&skill) {
            vec![AgentEvent::SkillRemoved(SkillRemoved { skill })]
        } else {
            vec![]
        }
    }

    fn set_languages(&self, SetLanguages { languages }: SetLanguages) -> Decision {
        check_languages(&languages)?;
        if self.languages == languages {
            return Ok(vec![]);
        }
        Ok(vec![AgentEvent::LanguagesSet(LanguagesSet { languages })])
    }

    fn set_presence(&self, &SetPresence { presence }: &SetPresence) -> Decision {
        if !self.active && presence != Presence::Offline {
            return Err(AgentRefusal::Deactivated);
        }
        Ok(self.presence_changed(presence).into_iter().collect())
    }

    fn presence_changed(&self, to: Presence) -> Option<AgentEvent> {
        let from = self.presence;
        (from != to).then_some(AgentEvent::PresenceChanged(PresenceChanged { from, to }))
    }

    fn set_capacity(&self, &SetCapacity { capacity_units }: &SetCapacity) -> Decision {
        check_capacity(capacity_units)?;
        if self.capacity_units == capacity_units {
            return Ok(vec![]);
        }
        Ok(vec![AgentEvent::CapacitySet(CapacitySet { capacity_units })])
    }

    fn deactivate(&self) -> Vec<AgentEvent> {
        if !self.active {
            return vec![];
        }
        let left = AgentEvent::Deactivated(Deactivated {});
        self.presence_changed(Presence::Offline).into_iter().chain([left]).collect()
    }

    fn reactivate(&self) -> Vec<AgentEvent> {
        if self.active { vec![] } else { vec![AgentEvent::Reactivated(Reactivated {})] }
    }
}

fn check_languages(languages: &[Language]) -> Result<(), AgentRefusal> {
    let languages_max = Agent::LANGUAGES_MAX;
    if languages.len() > languages_max {
        return Err(AgentRefusal::TooManyLanguages { languages: languages.len(), languages_max });
    }
    let mut seen = BTreeSet::new();
    match languages.iter().find(|language| !seen.insert(*language)) {
        Some(language) => Err(AgentRefusal::LanguageTwice { language: language.clone() }),
        None => Ok(()),
    }
}

fn check_capacity(units: u32) -> Result<(), AgentRefusal> {
    let units_max = Agent::CAPACITY_UNITS_MAX;
    if units > units_max {
        return Err(AgentRefusal::CapacityTooLarge { units, units_max });
    }
    Ok(())
}
