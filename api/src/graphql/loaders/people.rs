//! What is asked of agents, teams and customers for all rows of a page at once.

use std::{collections::HashMap, sync::Arc};

use allhours_domain::{
    agent::Agent,
    customer::Customer,
    ids::{AgentId, CustomerId, TeamId},
    team::Team,
    words,
};
use allhours_eventstore::recorded::Position;
use allhours_projections::{agents, conversations, customers, teams};
use async_graphql::{Error, dataloader::Loader};
use async_trait::async_trait;

use super::{Loaded, Tenanted, grouped, missing};
use crate::graphql::{
    agent::AgentFacts, customer::CustomerFacts, services::of_read, team::TeamFacts,
};

/// Agents by id.
pub struct Agents(pub(super) Tenanted);

#[async_trait]
impl Loader<AgentId> for Agents {
    type Value = Arc<AgentFacts>;
    type Error = Error;

    async fn load(&self, keys: &[AgentId]) -> Loaded<AgentId, Self::Value> {
        let client = self.0.reader().await?;
        let rows = agents::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(AgentFacts::from(row)))).collect();
        // Registered a moment ago and not in the table yet: the stream knows.
        for (id, events) in self.0.streams::<Agent>(missing(keys, &found), None).await? {
            let id = AgentId(id);
            found.extend(AgentFacts::folded(id, &events).map(|it| (id, Arc::new(it))));
        }
        Ok(found)
    }
}

/// What agents carry, now or as of a position.
pub struct Loads(pub(super) Tenanted);

#[async_trait]
impl Loader<(AgentId, Option<Position>)> for Loads {
    type Value = conversations::AgentLoad;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(AgentId, Option<Position>)],
    ) -> Loaded<(AgentId, Option<Position>), Self::Value> {
        let mut found = HashMap::new();
        for (as_of, agents) in grouped(keys.iter().map(|(agent, as_of)| (*as_of, *agent))) {
            let client = self.0.reader().await?;
            let loads = conversations::loads(&client, &agents, as_of).await;
            let loads = loads.map_err(|error| of_read(&error))?;
            found.extend(loads.into_iter().map(|load| ((load.agent_id, as_of), load)));
        }
        Ok(found)
    }
}

/// How agents were present as of a position.
pub struct Presences(pub(super) Tenanted);

#[async_trait]
impl Loader<(AgentId, Position)> for Presences {
    type Value = words::Presence;
    type Error = Error;

    async fn load(&self, keys: &[(AgentId, Position)]) -> Loaded<(AgentId, Position), Self::Value> {
        let mut found = HashMap::new();
        for (as_of, ids) in grouped(keys.iter().map(|(agent, as_of)| (*as_of, *agent))) {
            let client = self.0.reader().await?;
            let rows = agents::presence_as_of(&client, &ids, as_of).await;
            let rows = rows.map_err(|error| of_read(&error))?;
            found.extend(rows.into_iter().map(|row| ((row.agent_id, as_of), row.presence)));
        }
        Ok(found)
    }
}

/// The teams of an agent.
pub struct TeamsOf(pub(super) Tenanted);

#[async_trait]
impl Loader<AgentId> for TeamsOf {
    type Value = Vec<Arc<TeamFacts>>;
    type Error = Error;

    async fn load(&self, keys: &[AgentId]) -> Loaded<AgentId, Self::Value> {
        let client = self.0.reader().await?;
        let rows = teams::of_agents(&client, keys).await.map_err(|error| of_read(&error))?;
        let facts: Vec<_> = rows.iter().map(|row| Arc::new(TeamFacts::from(row))).collect();
        let of = |agent: &AgentId| {
            facts.iter().filter(|team| team.members.contains(agent)).cloned().collect()
        };
        Ok(keys.iter().map(|agent| (*agent, of(agent))).collect())
    }
}

/// Teams by id.
pub struct Teams(pub(super) Tenanted);

#[async_trait]
impl Loader<TeamId> for Teams {
    type Value = Arc<TeamFacts>;
    type Error = Error;

    async fn load(&self, keys: &[TeamId]) -> Loaded<TeamId, Self::Value> {
        let client = self.0.reader().await?;
        let rows = teams::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(TeamFacts::from(row)))).collect();
        for (id, events) in self.0.streams::<Team>(missing(keys, &found), None).await? {
            let id = TeamId(id);
            found.extend(TeamFacts::folded(id, &events).map(|it| (id, Arc::new(it))));
        }
        Ok(found)
    }
}

/// Customers by id.
pub struct Customers(pub(super) Tenanted);

#[async_trait]
impl Loader<CustomerId> for Customers {
    type Value = Arc<CustomerFacts>;
    type Error = Error;

    async fn load(&self, keys: &[CustomerId]) -> Loaded<CustomerId, Self::Value> {
        let client = self.0.reader().await?;
        let rows = customers::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(CustomerFacts::from(row)))).collect();
        for (id, events) in self.0.streams::<Customer>(missing(keys, &found), None).await? {
            let id = CustomerId(id);
            found.extend(CustomerFacts::folded(id, &events).map(|it| (id, Arc::new(it))));
        }
        Ok(found)
    }
}

/// Customers as their streams say, now or as of a position.
pub struct CustomerStreams(pub(super) Tenanted);

#[async_trait]
impl Loader<(CustomerId, Option<Position>)> for CustomerStreams {
    type Value = Arc<CustomerFacts>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(CustomerId, Option<Position>)],
    ) -> Loaded<(CustomerId, Option<Position>), Self::Value> {
        let mut found = HashMap::new();
        for (as_of, ids) in grouped(keys.iter().map(|(id, as_of)| (*as_of, *id))) {
            for (id, events) in self.0.streams::<Customer>(ids, as_of).await? {
                let id = CustomerId(id);
                let facts = CustomerFacts::folded(id, &events);
                found.extend(facts.map(|it| ((id, as_of), Arc::new(it))));
            }
        }
        Ok(found)
    }
}

/// Customers' own profiles, with all that were merged into them.
pub struct Profiles(pub(super) Tenanted);

#[async_trait]
impl Loader<CustomerId> for Profiles {
    type Value = Arc<Vec<CustomerId>>;
    type Error = Error;

    async fn load(&self, keys: &[CustomerId]) -> Loaded<CustomerId, Self::Value> {
        let found = self.0.profiles(keys).await?;
        let by_customer = grouped(found.into_iter().map(|it| (it.asked, it.id)));
        Ok(by_customer.into_iter().map(|(customer, ids)| (customer, Arc::new(ids))).collect())
    }
}

/// What customers' conversations add up to.
pub struct Contacts(pub(super) Tenanted);

#[async_trait]
impl Loader<CustomerId> for Contacts {
    type Value = conversations::CustomerContacts;
    type Error = Error;

    async fn load(&self, keys: &[CustomerId]) -> Loaded<CustomerId, Self::Value> {
        let profiles = self.0.profiles(keys).await?;
        let client = self.0.reader().await?;
        let all = conversations::contacts(&client, &profiles).await;
        let all = all.map_err(|error| of_read(&error))?;
        Ok(all.into_iter().map(|it| (it.customer_id, it)).collect())
    }
}
