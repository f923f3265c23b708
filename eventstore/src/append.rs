//! What an append is, and what comes back.

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    ids::{CommandId, CorrelationId, EventId, SubjectId, TenantId},
    trace::Traceparent,
};
use jiff::Timestamp;

use crate::recorded::{Position, StreamId};

/// All that one command wants to write: to several streams at once, all or nothing.
#[derive(Debug, Clone)]
pub struct Append {
    /// Whose.
    pub tenant: TenantId,
    /// The command's id: sent again with the same content, it has no further effect.
    pub command_id: CommandId,
    /// SHA-256 of what was asked, to tell a retry from another command with the same id. It is
    /// kept as an HMAC under the tenant's index key: what was asked may name a person, who could
    /// be found out by trying, also after they were forgotten.
    pub request_hash: [u8; 32],
    /// All that follows from one outside cause.
    pub correlation_id: CorrelationId,
    /// The event that made somebody send the command, if any.
    pub causation_id: Option<EventId>,
    /// Whether all events after the first were caused by the first, and not by `causation_id`.
    pub follows_first: bool,
    /// The W3C trace of the request that asked for it, if it was part of one.
    pub traceparent: Option<Traceparent>,
    /// Who or what asks.
    pub actor: Actor,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it is written down.
    pub recorded_at: Timestamp,
    /// To which streams; none twice, at most [`STREAMS_MAX`].
    pub streams: Vec<StreamAppend>,
    /// Sealed texts to delete in the same transaction: all of these events.
    pub shred_events: Vec<EventId>,
    /// Subjects to forget in the same transaction: key destroyed, all texts deleted.
    pub forget_subjects: Vec<SubjectId>,
}

/// The part of an append that goes to one stream.
#[derive(Debug, Clone)]
pub struct StreamAppend {
    /// Which stream.
    pub stream: StreamId,
    /// The version that the decision was made on; 0 for a stream that must not exist yet.
    pub expected_version: i32,
    /// New events with their ids, in order; at most [`EVENTS_MAX`] in a whole append.
    /// None: the stream is only required to still be at `expected_version`.
    pub events: Vec<(EventId, AnyEvent)>,
}

/// The most streams in one append.
pub const STREAMS_MAX: usize = 64;
/// The most events in one append.
pub const EVENTS_MAX: usize = 1_000;

/// What an accepted append did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The position of the last event written; for a repeated command, of the first time.
    /// Where nothing was to be written: the head of the log as far as known.
    pub position: Position,
    /// The new version of each stream, in the order asked. Empty for a repeated command.
    pub versions: Vec<i32>,
    /// Whether this command id had been answered before; then nothing was written now.
    pub repeated: bool,
}
