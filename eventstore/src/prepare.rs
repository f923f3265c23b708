//! An append made ready by its caller: checked, sealed, hashed. What is left is one write.

use std::collections::HashSet;

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    decider::EventKind,
    ids::{CommandId, CorrelationId, EventId, SubjectId, TenantId},
    trace::Traceparent,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    append::{Append, EVENTS_MAX, STREAMS_MAX},
    canonical::{self, Envelope, NotCanonical},
    error::LogError,
    keys::{
        cipher,
        keyring::{KeyRows, Keyring},
    },
    recorded::StreamId,
    texts::{self, Sealed},
};

/// An append that only has to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub tenant: TenantId,
    pub command_id: CommandId,
    pub request_hash: [u8; 32],
    pub correlation_id: CorrelationId,
    pub traceparent: Option<Traceparent>,
    pub actor: Actor,
    pub actor_text: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub streams: Vec<PreparedStream>,
    /// Of all streams, in the order in which they get their positions.
    pub events: Vec<PreparedEvent>,
    pub shred_events: Vec<EventId>,
    pub forget_subjects: Vec<SubjectId>,
}

/// What happens to one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PreparedStream {
    pub stream: StreamId,
    pub expected_version: i32,
    /// How many events it gets.
    pub events: i32,
    /// Which of the append's events, from 1, is the last of this stream.
    pub last_offset: i32,
}

/// One event, sealed.
#[derive(Debug)]
pub(crate) struct PreparedEvent {
    pub stream: StreamId,
    pub version: i32,
    pub event_id: EventId,
    pub causation_id: Option<EventId>,
    pub kind: EventKind,
    pub payload: String,
    pub leaf_hash: [u8; 32],
    pub texts: Vec<Sealed>,
}

impl Prepared {
    /// The new version of each stream.
    pub(crate) fn versions(&self) -> Vec<i32> {
        self.streams.iter().map(|stream| stream.expected_version + stream.events).collect()
    }

    /// Whether it deletes texts; then it is written alone.
    pub(crate) fn deletes(&self) -> bool {
        !self.shred_events.is_empty() || !self.forget_subjects.is_empty()
    }

    /// How many events it has.
    pub(crate) fn events_count(&self) -> i32 {
        i32::try_from(self.events.len()).expect("checked against EVENTS_MAX")
    }
}

/// Checks, seals and hashes.
pub(crate) async fn prepare<R: KeyRows>(
    keyring: &Keyring<R>,
    append: Append,
) -> Result<Prepared, LogError> {
    check(&append)?;
    let mut payloads = Vec::new();
    let mut subjects = Vec::new();
    for (_, event) in append.streams.iter().flat_map(|stream| &stream.events) {
        let mut payload = event
            .to_payload()
            .map_err(|_| LogError::OutOfBounds("has an event that JSON cannot hold"))?;
        for subject in texts::subjects(&mut payload)? {
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        payloads.push(payload);
    }
    if let Some(erased) = subjects.iter().find(|it| append.forget_subjects.contains(it)) {
        return Err(LogError::SubjectErased(*erased));
    }
    let keys = keyring.sealing(append.tenant, &subjects).await?;
    let request_hash =
        cipher::keyed(&*keyring.index_key(append.tenant).await?, &append.request_hash);

    let mut prepared = Prepared {
        tenant: append.tenant,
        command_id: append.command_id,
        request_hash,
        correlation_id: append.correlation_id,
        traceparent: append.traceparent,
        actor_text: append.actor.to_string(),
        actor: append.actor,
        occurred_at: canonical::stored_instant(append.occurred_at),
        recorded_at: canonical::stored_instant(append.recorded_at),
        streams: Vec::with_capacity(append.streams.len()),
        events: Vec::with_capacity(payloads.len()),
        shred_events: append.shred_events,
        forget_subjects: append.forget_subjects,
    };
    let mut payloads = payloads.into_iter();
    let mut causation_id = append.causation_id;
    for part in append.streams {
        let mut version = part.expected_version;
        for (event_id, event) in part.events {
            version += 1;
            let mut payload = payloads.next().expect("one for each event");
            let texts = texts::seal(prepared.tenant, event_id, &mut payload, |subject| {
                keys.get(&subject).cloned()
            })?;
            let place = Place { stream: part.stream, version, event_id, causation_id };
            prepared.events.push(finish(&prepared, place, &event, &payload, texts)?);
            if append.follows_first && prepared.events.len() == 1 {
                causation_id = Some(event_id);
            }
        }
        prepared.streams.push(PreparedStream {
            stream: part.stream,
            expected_version: part.expected_version,
            events: version - part.expected_version,
            last_offset: prepared.events_count(),
        });
    }
    Ok(prepared)
}

/// Where an event stands, and what caused it.
#[derive(Clone, Copy)]
struct Place {
    stream: StreamId,
    version: i32,
    event_id: EventId,
    causation_id: Option<EventId>,
}

fn finish(
    prepared: &Prepared,
    place: Place,
    event: &AnyEvent,
    payload: &Value,
    texts: Vec<Sealed>,
) -> Result<PreparedEvent, LogError> {
    let Place { stream, version, event_id, causation_id } = place;
    let kind = event.kind();
    if kind.name.split('.').next() != Some(stream.stream_type.0) {
        return Err(LogError::OutOfBounds("puts an event into a stream of another type"));
    }
    let payload = canonical::canonical_text(payload).map_err(refused)?;
    let envelope = Envelope {
        tenant: prepared.tenant,
        stream,
        version,
        event_id,
        name: kind.name,
        schema_version: kind.version,
        command_id: prepared.command_id,
        correlation_id: prepared.correlation_id,
        causation_id,
        traceparent: prepared.traceparent,
        actor: &prepared.actor,
        occurred_at: prepared.occurred_at,
        recorded_at: prepared.recorded_at,
    };
    let bytes = canonical::canonical_event(&envelope, &payload).map_err(refused)?;
    let leaf_hash = canonical::leaf_hash(&bytes);
    Ok(PreparedEvent { stream, version, event_id, causation_id, kind, payload, leaf_hash, texts })
}

fn refused(reason: NotCanonical) -> LogError {
    LogError::OutOfBounds(match reason {
        NotCanonical::Malformed => "has an event that JSON cannot hold",
        NotCanonical::Fraction => "has an event with a number that is not whole",
        NotCanonical::Nul => "has an event with a NUL character",
    })
}

fn check(append: &Append) -> Result<(), LogError> {
    if append.streams.len() > STREAMS_MAX {
        return Err(LogError::OutOfBounds("names too many streams"));
    }
    let events = || append.streams.iter().flat_map(|stream| &stream.events);
    if events().count() > EVENTS_MAX {
        return Err(LogError::OutOfBounds("has too many events"));
    }
    if append.shred_events.len() > EVENTS_MAX || append.forget_subjects.len() > EVENTS_MAX {
        return Err(LogError::OutOfBounds("forgets too much at once"));
    }
    let mut streams = HashSet::with_capacity(append.streams.len());
    for part in &append.streams {
        if !streams.insert(part.stream.id) {
            return Err(LogError::OutOfBounds("names a stream twice"));
        }
        let room = i32::MAX - i32::try_from(EVENTS_MAX).expect("a small number");
        if !(0..=room).contains(&part.expected_version) {
            return Err(LogError::OutOfBounds("expects a version that no stream can have"));
        }
    }
    let mut ids = HashSet::new();
    if !events().all(|(id, _)| ids.insert(*id)) {
        return Err(LogError::OutOfBounds("has an event id twice"));
    }
    Ok(())
}
