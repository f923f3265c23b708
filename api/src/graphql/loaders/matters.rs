//! What is asked of conversations, articles, deliveries and events for all rows of a page at once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use allhours_domain::{
    article::{Article, ArticleSnapshot},
    catalogue::AnyEvent,
    ids::{ArticleId, ConversationId, CustomerId, EventId, IntakeId},
    intake::Intake,
};
use allhours_eventstore::{
    history::{History, Parts, Start},
    recorded::{Position, Recorded},
};
use allhours_projections::{
    conversations::{self, ConversationOrder, ConversationRow},
    intakes::{self, IntakeRow},
    page::Page,
};
use async_graphql::{Error, dataloader::Loader};
use async_trait::async_trait;

use super::{Loaded, Tenanted, grouped, missing};
use crate::graphql::{
    as_of::AsOfAsked,
    conversation::ConversationFacts,
    error::{internal, of_log},
    lists,
    page::BothWays,
    services::of_read,
    thread::Threads,
};

/// Conversations by id.
pub struct Conversations(pub(super) Tenanted);

#[async_trait]
impl Loader<ConversationId> for Conversations {
    type Value = Arc<ConversationFacts>;
    type Error = Error;

    async fn load(&self, keys: &[ConversationId]) -> Loaded<ConversationId, Self::Value> {
        let Tenanted { services, tenant, .. } = &self.0;
        let client = self.0.reader().await?;
        let rows = conversations::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.iter().map(|row| (row.id, Arc::new(ConversationFacts::from(row)))).collect();
        let missing = missing(keys, &found);
        found.extend(services.conversations().read(services, *tenant, &missing, None).await?);
        Ok(found)
    }
}

/// Conversations as their streams say, now or as of a position.
pub struct ConversationStreams(pub(super) Tenanted);

#[async_trait]
impl Loader<(ConversationId, Option<Position>)> for ConversationStreams {
    type Value = Arc<ConversationFacts>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(ConversationId, Option<Position>)],
    ) -> Loaded<(ConversationId, Option<Position>), Self::Value> {
        let Tenanted { services, tenant, .. } = &self.0;
        let mut found = HashMap::new();
        for (as_of, ids) in grouped(keys.iter().map(|(id, as_of)| (*as_of, *id))) {
            let facts = services.conversations().read(services, *tenant, &ids, as_of).await?;
            found.extend(facts.into_iter().map(|(id, facts)| ((id, as_of), facts)));
        }
        Ok(found)
    }
}

/// Pages of customers' conversations, by whichever of their profiles they were opened.
pub struct ConversationsOf(pub(super) Tenanted);

type PageAsked = (CustomerId, ConversationOrder, BothWays);

#[async_trait]
impl Loader<PageAsked> for ConversationsOf {
    type Value = Arc<Page<ConversationRow>>;
    type Error = Error;

    async fn load(&self, keys: &[PageAsked]) -> Loaded<PageAsked, Self::Value> {
        let mut found = HashMap::new();
        let keys = keys.iter().map(|(id, order, page)| ((*order, page.clone()), *id));
        for ((order, page), customers) in grouped(keys) {
            let span = page.span(lists::conversation_key)?;
            let profiles = self.0.profiles(&customers).await?;
            let client = self.0.reader().await?;
            let publicly = order == ConversationOrder::PublicActivity;
            let pages = conversations::of_customers(&client, &profiles, publicly, &span).await;
            let pages = pages.map_err(|error| of_read(&error))?.into_iter();
            found.extend(pages.map(|(id, rows)| ((id, order, page.clone()), Arc::new(rows))));
        }
        Ok(found)
    }
}

/// What the customer can see.
const PUBLIC: &[&str] = &["conversation.customer_message_received", "conversation.agent_replied"];

/// Where the last message stands of conversations that were split.
pub struct LastMessages(pub(super) Tenanted);

#[async_trait]
impl Loader<(ConversationId, Option<Position>)> for LastMessages {
    type Value = Position;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(ConversationId, Option<Position>)],
    ) -> Loaded<(ConversationId, Option<Position>), Self::Value> {
        let Tenanted { services, tenant, .. } = &self.0;
        let mut last = HashMap::new();
        for (as_of, ids) in grouped(keys.iter().map(|(id, as_of)| (*as_of, *id))) {
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
            let found = services.log.parts(*tenant, &wanted, Start::Newest, 1).await;
            for (number, recorded) in found.map_err(|error| of_log(&error))? {
                let newest = last.entry((owners[number], as_of)).or_insert(recorded.position);
                *newest = recorded.position.max(*newest);
            }
        }
        Ok(last)
    }
}

/// Articles as their streams say.
pub struct Articles(pub(super) Tenanted);

#[async_trait]
impl Loader<ArticleId> for Articles {
    type Value = Arc<(i32, ArticleSnapshot)>;
    type Error = Error;

    async fn load(&self, keys: &[ArticleId]) -> Loaded<ArticleId, Self::Value> {
        let mut found = HashMap::new();
        for (id, events) in self.0.streams::<Article>(keys.iter().copied(), None).await? {
            let mut snapshot = ArticleSnapshot::default();
            let mut version = 0;
            for (recorded, event) in &events {
                snapshot.apply(event, recorded.occurred_at);
                version = recorded.version;
            }
            found.insert(ArticleId(id), Arc::new((version, snapshot)));
        }
        Ok(found)
    }
}

/// Deliveries by id.
pub struct Intakes(pub(super) Tenanted);

#[async_trait]
impl Loader<IntakeId> for Intakes {
    type Value = Arc<IntakeRow>;
    type Error = Error;

    async fn load(&self, keys: &[IntakeId]) -> Loaded<IntakeId, Self::Value> {
        let client = self.0.reader().await?;
        let rows = intakes::by_ids(&client, keys).await.map_err(|error| of_read(&error))?;
        drop(client);
        let mut found: HashMap<_, _> =
            rows.into_iter().map(|row| (row.id, Arc::new(row))).collect();
        for (id, events) in self.0.sealed_streams::<Intake>(missing(keys, &found)).await? {
            found.extend(IntakeRow::folded(&events).map(|row| (IntakeId(id), Arc::new(row))));
        }
        Ok(found)
    }
}

/// Opened events by position.
pub struct Events(pub(super) Tenanted);

#[async_trait]
impl Loader<Position> for Events {
    type Value = Arc<(Recorded, AnyEvent)>;
    type Error = Error;

    async fn load(&self, keys: &[Position]) -> Loaded<Position, Self::Value> {
        let Tenanted { services, tenant, .. } = &self.0;
        let sealed = services.log.at_positions(*tenant, keys).await;
        let opened = services.open(sealed.map_err(|error| of_log(&error))?).await?;
        let read = |recorded: Recorded| {
            let event = recorded.event().map_err(|error| internal(&error))?;
            Ok((recorded.position, Arc::new((recorded, event))))
        };
        opened.into_iter().map(read).collect()
    }
}

/// Events by id, and whether they are to be opened.
pub struct EventsById(pub(super) Tenanted);

#[async_trait]
impl Loader<(EventId, bool)> for EventsById {
    type Value = Arc<Recorded>;
    type Error = Error;

    async fn load(&self, keys: &[(EventId, bool)]) -> Loaded<(EventId, bool), Self::Value> {
        let Tenanted { services, tenant, .. } = &self.0;
        let ids: BTreeSet<EventId> = keys.iter().map(|(id, _)| *id).collect();
        let ids: Vec<EventId> = ids.into_iter().collect();
        let sealed = services.log.by_ids(*tenant, &ids).await.map_err(|error| of_log(&error))?;
        let mut found = HashMap::new();
        for opened in keys.iter().map(|(_, opened)| *opened).collect::<BTreeSet<_>>() {
            let events = sealed.clone();
            let events = if opened { services.open(events).await? } else { events };
            found.extend(events.into_iter().map(|it| ((it.event_id, opened), Arc::new(it))));
        }
        Ok(found)
    }
}

/// Positions of points in the past that projections have come to.
pub struct Positions(pub(super) Tenanted);

#[async_trait]
impl Loader<AsOfAsked> for Positions {
    type Value = Position;
    type Error = Error;

    /// One question for each point that the document names.
    async fn load(&self, keys: &[AsOfAsked]) -> Loaded<AsOfAsked, Self::Value> {
        let mut found = HashMap::new();
        for asked in keys {
            found.insert(*asked, asked.position(&self.0.services).await?);
        }
        Ok(found)
    }
}
