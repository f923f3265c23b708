//! Agents: joining, leaving, being there, and what they can do.

use allhours_domain::{
    agent::{Agent as Aggregate, command},
    ids::AgentId,
    text::{Key, Name},
};
use async_graphql::ID;

use crate::graphql::{
    agent::Agent,
    call::{Call, Granted, Problem, checked},
    id::Kind,
    payload::{code_meaning, mutations},
    scalars::Language,
    viewer::Role,
    words::Presence,
};

async fn on(call: &Call<'_>, id: &ID, command: impl Into<command::AgentCommand>) -> Granted<Agent> {
    let id = call.known_agent("agentId", id).await?;
    let done = call.execute::<Aggregate>(id, command).await?;
    Ok((done, Agent::now(call.ctx, id).await?))
}

fn units(field: &'static str, units: i32) -> Result<u32, Problem> {
    u32::try_from(units)
        .map_err(|_| Problem::user("INVALID_INPUT", "units are not negative", Some(field)))
}

mutations! {
    /// Agents.
    AgentMutations;

    /// Lets an agent join the desk.
    agent_register AgentRegister -> agent: Agent,
    input {
        /// The person who signs in: a UUID, or the `sub` of the issuer's tokens; none makes a new
        /// id. Nobody is both an agent and a customer.
        person_id: Option<String>,
        /// The name.
        display_name: String,
        /// In which languages they work; at most 32.
        languages: Vec<Language>,
        /// How much they carry at once, 0 to 100 units.
        capacity_units: i32,
    },
    refuses { AlreadyRegistered, CapacityTooLarge, LanguageTwice, PersonTaken, TooManyLanguages },
    |call, input| {
        let id = AgentId(call.person_id("agent", input.person_id.as_deref())?);
        let command = command::Register {
            id,
            display_name: checked("displayName", Name::new(input.display_name))?,
            languages: input.languages.into_iter().map(|it| it.0).collect(),
            capacity_units: units("capacityUnits", input.capacity_units)?,
        };
        let done = call.execute::<Aggregate>(id, command).await?;
        Ok((done, Agent::now(call.ctx, id).await?))
    }

    /// Changes an agent's name.
    agent_rename AgentRename -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
        /// The name from now on.
        display_name: String,
    },
    refuses {},
    |call, input| {
        let display_name = checked("displayName", Name::new(input.display_name))?;
        on(call, &input.agent_id, command::Rename { display_name }).await
    }

    /// Adds a skill to an agent or changes its level.
    agent_set_skill AgentSetSkill -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
        /// Which skill, by a key: 1 to 64 lower case letters, digits and `-`, `_`, `.`, `:`.
        skill: String,
        /// From 1 (beginner) to 5 (expert).
        level: i32,
    },
    refuses { LevelOutOfRange, TooManySkills },
    |call, input| {
        let skill = checked("skill", Key::new(input.skill))?;
        on(call, &input.agent_id, command::SetSkill { skill, level: input.level }).await
    }

    /// Takes a skill away from an agent.
    agent_remove_skill AgentRemoveSkill -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
        /// Which skill.
        skill: String,
    },
    refuses {},
    |call, input| {
        let skill = checked("skill", Key::new(input.skill))?;
        on(call, &input.agent_id, command::RemoveSkill { skill }).await
    }

    /// Sets the languages an agent works in.
    agent_set_languages AgentSetLanguages -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
        /// All of them; at most 32.
        languages: Vec<Language>,
    },
    refuses { LanguageTwice, TooManyLanguages },
    |call, input| {
        let languages = input.languages.into_iter().map(|it| it.0).collect();
        on(call, &input.agent_id, command::SetLanguages { languages }).await
    }

    /// Says whether an agent is there. Agents say it for themselves.
    agent_set_presence AgentSetPresence -> agent: Agent,
    input {
        /// Who; none means the caller.
        agent_id: Option<ID>,
        /// From now on.
        presence: Presence,
    },
    refuses { Deactivated },
    |call, input| {
        let own = Kind::Agent.id(call.agent()?);
        let id = input.agent_id.unwrap_or_else(|| own.clone());
        if call.viewer.role == Role::Agent && id != own {
            return Err(Problem::not_found("agentId"));
        }
        on(call, &id, command::SetPresence { presence: input.presence.into() }).await
    }

    /// Sets how much an agent carries at once.
    agent_set_capacity AgentSetCapacity -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
        /// From now on, 0 to 100 units.
        capacity_units: i32,
    },
    refuses { CapacityTooLarge },
    |call, input| {
        let capacity_units = units("capacityUnits", input.capacity_units)?;
        on(call, &input.agent_id, command::SetCapacity { capacity_units }).await
    }

    /// Lets an agent leave the desk.
    agent_deactivate AgentDeactivate -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
    },
    refuses {},
    |call, input| {
        on(call, &input.agent_id, command::Deactivate {}).await
    }

    /// Lets an agent come back to the desk.
    agent_reactivate AgentReactivate -> agent: Agent,
    input {
        /// Who.
        agent_id: ID,
    },
    refuses {},
    |call, input| {
        on(call, &input.agent_id, command::Reactivate {}).await
    }
}
