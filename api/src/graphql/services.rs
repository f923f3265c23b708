//! What the schema stands on, and how the read side is reached.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use allhours_domain::{decider::StoredEvent, ids::TenantId};
use allhours_eventstore::{
    database::{Database, TenantReader},
    history::{self, History as _, Part, Start},
    log::Log as _,
    pg::PgLog,
    recorded::{Position, Recorded, StreamId},
    tail::Tail,
};
use allhours_projections::{error::ProjectionError, runner::Progress, search::SearchReader};
use async_graphql::{Error, Result};

use super::{
    conversation::KeptConversations,
    error::{Code, internal, of_log, unavailable},
    standing::Standings,
};
use crate::desk::{Desk, folded::read};

/// The longest wait for a `minPosition`.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// What the schema stands on; cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Shared>);

/// The parts of [`Services`].
pub struct Parts {
    /// Carries out commands.
    pub desk: Desk<PgLog>,
    /// The log.
    pub log: PgLog,
    /// Its newest events, read once for all who follow.
    pub tail: Tail<PgLog>,
    /// The read tables.
    pub database: Database,
    /// How far the read side is.
    pub progress: Progress,
    /// The search index.
    pub search: SearchReader,
    /// Who signs people in besides the desk itself; empty for nobody.
    pub issuer: String,
}

/// The parts, and what reads have learned of them.
struct Shared {
    parts: Parts,
    conversations: KeptConversations,
    standings: Standings,
    readers: AtomicU64,
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Services").finish_non_exhaustive()
    }
}

impl std::ops::Deref for Services {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl Services {
    /// Of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let parts = Parts { log: parts.log.counted(), ..parts };
        Self(Arc::new(Shared {
            parts,
            conversations: KeptConversations::default(),
            standings: Standings::default(),
            readers: AtomicU64::new(0),
        }))
    }

    /// Conversations as they were last read.
    #[must_use]
    pub fn conversations(&self) -> &KeptConversations {
        &self.0.conversations
    }

    /// When people were last looked up.
    pub(super) fn standings(&self) -> &Standings {
        &self.0.standings
    }

    /// How many statements reads have sent through these services, to the read tables and to the
    /// log.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.0.readers.load(Ordering::Relaxed) + self.log.statements()
    }

    /// A connection that sees one tenant, for one statement.
    ///
    /// # Errors
    ///
    /// None came free in time.
    pub async fn reader(&self, tenant: TenantId) -> Result<TenantReader> {
        self.0.readers.fetch_add(1, Ordering::Relaxed);
        self.database.reader(tenant).await.map_err(|error| unavailable(&error))
    }

    /// The same, for one statement that filters by one thing or another.
    ///
    /// # Errors
    ///
    /// None came free in time.
    pub async fn planning_reader(&self, tenant: TenantId) -> Result<TenantReader> {
        self.0.readers.fetch_add(1, Ordering::Relaxed);
        self.database.planning_reader(tenant).await.map_err(|error| unavailable(&error))
    }

    /// Waits until these projections have seen `position`; there must be such a position, also
    /// where none is named.
    ///
    /// # Errors
    ///
    /// There is no such position, or one of them did not get there in time.
    pub async fn wait(
        &self,
        projections: &[&str],
        position: Option<super::scalars::Position>,
    ) -> Result<()> {
        let Some(super::scalars::Position(position)) = position else { return Ok(()) };
        let head = self.log.head().await.map_err(|error| of_log(&error))?;
        if position > head {
            let message = format!("there is no position {position} yet");
            return Err(Code::BadUserInput.error(message));
        }
        if projections.is_empty() {
            return Ok(());
        }
        let reached = self.progress.wait_for_these(projections, position, WAIT_MAX).await;
        if reached.map_err(|error| of_read(&error))? {
            Ok(())
        } else {
            Err(Code::Unavailable.error("what is read is not that far yet; ask again"))
        }
    }

    /// The events of a stream up to a position, opened, as its aggregate reads them.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn stream<E: StoredEvent>(
        &self,
        tenant: TenantId,
        stream: StreamId,
        as_of: Option<Position>,
    ) -> Result<Vec<(Recorded, E)>> {
        let found = self.streams(tenant, vec![(stream, 0)], as_of).await?;
        Ok(found.into_values().next().unwrap_or_default())
    }

    /// The same of several streams, each after a version, in one question; those without any are
    /// left out.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn streams<E: StoredEvent>(
        &self,
        tenant: TenantId,
        streams: Vec<(StreamId, i32)>,
        as_of: Option<Position>,
    ) -> Result<HashMap<StreamId, Vec<(Recorded, E)>>> {
        let sealed = self.events(tenant, streams, as_of).await?;
        by_stream(self.open(sealed).await?)
    }

    /// The same, with texts as they stand in the log.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn sealed_streams<E: StoredEvent>(
        &self,
        tenant: TenantId,
        streams: Vec<(StreamId, i32)>,
        as_of: Option<Position>,
    ) -> Result<HashMap<StreamId, Vec<(Recorded, E)>>> {
        by_stream(self.events(tenant, streams, as_of).await?)
    }

    /// The events of streams after a version each, in order within each stream. Who has more than
    /// a page of them is asked again, all of these at once.
    async fn events(
        &self,
        tenant: TenantId,
        streams: Vec<(StreamId, i32)>,
        as_of: Option<Position>,
    ) -> Result<Vec<Recorded>> {
        let part = |(stream, after)| Part { after, ..Part::all(stream) };
        let mut parts: Vec<Part> = streams.into_iter().map(part).collect();
        let mut events = Vec::new();
        while !parts.is_empty() {
            let page = self.page_each(tenant, &parts, as_of).await?;
            let mut counts = vec![0; parts.len()];
            for (number, recorded) in page {
                counts[number] += 1;
                parts[number].after = recorded.version;
                events.push(recorded);
            }
            let mut counts = counts.into_iter();
            parts.retain(|_| counts.next() == Some(PAGE));
        }
        Ok(events)
    }

    /// The next events of each part, which is named by its place.
    async fn page_each(
        &self,
        tenant: TenantId,
        parts: &[Part],
        as_of: Option<Position>,
    ) -> Result<Vec<(usize, Recorded)>> {
        if let ([part], None) = (parts, as_of) {
            let page = self.log.load(tenant, part.stream, part.after, PAGE).await;
            let page = page.map_err(|error| of_log(&error))?;
            return Ok(page.into_iter().map(|recorded| (0, recorded)).collect());
        }
        let before = as_of.map(|as_of| as_of.saturating_add(1));
        let wanted = history::Parts { parts: parts.to_vec(), before, ..Default::default() };
        let page = self.log.parts(tenant, &wanted, Start::Oldest, PAGE).await;
        page.map_err(|error| of_log(&error))
    }

    /// Opens the texts of events.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn open(&self, events: Vec<Recorded>) -> Result<Vec<Recorded>> {
        if events.is_empty() {
            return Ok(events);
        }
        self.log.open(events).await.map_err(|error| of_log(&error))
    }
}

fn by_stream<E: StoredEvent>(
    events: Vec<Recorded>,
) -> Result<HashMap<StreamId, Vec<(Recorded, E)>>> {
    let mut streams: HashMap<StreamId, Vec<(Recorded, E)>> = HashMap::new();
    for recorded in events {
        let event = read::<E>(&recorded).map_err(|error| of_log(&error))?;
        streams.entry(recorded.stream).or_default().push((recorded, event));
    }
    Ok(streams)
}

/// Which projections an answer is read from, with all that may stand below it.
pub mod reads {
    /// Nothing but the log, which is never behind.
    pub const LOG: &[&str] = &[];
    /// Articles and who wrote them.
    pub const ARTICLES: &[&str] = &["agents", "articles", "conversations", "teams"];
    /// Deliveries of providers' messages.
    pub const INTAKES: &[&str] = &["intakes"];
    /// Agents and teams, and what they carry.
    pub const PEOPLE: &[&str] = &["agents", "conversations", "teams"];
    /// Conversations, their customers and those who work on them.
    pub const MATTERS: &[&str] = &["agents", "conversations", "customers", "teams"];
    /// All that a global id may lead to.
    pub const ALL: &[&str] =
        &["agents", "articles", "conversations", "customers", "intakes", "teams"];
}

/// How many events are loaded at once.
const PAGE: usize = 1_000;

/// What a failure of the read side looks like from outside.
#[must_use]
pub fn of_read(error: &ProjectionError) -> Error {
    if error.is_transient() { unavailable(error) } else { internal(error) }
}
