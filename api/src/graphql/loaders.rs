//! One question for all rows of a page: loaders gather the keys that one level of a query
//! needs, so that statements follow the depth of a query and not the number of its rows.

use std::{collections::HashMap, sync::Arc};

use allhours_domain::{
    agent::{AgentEvent, AgentSnapshot},
    catalogue::AnyEvent,
    customer::{CustomerEvent, CustomerSnapshot},
    ids::{AgentId, ConversationId, CustomerId, IntakeId, TeamId, TenantId},
    intake::{Intake, IntakeEvent},
    team::{TeamEvent, TeamSnapshot},
};
use allhours_eventstore::{
    history::{History, Parts, Start},
    recorded::{Position, Recorded},
};
use allhours_projections::{
    agents, conversations, customers,
    intakes::{self, IntakeRow},
    teams,
};
use async_graphql::{
    Context, Error, Result,
    dataloader::{DataLoader, Loader},
};
use async_trait::async_trait;

use super::{
    agent::AgentFacts,
    conversation::ConversationFacts,
    customer::CustomerFacts,
    error::{internal, of_log},
    services::{Services, count_statement, of_read},
    team::TeamFacts,
    thread::Threads,
};
use crate::desk::stream_of;

/// Reads for one tenant.
#[derive(Clone)]
pub struct Tenanted {
    services: Services,
    tenant: TenantId,
}

macro_rules! loaders {
    ($($(#[$meta:meta])+ $field:ident: $Loader:ident,)+) => {
        $($(#[$meta])+ pub struct $Loader(Tenanted);)+

        /// The loaders of one request.
        pub struct Loaders { $($(#[$meta])+ pub $field: DataLoader<$Loader>,)+ }

        impl Loaders {
            /// For requests of one tenant.
            #[must_use]
            pub fn new(services: &Services, tenant: TenantId) -> Self {
                let of = Tenanted { services: services.clone(), tenant };
                Self { $($field: DataLoader::new($Loader(of.clone()), tokio::spawn),)+ }
            }
        }
    };
}

loaders! {
    /// Agents by id.
    agents: Agents,
    /// What agents carry, now or as of a position.
    loads: Loads,
    /// The teams of an agent.
    teams_of: TeamsOf,
    /// Customers by id.
    customers: Customers,
    /// What customers' conversations add up to.
    contacts: Contacts,
    /// Teams by id.
    teams: Teams,
    /// Conversations by id.
    conversations: Conversations,
    /// Deliveries by id.
    intakes: Intakes,
    /// Where the last message stands of conversations that were split, now or as of a position.
    last_messages: LastMessages,
    /// Opened events by position.
    events: Events,
}

impl Loaders {
    /// Those of this request.
    ///
    /// # Errors
    ///
    /// A request without a viewer.
    pub fn of<'c>(ctx: &Context<'c>) -> Result<&'c Self> {
        ctx.data::<Arc<Self>>().map(AsRef::as_ref)
    }
}

type Loaded<K, V> = Result<HashMap<K, V>, Error>;

#[async_trait]
impl Loader<AgentId> for Agents {
    type Value = Arc<AgentFacts>;
    type Error = Error;

    async fn load(&self, keys: &[AgentId]) -> Loaded<AgentId, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let client = services.reader(*tenant).await?;
        let rows = agents::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(AgentFacts::from(row)))).collect();
        // Registered a moment ago and not in the table yet: the stream knows.
        for id in keys.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let stream = stream_of::<allhours_domain::agent::Agent>(id);
            let events = services.stream::<AgentEvent>(*tenant, stream, None).await?;
            let mut snapshot = AgentSnapshot::default();
            for (it, event) in &events {
                snapshot.apply(event, it.occurred_at);
            }
            if let Some((last, _)) = events.last() {
                found.insert(id, Arc::new(AgentFacts::of(id, last.version, &snapshot)));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<(AgentId, Option<Position>)> for Loads {
    type Value = conversations::AgentLoad;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(AgentId, Option<Position>)],
    ) -> Loaded<(AgentId, Option<Position>), Self::Value> {
        let mut by_position: HashMap<Option<Position>, Vec<AgentId>> = HashMap::new();
        for (agent, as_of) in keys {
            by_position.entry(*as_of).or_default().push(*agent);
        }
        let mut found = HashMap::new();
        for (as_of, agents) in by_position {
            let client = self.0.services.reader(self.0.tenant).await?;
            let loads = conversations::loads(&client, &agents, as_of).await;
            let loads = loads.map_err(|error| of_read(&error))?;
            found.extend(loads.into_iter().map(|load| ((load.agent_id, as_of), load)));
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<AgentId> for TeamsOf {
    type Value = Vec<Arc<TeamFacts>>;
    type Error = Error;

    async fn load(&self, keys: &[AgentId]) -> Loaded<AgentId, Self::Value> {
        let client = self.0.services.reader(self.0.tenant).await?;
        let rows = teams::of_agents(&client, keys).await.map_err(|error| of_read(&error))?;
        let facts: Vec<_> = rows.iter().map(|row| Arc::new(TeamFacts::from(row))).collect();
        let of = |agent: &AgentId| {
            facts.iter().filter(|team| team.members.contains(agent)).cloned().collect()
        };
        Ok(keys.iter().map(|agent| (*agent, of(agent))).collect())
    }
}

#[async_trait]
impl Loader<CustomerId> for Customers {
    type Value = Arc<CustomerFacts>;
    type Error = Error;

    async fn load(&self, keys: &[CustomerId]) -> Loaded<CustomerId, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let client = services.reader(*tenant).await?;
        let rows = customers::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(CustomerFacts::from(row)))).collect();
        for id in keys.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let stream = stream_of::<allhours_domain::customer::Customer>(id);
            let events = services.stream::<CustomerEvent>(*tenant, stream, None).await?;
            let mut snapshot = CustomerSnapshot::default();
            for (it, event) in &events {
                snapshot.apply(event, it.occurred_at);
            }
            if let Some((last, _)) = events.last() {
                found.insert(id, Arc::new(CustomerFacts::of(id, last.version, &snapshot)));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<CustomerId> for Contacts {
    type Value = conversations::CustomerContacts;
    type Error = Error;

    async fn load(&self, keys: &[CustomerId]) -> Loaded<CustomerId, Self::Value> {
        let client = self.0.services.reader(self.0.tenant).await?;
        let all = conversations::contacts(&client, keys).await.map_err(|error| of_read(&error))?;
        Ok(all.into_iter().map(|it| (it.customer_id, it)).collect())
    }
}

#[async_trait]
impl Loader<TeamId> for Teams {
    type Value = Arc<TeamFacts>;
    type Error = Error;

    async fn load(&self, keys: &[TeamId]) -> Loaded<TeamId, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let client = services.reader(*tenant).await?;
        let rows = teams::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(TeamFacts::from(row)))).collect();
        for id in keys.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let stream = stream_of::<allhours_domain::team::Team>(id);
            let events = services.stream::<TeamEvent>(*tenant, stream, None).await?;
            let mut snapshot = TeamSnapshot::default();
            for (it, event) in &events {
                snapshot.apply(event, it.occurred_at);
            }
            if let Some((last, _)) = events.last() {
                found.insert(id, Arc::new(TeamFacts::of(id, last.version, &snapshot)));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<ConversationId> for Conversations {
    type Value = Arc<ConversationFacts>;
    type Error = Error;

    async fn load(&self, keys: &[ConversationId]) -> Loaded<ConversationId, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let client = services.reader(*tenant).await?;
        let rows = conversations::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(ConversationFacts::from(row)))).collect();
        for id in keys.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let facts = services.conversations().read(services, *tenant, id, None).await?;
            found.extend(facts.map(|facts| (id, facts)));
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<IntakeId> for Intakes {
    type Value = Arc<IntakeRow>;
    type Error = Error;

    async fn load(&self, keys: &[IntakeId]) -> Loaded<IntakeId, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let client = services.reader(*tenant).await?;
        let rows = intakes::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.into_iter().map(|row| (row.id, Arc::new(row))).collect();
        for id in keys.iter().filter(|id| !found.contains_key(*id)).copied().collect::<Vec<_>>() {
            let stream = stream_of::<Intake>(id);
            let events = services.sealed_stream::<IntakeEvent>(*tenant, stream, 0, None).await?;
            if let Some(row) = IntakeRow::folded(&events) {
                found.insert(id, Arc::new(row));
            }
        }
        Ok(found)
    }
}

/// What the customer can see.
const PUBLIC: &[&str] = &["conversation.customer_message_received", "conversation.agent_replied"];

#[async_trait]
impl Loader<(ConversationId, Option<Position>)> for LastMessages {
    type Value = Position;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(ConversationId, Option<Position>)],
    ) -> Loaded<(ConversationId, Option<Position>), Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        let mut by_position: HashMap<Option<Position>, Vec<ConversationId>> = HashMap::new();
        for (id, as_of) in keys {
            by_position.entry(*as_of).or_default().push(*id);
        }
        let mut last = HashMap::new();
        for (as_of, ids) in by_position {
            let threads = Threads::read(services, *tenant, ids.iter().copied(), as_of).await?;
            let parts =
                ids.iter().flat_map(|id| threads.alone(*id).into_iter().map(|it| (*id, it)));
            let (owners, parts): (Vec<_>, Vec<_>) = parts.unzip();
            let wanted = Parts {
                parts,
                before: as_of.map(|as_of| as_of.saturating_add(1)),
                names: PUBLIC.iter().map(|name| (*name).to_owned()).collect(),
                ..Parts::default()
            };
            count_statement();
            let found = services.log.parts(*tenant, &wanted, Start::Newest, 1).await;
            for (number, recorded) in found.map_err(|error| of_log(&error))? {
                let newest = last.entry((owners[number], as_of)).or_insert(recorded.position);
                *newest = recorded.position.max(*newest);
            }
        }
        Ok(last)
    }
}

#[async_trait]
impl Loader<Position> for Events {
    type Value = Arc<(Recorded, AnyEvent)>;
    type Error = Error;

    async fn load(&self, keys: &[Position]) -> Loaded<Position, Self::Value> {
        let Tenanted { services, tenant } = &self.0;
        count_statement();
        let sealed = services.log.at_positions(*tenant, keys).await;
        let opened = services.open(sealed.map_err(|error| of_log(&error))?).await?;
        let read = |recorded: Recorded| {
            let event = recorded.event().map_err(|error| internal(&error))?;
            Ok((recorded.position, Arc::new((recorded, event))))
        };
        opened.into_iter().map(read).collect()
    }
}
