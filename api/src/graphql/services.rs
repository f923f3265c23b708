//! What the schema stands on, and how the read side is reached.

use std::{
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
}

/// The parts, and what reads have learned of them.
struct Shared {
    parts: Parts,
    conversations: KeptConversations,
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

/// How many statements reads have sent since the program began; for tests and metrics.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// How many statements reads have sent since the program began.
#[must_use]
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// Counts one statement of a read.
pub fn count_statement() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
    metrics::counter!("graphql_read_statements_total").increment(1);
}

impl Services {
    /// Of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared { parts, conversations: KeptConversations::default() }))
    }

    /// Conversations as they were last read.
    #[must_use]
    pub fn conversations(&self) -> &KeptConversations {
        &self.0.conversations
    }

    /// A connection that sees one tenant, for one statement.
    ///
    /// # Errors
    ///
    /// None came free in time.
    pub async fn reader(&self, tenant: TenantId) -> Result<TenantReader> {
        count_statement();
        self.database.reader(tenant).await.map_err(|error| unavailable(&error))
    }

    /// The same, for one statement that filters by one thing or another.
    ///
    /// # Errors
    ///
    /// None came free in time.
    pub async fn planning_reader(&self, tenant: TenantId) -> Result<TenantReader> {
        count_statement();
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
        let sealed = self.events(tenant, stream, 0, as_of).await?;
        self.open(sealed).await?.into_iter().map(read_as).collect()
    }

    /// The same after a version, with texts as they stand in the log.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn sealed_stream<E: StoredEvent>(
        &self,
        tenant: TenantId,
        stream: StreamId,
        after: i32,
        as_of: Option<Position>,
    ) -> Result<Vec<(Recorded, E)>> {
        let sealed = self.events(tenant, stream, after, as_of).await?;
        sealed.into_iter().map(read_as).collect()
    }

    async fn events(
        &self,
        tenant: TenantId,
        stream: StreamId,
        mut after: i32,
        as_of: Option<Position>,
    ) -> Result<Vec<Recorded>> {
        let mut events = Vec::new();
        loop {
            count_statement();
            let page = self.log.load(tenant, stream, after, PAGE).await;
            let page = page.map_err(|error| of_log(&error))?;
            let full = page.len() == PAGE;
            after = page.last().map_or(after, |last| last.version);
            let until = |it: &Recorded| as_of.is_none_or(|as_of| it.position <= as_of);
            events.extend(page.into_iter().filter(until));
            if !full {
                return Ok(events);
            }
        }
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
        count_statement();
        self.log.open(events).await.map_err(|error| of_log(&error))
    }
}

fn read_as<E: StoredEvent>(recorded: Recorded) -> Result<(Recorded, E)> {
    let event = read::<E>(&recorded).map_err(|error| of_log(&error))?;
    Ok((recorded, event))
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
