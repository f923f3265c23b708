//! Teams and their members.

use allhours_domain::{
    ids::TeamId,
    team::{Team as Aggregate, command},
    text::Name,
};
use async_graphql::ID;

use crate::graphql::{
    call::{Call, Granted, checked},
    payload::{code_meaning, mutations},
    team::Team,
};

async fn on(call: &Call<'_>, id: &ID, command: impl Into<command::TeamCommand>) -> Granted<Team> {
    let id = call.known_team("teamId", id).await?;
    let done = call.execute::<Aggregate>(id, command).await?;
    Ok((done, Team::now(call.ctx, id).await?))
}

mutations! {
    /// Teams.
    TeamMutations;

    /// Founds a team.
    team_create TeamCreate -> team: Team,
    input {
        /// Its name.
        name: String,
    },
    refuses { AlreadyCreated },
    |call, input| {
        let id = TeamId(call.new_id("team"));
        let name = checked("name", Name::new(input.name))?;
        let done = call.execute::<Aggregate>(id, command::Create { name }).await?;
        Ok((done, Team::now(call.ctx, id).await?))
    }

    /// Changes a team's name.
    team_rename TeamRename -> team: Team,
    input {
        /// Which team.
        team_id: ID,
        /// The name from now on.
        name: String,
    },
    refuses { Retired },
    |call, input| {
        let name = checked("name", Name::new(input.name))?;
        on(call, &input.team_id, command::Rename { name }).await
    }

    /// Makes an agent a member of a team.
    team_add_member TeamAddMember -> team: Team,
    input {
        /// Which team.
        team_id: ID,
        /// Who.
        agent_id: ID,
    },
    refuses { Deactivated, Retired, TooManyMembers },
    |call, input| {
        let agent = call.known_working_agent("agentId", &input.agent_id).await?;
        on(call, &input.team_id, command::AddMember { agent }).await
    }

    /// Ends an agent's membership of a team.
    team_remove_member TeamRemoveMember -> team: Team,
    input {
        /// Which team.
        team_id: ID,
        /// Who.
        agent_id: ID,
    },
    refuses { Retired },
    |call, input| {
        let agent = call.known_agent("agentId", &input.agent_id).await?;
        on(call, &input.team_id, command::RemoveMember { agent }).await
    }

    /// Lets a team take no more work. What is in its queue and not resolved goes to the common one
    /// within seconds, as by `conversationMoveToTeam`: who was responsible no longer is.
    team_retire TeamRetire -> team: Team,
    input {
        /// Which team.
        team_id: ID,
    },
    refuses {},
    |call, input| {
        on(call, &input.team_id, command::Retire {}).await
    }
}
