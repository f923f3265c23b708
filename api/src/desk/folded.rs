//! States folded from streams, kept in memory between commands.

use std::{any::Any, cmp::Ordering, sync::Arc};

use allhours_domain::{
    catalogue::{AnyEvent, UnreadableEvent},
    decider::{Decider, StoredEvent},
    ids::TenantId,
};
use allhours_eventstore::{
    error::LogError,
    log::Log,
    recorded::{Recorded, StreamId, StreamType},
};
use quick_cache::sync::Cache;
use uuid::Uuid;

/// An aggregate whose events can stand in the log.
pub trait Aggregate: Decider<Event: Into<AnyEvent>> {}

impl<A: Decider<Event: Into<AnyEvent>>> Aggregate for A {}

/// The stream of an aggregate.
#[must_use]
pub fn stream_of<A: Aggregate>(id: impl Into<Uuid>) -> StreamId {
    StreamId { stream_type: StreamType(A::STREAM_TYPE), id: id.into() }
}

/// A state and the version of the stream it was folded from; version 0 where nothing happened.
#[derive(Debug, Clone)]
pub struct Folded<A> {
    /// How many events it was folded from.
    pub version: i32,
    /// The state.
    pub state: Arc<A>,
}

#[derive(Clone)]
pub(super) struct Kept {
    pub version: i32,
    pub state: Arc<dyn Any + Send + Sync>,
}

/// A bounded memory of folded states. It may be behind; an append tells.
#[derive(Clone)]
pub(super) struct States(Arc<Cache<(TenantId, StreamId), Kept>>);

impl States {
    pub fn new(states_max: usize) -> Self {
        Self(Arc::new(Cache::new(states_max)))
    }

    pub fn get<A: Aggregate>(&self, tenant: TenantId, stream: StreamId) -> Option<Folded<A>> {
        let Kept { version, state } = self.0.get(&(tenant, stream))?;
        Some(Folded { version, state: state.downcast().ok()? })
    }

    /// Keeps a state, unless a newer one is kept already.
    pub fn keep(&self, tenant: TenantId, stream: StreamId, kept: Kept) {
        let key = (tenant, stream);
        if self.0.peek(&key).is_none_or(|known| known.version < kept.version) {
            self.0.insert(key, kept);
        }
    }

    pub fn forget(&self, tenant: TenantId, stream: StreamId) {
        self.0.remove(&(tenant, stream));
    }
}

/// How many events are loaded at once.
const PAGE: usize = 1_000;

/// Folds the rest of a stream onto what is known of it.
pub(super) async fn fold<A: Aggregate, L: Log>(
    log: &L,
    tenant: TenantId,
    stream: StreamId,
    known: Option<Folded<A>>,
) -> Result<Folded<A>, LogError> {
    let mut folded = known.unwrap_or_else(|| Folded { version: 0, state: Arc::default() });
    loop {
        let page = log.load(tenant, stream, folded.version, PAGE).await?;
        if page.is_empty() {
            return Ok(folded);
        }
        let state = Arc::make_mut(&mut folded.state);
        for recorded in &page {
            state.evolve(&read::<A::Event>(recorded)?);
            folded.version = recorded.version;
        }
        if page.len() < PAGE {
            return Ok(folded);
        }
    }
}

/// Reads a stored event as one of its aggregate's.
pub(crate) fn read<E: StoredEvent>(recorded: &Recorded) -> Result<E, LogError> {
    let unreadable = |source| LogError::Unreadable { position: recorded.position, source };
    let name = recorded.name.as_str();
    let unknown = || unreadable(UnreadableEvent::UnknownName(name.to_owned()));
    let newest = E::CATALOGUE.iter().find(|kind| kind.name == name).ok_or_else(unknown)?.version;
    let version = recorded.schema_version;
    let event = match version.cmp(&newest) {
        Ordering::Equal => E::from_payload(name, &recorded.payload),
        Ordering::Less => {
            let older = serde_json::from_str(&recorded.payload);
            let older = older.map_err(|error| unreadable(error.into()))?;
            E::from_payload(name, &E::upcast(name, version, older).to_string())
        }
        Ordering::Greater => {
            let name = name.to_owned();
            return Err(unreadable(UnreadableEvent::TooNew { name, version, newest }));
        }
    };
    event.ok_or_else(unknown)?.map_err(|error| unreadable(error.into()))
}
