//! The log in memory, for fast tests: the same contract, nothing on disk.

mod checkpoints;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use allhours_domain::ids::{CommandId, EventId, SubjectId, TenantId};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    append::{Append, Receipt},
    checkpoint::Kept,
    error::LogError,
    history::{EventFilter, History, Parts, Start},
    keys::{MasterKeys, cipher, keyring::Keyring, memory_rows::MemoryRows},
    log::Log,
    opening::{Ciphertexts, Opening},
    prepare::{Prepared, PreparedStream, prepare},
    recorded::{Position, Recorded, StreamId, StreamType},
};

/// Where a sealed text stands; the last is its number among those of its event.
type TextPlace = (TenantId, SubjectId, Position, i16);

/// A log in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    keyring: Keyring<MemoryRows>,
    state: Mutex<State>,
    grown: watch::Sender<Position>,
}

#[derive(Debug, Default)]
struct State {
    /// Position 1 stands at index 0.
    events: Vec<Recorded>,
    streams: HashMap<(TenantId, Uuid), (StreamType, Vec<Position>)>,
    commands: HashMap<(TenantId, CommandId), ([u8; 32], Position)>,
    event_ids: HashMap<EventId, Position>,
    sealed: BTreeMap<TextPlace, (i16, Arc<[u8]>)>,
    checkpoints: BTreeMap<Position, Kept>,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new(keys: impl Into<MasterKeys>) -> Self {
        Self(Arc::new(Shared {
            keyring: Keyring::new(keys.into(), MemoryRows::default()),
            state: Mutex::default(),
            grown: watch::Sender::new(0),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, prepared: &Prepared) -> Result<Receipt, LogError> {
        let mut state = self.state();
        if let Some(position) =
            state.answer(prepared.tenant, prepared.command_id, prepared.request_hash)?
        {
            return Ok(Receipt { position, versions: Vec::new(), repeated: true });
        }
        for stream in &prepared.streams {
            state.check(prepared.tenant, stream)?;
        }
        let rows = &self.0.keyring.rows;
        for text in prepared.events.iter().flat_map(|event| &event.texts) {
            if rows.is_forgotten(prepared.tenant, text.subject) {
                return Err(LogError::SubjectErased(text.subject));
            }
        }
        if prepared.events.iter().any(|event| state.event_ids.contains_key(&event.event_id)) {
            return Err(LogError::OutOfBounds("has an event id that was used before"));
        }
        state.insert(prepared);
        state.forget(prepared);
        for subject in &prepared.forget_subjects {
            rows.forget(prepared.tenant, *subject);
            self.0.keyring.drop_subject(prepared.tenant, *subject);
        }
        let position = state.head();
        let answer = (prepared.request_hash, position);
        state.commands.insert((prepared.tenant, prepared.command_id), answer);
        Ok(Receipt { position, versions: prepared.versions(), repeated: false })
    }
}

impl State {
    fn head(&self) -> Position {
        Position::try_from(self.events.len()).expect("memory holds fewer events")
    }

    fn at(&self, position: Position) -> Option<&Recorded> {
        self.events.get(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    fn answer(
        &self,
        tenant: TenantId,
        command_id: CommandId,
        request_hash: [u8; 32],
    ) -> Result<Option<Position>, LogError> {
        match self.commands.get(&(tenant, command_id)) {
            Some((hash, position)) if *hash == request_hash => Ok(Some(*position)),
            Some(_) => Err(LogError::CommandReused(command_id)),
            None => Ok(None),
        }
    }

    fn check(&self, tenant: TenantId, part: &PreparedStream) -> Result<(), LogError> {
        let Some((stream_type, positions)) = self.streams.get(&(tenant, part.stream.id)) else {
            return conflict(part, None, 0);
        };
        if *stream_type != part.stream.stream_type {
            return Err(LogError::OtherType(part.stream));
        }
        let last = positions.last().and_then(|position| self.at(*position));
        conflict(part, last, last.map_or(0, |event| event.version))
    }

    fn insert(&mut self, prepared: &Prepared) {
        for event in &prepared.events {
            let position = self.head() + 1;
            self.event_ids.insert(event.event_id, position);
            let stream = event.stream;
            let entry = self.streams.entry((prepared.tenant, stream.id));
            entry.or_insert((stream.stream_type, Vec::new())).1.push(position);
            for text in &event.texts {
                let key = (prepared.tenant, text.subject, position, text.field);
                self.sealed.insert(key, (text.generation, text.ciphertext.clone().into()));
            }
            self.events.push(Recorded {
                position,
                tenant: prepared.tenant,
                stream,
                version: event.version,
                event_id: event.event_id,
                name: event.kind.name.to_owned(),
                schema_version: event.kind.version,
                command_id: prepared.command_id,
                correlation_id: prepared.correlation_id,
                causation_id: event.causation_id,
                traceparent: prepared.traceparent,
                actor: prepared.actor.clone(),
                occurred_at: prepared.occurred_at,
                recorded_at: prepared.recorded_at,
                payload: event.payload.clone(),
                leaf_hash: event.leaf_hash,
            });
        }
    }

    fn forget(&mut self, prepared: &Prepared) {
        let positions = prepared.shred_events.iter().filter_map(|id| self.event_ids.get(id));
        let shredded: Vec<Position> = positions.copied().collect();
        self.sealed.retain(|(tenant, subject, position, _), _| {
            *tenant != prepared.tenant
                || !(shredded.contains(position) || prepared.forget_subjects.contains(subject))
        });
    }

    fn about(&self, tenant: TenantId, subject: SubjectId) -> impl Iterator<Item = Position> {
        let first = (tenant, subject, Position::MIN, i16::MIN);
        let last = (tenant, subject, Position::MAX, i16::MAX);
        self.sealed.range(first..=last).map(|(key, _)| key.2)
    }
}

fn conflict(part: &PreparedStream, last: Option<&Recorded>, actual: i32) -> Result<(), LogError> {
    if actual == part.expected_version {
        return Ok(());
    }
    Err(LogError::Conflict {
        stream: part.stream,
        expected: part.expected_version,
        actual,
        by: last.map(|event| event.actor.clone()),
        at: last.map(|event| event.recorded_at),
    })
}

impl Log for MemoryLog {
    async fn append(&self, append: Append) -> Result<Receipt, LogError> {
        let answered = self.answered(append.tenant, append.command_id, append.request_hash).await?;
        if let Some(position) = answered {
            return Ok(Receipt { position, versions: Vec::new(), repeated: true });
        }
        let prepared = prepare(&self.0.keyring, append).await?;
        let receipt = self.write(&prepared)?;
        self.0.grown.send_if_modified(|known| {
            let grown = *known < receipt.position;
            *known = receipt.position.max(*known);
            grown
        });
        Ok(receipt)
    }

    async fn load(
        &self,
        tenant: TenantId,
        stream: StreamId,
        after_version: i32,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let state = self.state();
        let Some((stream_type, positions)) = state.streams.get(&(tenant, stream.id)) else {
            return Ok(Vec::new());
        };
        if *stream_type != stream.stream_type {
            return Ok(Vec::new());
        }
        let after = usize::try_from(after_version).unwrap_or(0);
        let positions = positions.iter().skip(after).take(limit);
        Ok(positions.filter_map(|position| state.at(*position).cloned()).collect())
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, LogError> {
        let after = usize::try_from(after).unwrap_or(0);
        Ok(self.state().events.iter().skip(after).take(limit).cloned().collect())
    }

    async fn open(&self, events: Vec<Recorded>) -> Result<Vec<Recorded>, LogError> {
        let opening = Opening::of(events)?;
        if opening.wanted.is_empty() {
            return opening.finish(&Ciphertexts::new(), &HashMap::new());
        }
        let keys = self.0.keyring.opening(opening.subjects()).await?;
        let ciphertexts = {
            let state = self.state();
            let found = opening.wanted.iter().filter_map(|it| {
                let key = (it.tenant, it.subject, it.position, it.field);
                Some(((it.position, it.field), state.sealed.get(&key)?.clone()))
            });
            found.collect()
        };
        opening.finish(&ciphertexts, &keys)
    }

    async fn answered(
        &self,
        tenant: TenantId,
        command_id: CommandId,
        request_hash: [u8; 32],
    ) -> Result<Option<Position>, LogError> {
        let request_hash = cipher::keyed(&*self.0.keyring.index_key(tenant).await?, &request_hash);
        self.state().answer(tenant, command_id, request_hash)
    }

    async fn blind_index(&self, tenant: TenantId, text: &str) -> Result<Uuid, LogError> {
        Ok(cipher::blind(&*self.0.keyring.index_key(tenant).await?, text))
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(self.state().head())
    }

    fn grown(&self) -> watch::Receiver<Position> {
        self.0.grown.subscribe()
    }
}

impl History for MemoryLog {
    async fn at_positions(
        &self,
        tenant: TenantId,
        positions: &[Position],
    ) -> Result<Vec<Recorded>, LogError> {
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        let state = self.state();
        let events = positions.into_iter().filter_map(|position| state.at(position));
        Ok(events.filter(|event| event.tenant == tenant).cloned().collect())
    }

    async fn by_ids(
        &self,
        tenant: TenantId,
        events: &[EventId],
    ) -> Result<Vec<Recorded>, LogError> {
        let state = self.state();
        let events: BTreeSet<_> = events.iter().collect();
        let positions = events.into_iter().filter_map(|event| state.event_ids.get(event));
        let found = positions.filter_map(|position| state.at(*position));
        Ok(found.filter(|event| event.tenant == tenant).cloned().collect())
    }

    async fn page(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        start: Start,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let state = self.state();
        let fits = |event: &&Recorded| event.tenant == tenant && filter.fits(event);
        Ok(match start {
            Start::Oldest => state.events.iter().filter(fits).take(limit).cloned().collect(),
            Start::Newest => state.events.iter().rev().filter(fits).take(limit).cloned().collect(),
        })
    }

    async fn parts(
        &self,
        tenant: TenantId,
        parts: &Parts,
        start: Start,
        limit_each: usize,
    ) -> Result<Vec<(usize, Recorded)>, LogError> {
        let mut found = Vec::new();
        for (number, part) in parts.parts.iter().enumerate() {
            let filter = EventFilter {
                after: parts.after,
                before: parts.before,
                stream: Some(part.stream),
                names: parts.names.clone(),
                ..EventFilter::default()
            };
            let of_stream = self.page(tenant, &filter, start, usize::MAX).await?;
            let fitting = of_stream.into_iter().filter(|event| part.fits(event)).take(limit_each);
            found.extend(fitting.map(|event| (number, event)));
        }
        Ok(found)
    }

    async fn position_at(&self, at: Timestamp) -> Result<Position, LogError> {
        let state = self.state();
        let last = state.events.iter().rposition(|event| event.recorded_at <= at);
        let position = last.map_or(0, |index| index + 1);
        Ok(Position::try_from(position).expect("memory holds fewer events"))
    }

    async fn texts_about(&self, tenant: TenantId, subjects: &[SubjectId]) -> Result<u64, LogError> {
        let state = self.state();
        Ok(subjects.iter().map(|subject| state.about(tenant, *subject).count() as u64).sum())
    }

    async fn positions_about(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Position>, LogError> {
        let state = self.state();
        let mut positions: Vec<_> = state.about(tenant, subject).collect();
        positions.dedup();
        Ok(positions.into_iter().filter(|position| *position > after).take(limit).collect())
    }
}

#[cfg(test)]
mod tests {
    //! The contract, kept in memory.

    use super::*;
    use crate::keys::MasterKey;

    fn fresh() -> (MemoryLog, ()) {
        (MemoryLog::new(MasterKey::generate().expect("a random source")), ())
    }

    crate::contract_suite!(std::future::ready(fresh()));
}
