//! What stands in the log: one event with its envelope.

use allhours_domain::{
    actor::Actor,
    catalogue::{AnyEvent, UnreadableEvent},
    ids::{CommandId, CorrelationId, EventId, TenantId},
    trace::Traceparent,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The number of an event in the whole log: gapless, from 1, in commit order.
pub type Position = i64;

/// A stream: all events of one aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// The stored name of the aggregate's type, `conversation`.
    pub stream_type: StreamType,
    /// The aggregate's id.
    pub id: Uuid,
}

/// The stored name of an aggregate's type; always one of the program's own constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StreamType(pub &'static str);

/// The stream types there are.
pub const STREAM_TYPES: &[&str] =
    &["agent", "article", "conversation", "customer", "desk", "identity", "intake", "team"];

impl StreamType {
    /// From the stored name; `None` where this program knows no such type.
    #[must_use]
    pub fn parse(stored: &str) -> Option<Self> {
        STREAM_TYPES.iter().find(|name| **name == stored).map(|name| Self(name))
    }
}

impl<'de> Deserialize<'de> for StreamType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = String::deserialize(deserializer)?;
        Self::parse(&stored)
            .ok_or_else(|| serde::de::Error::custom(format!("no stream type `{stored}`")))
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.stream_type.0, self.id)
    }
}

/// One event as the log holds it. Personal texts are sealed unless they were opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the whole log.
    pub position: Position,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which stream.
    pub stream: StreamId,
    /// Its number in the stream, from 1.
    pub version: i32,
    /// Its own id.
    pub event_id: EventId,
    /// The stored name, `conversation.opened`.
    pub name: String,
    /// The version of its shape when it was written.
    pub schema_version: i16,
    /// The command that caused it.
    pub command_id: CommandId,
    /// All that follows from one outside cause.
    pub correlation_id: CorrelationId,
    /// The event that made somebody send the command, if any.
    pub causation_id: Option<EventId>,
    /// The W3C trace of the request that asked for it, if it was part of one.
    pub traceparent: Option<Traceparent>,
    /// Who or what caused it.
    pub actor: Actor,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// The payload, JSON text in the shape of `schema_version`.
    pub payload: String,
    /// SHA-256 over the canonical bytes of all the above but `position`.
    pub leaf_hash: [u8; 32],
}

impl Recorded {
    /// The event in its newest shape.
    ///
    /// # Errors
    ///
    /// An unknown name, a version from the future, or a payload that does not fit.
    pub fn event(&self) -> Result<AnyEvent, UnreadableEvent> {
        AnyEvent::read(&self.name, self.schema_version, &self.payload)
    }
}
