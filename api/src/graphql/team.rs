//! Teams, their members and their queues.

use std::{collections::BTreeSet, sync::Arc};

use allhours_domain::{
    ids::{AgentId, TeamId},
    team::{Team as State, TeamEvent, TeamSnapshot},
};
use allhours_eventstore::recorded::Recorded;
use allhours_projections::teams::TeamRow;
use async_graphql::{Context, ID, Object, Result};
use jiff::Timestamp;

use super::{
    agent::Agent, error::Code, id::Kind, loaders::Loaders, scalars::DateTime, services::Services,
    viewer::Viewer,
};
use crate::desk::stream_of;

/// What is known of a team, from a table or from the stream.
#[derive(Debug, Clone)]
pub struct TeamFacts {
    /// Which.
    pub id: TeamId,
    /// Who belongs to it.
    pub members: BTreeSet<AgentId>,
    version: i32,
    name: String,
    retired: bool,
    created_at: Option<Timestamp>,
}

impl From<&TeamRow> for TeamFacts {
    fn from(row: &TeamRow) -> Self {
        Self {
            id: row.id,
            members: row.members.0.clone(),
            version: row.version,
            name: row.name.to_string(),
            retired: row.retired,
            created_at: Some(row.created_at),
        }
    }
}

impl TeamFacts {
    /// From the opened stream; none where nothing happened.
    #[must_use]
    pub fn folded(id: TeamId, events: &[(Recorded, TeamEvent)]) -> Option<Self> {
        let version = events.last()?.0.version;
        let mut snapshot = TeamSnapshot::default();
        for (recorded, event) in events {
            snapshot.apply(event, recorded.occurred_at);
        }
        Some(Self::of(id, version, &snapshot))
    }

    fn of(id: TeamId, version: i32, snapshot: &TeamSnapshot) -> Self {
        Self {
            id,
            members: snapshot.members.keys().copied().collect(),
            version,
            name: snapshot.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            retired: snapshot.retired_at.is_some(),
            created_at: snapshot.created_at,
        }
    }
}

/// A team of agents with a queue of its own.
#[derive(Debug, Clone)]
pub struct Team(pub Arc<TeamFacts>);

impl Team {
    /// As the stream says now, so that it sees the latest command.
    ///
    /// # Errors
    ///
    /// A failure of the log, or there is no such team.
    pub async fn now(ctx: &Context<'_>, id: TeamId) -> Result<Self> {
        let stream = stream_of::<State>(id);
        let tenant = Viewer::of(ctx)?.tenant;
        let events = ctx.data::<Services>()?.stream::<TeamEvent>(tenant, stream, None).await?;
        let none = || Code::NotFound.error("there is no such team");
        Ok(Self(Arc::new(TeamFacts::folded(id, &events).ok_or_else(none)?)))
    }

    /// The team, if there is one.
    ///
    /// # Errors
    ///
    /// A failure below.
    pub async fn known(ctx: &Context<'_>, id: TeamId) -> Result<Option<Self>> {
        Ok(Loaders::of(ctx)?.teams.load_one(id).await?.map(Self))
    }
}

/// A team of agents with a queue of its own.
#[Object]
impl Team {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Team.id(self.0.id)
    }

    /// The version of the team's stream, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who belongs to it; at most 1,000. Customers are told of nobody.
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Agent>> {
        let shown = Viewer::of(ctx)?.is_staff();
        let members = self.0.members.iter().copied().filter(|_| shown);
        Ok(members.map(Agent::of).collect())
    }

    /// Whether it takes no more work.
    async fn retired(&self) -> bool {
        self.0.retired
    }

    /// When it was founded.
    async fn created_at(&self) -> Option<DateTime> {
        self.0.created_at.map(DateTime)
    }
}
