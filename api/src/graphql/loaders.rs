//! One question for all rows of a page: loaders gather the keys that one level of a query
//! needs, so that statements follow the depth of a query and not the number of its rows.
//!
//! Read `rounds` (how keys are gathered), then `people`, `matters` and `timelines` (what is asked).

mod matters;
mod people;
mod rounds;
mod timelines;

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use allhours_domain::ids::{
    AgentId, ArticleId, ConversationId, CustomerId, EventId, IntakeId, TeamId, TenantId,
};
use allhours_eventstore::{
    database::TenantReader,
    recorded::{Position, Recorded},
};
use allhours_projections::{
    conversations::ConversationOrder,
    profiles::{self, Profile},
};
use async_graphql::{Context, Error, Result};
use uuid::Uuid;

use self::{
    matters::{
        Articles, ConversationStreams, Conversations, ConversationsOf, Events, EventsById, Intakes,
        LastMessages, Positions,
    },
    people::{
        Agents, Contacts, CustomerStreams, Customers, Loads, Presences, Profiles, Teams, TeamsOf,
    },
    timelines::Timelines,
};
pub use self::{
    rounds::{Batched, in_rounds},
    timelines::{TimelineAsked, TimelinePart},
};
use super::{
    as_of::AsOfAsked,
    page::BothWays,
    services::{Services, of_read, reads},
};
use crate::desk::{Aggregate, stream_of};

/// Reads for one tenant.
#[derive(Clone)]
pub struct Tenanted {
    services: Services,
    tenant: TenantId,
    /// What a mutation of this request did; what hangs on its payload shows it.
    done: Arc<AtomicI64>,
}

/// How long reads for a payload wait for the tables; then it shows what they know.
const PAYLOAD_WAIT_MAX: Duration = Duration::from_secs(1);

macro_rules! loaders {
    ($($(#[$meta:meta])+ $field:ident: $Loader:ident by $Key:ty,)+) => {
        /// The loaders of one request.
        pub struct Loaders {
            $($(#[$meta])+ pub $field: Batched<$Loader, $Key>,)+
            done: Arc<AtomicI64>,
        }

        impl Loaders {
            /// For requests of one tenant.
            #[must_use]
            pub fn new(services: &Services, tenant: TenantId) -> Self {
                let done = Arc::new(AtomicI64::new(0));
                let of = Tenanted { services: services.clone(), tenant, done: Arc::clone(&done) };
                Self { $($field: Batched::new($Loader(of.clone())),)+ done }
            }
        }
    };
}

loaders! {
    /// Agents by id.
    agents: Agents by AgentId,
    /// What agents carry, now or as of a position.
    loads: Loads by (AgentId, Option<Position>),
    /// How agents were present as of a position.
    presences: Presences by (AgentId, Position),
    /// The teams of an agent.
    teams_of: TeamsOf by AgentId,
    /// Customers by id.
    customers: Customers by CustomerId,
    /// Customers as their streams say, now or as of a position.
    customer_streams: CustomerStreams by (CustomerId, Option<Position>),
    /// Customers' own profiles, with all that were merged into them.
    profiles: Profiles by CustomerId,
    /// What customers' conversations add up to.
    contacts: Contacts by CustomerId,
    /// Pages of customers' conversations.
    conversations_of: ConversationsOf by (CustomerId, ConversationOrder, BothWays),
    /// Teams by id.
    teams: Teams by TeamId,
    /// Conversations by id.
    conversations: Conversations by ConversationId,
    /// Conversations as their streams say, now or as of a position.
    conversation_streams: ConversationStreams by (ConversationId, Option<Position>),
    /// Pages of what happened in conversations.
    timelines: Timelines by TimelineAsked,
    /// Where the last message stands of conversations that were split, now or as of a position.
    last_messages: LastMessages by (ConversationId, Option<Position>),
    /// Articles as their streams say.
    articles: Articles by ArticleId,
    /// Deliveries by id.
    intakes: Intakes by IntakeId,
    /// Opened events by position.
    events: Events by Position,
    /// Events by id, and whether they are to be opened.
    events_by_id: EventsById by (EventId, bool),
    /// Positions of points in the past that projections have come to.
    positions: Positions by AsOfAsked,
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

    /// From now on reads wait until the tables have come to `position`, where a mutation is done.
    pub fn show(&self, position: Position) {
        self.done.fetch_max(position, Ordering::Relaxed);
    }
}

type Loaded<K, V> = Result<HashMap<K, V>, Error>;

/// Events of a stream, each with its envelope.
type Stream<E> = Vec<(Recorded, E)>;

impl Tenanted {
    /// A connection that sees what is this tenant's, and what this request has done.
    async fn reader(&self) -> Result<TenantReader> {
        let done = self.done.load(Ordering::Relaxed);
        if done > 0 {
            let progress = &self.services.progress;
            let reached = progress.wait_for_these(reads::ALL, done, PAYLOAD_WAIT_MAX).await;
            reached.map_err(|error| of_read(&error))?;
        }
        self.services.reader(self.tenant).await
    }

    /// The opened streams of aggregates, by id; those where nothing happened are left out.
    async fn streams<A: Aggregate>(
        &self,
        ids: impl IntoIterator<Item = impl Into<Uuid>>,
        as_of: Option<Position>,
    ) -> Loaded<Uuid, Stream<A::Event>> {
        let wanted = ids.into_iter().map(|id| (stream_of::<A>(id), 0)).collect();
        let found = self.services.streams::<A::Event>(self.tenant, wanted, as_of).await?;
        Ok(found.into_iter().map(|(stream, events)| (stream.id, events)).collect())
    }

    /// The profiles of these customers, with all that were merged into them.
    async fn profiles(&self, customers: &[CustomerId]) -> Result<Vec<Profile>> {
        let client = self.reader().await?;
        let found = profiles::profiles(&client, customers).await;
        found.map_err(|error| of_read(&error))
    }

    /// The same, with texts as they stand in the log.
    async fn sealed_streams<A: Aggregate>(
        &self,
        ids: impl IntoIterator<Item = impl Into<Uuid>>,
    ) -> Loaded<Uuid, Stream<A::Event>> {
        let wanted = ids.into_iter().map(|id| (stream_of::<A>(id), 0)).collect();
        let found = self.services.sealed_streams::<A::Event>(self.tenant, wanted, None).await?;
        Ok(found.into_iter().map(|(stream, events)| (stream.id, events)).collect())
    }
}

/// Those keys that were not found.
fn missing<K: Copy + Hash + Eq, V>(keys: &[K], found: &HashMap<K, V>) -> Vec<K> {
    keys.iter().filter(|key| !found.contains_key(*key)).copied().collect()
}

/// What is asked of each part, by what is asked.
fn grouped<A: Hash + Eq, K>(keys: impl IntoIterator<Item = (A, K)>) -> HashMap<A, Vec<K>> {
    let mut groups: HashMap<A, Vec<K>> = HashMap::new();
    for (asked, key) in keys {
        groups.entry(asked).or_default().push(key);
    }
    groups
}
