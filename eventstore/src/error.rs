//! What can go wrong between the code and the log. A rule's no is not one of these.

use allhours_domain::{
    actor::Actor,
    catalogue::UnreadableEvent,
    ids::{CommandId, SubjectId},
};
use jiff::Timestamp;

use crate::recorded::{Position, StreamId};

/// A failure of the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Somebody else appended first; load again and decide again.
    #[error("{stream} is at version {actual}, not {expected}")]
    Conflict {
        /// The stream that both wanted to change.
        stream: StreamId,
        /// The version that the decision was made on.
        expected: i32,
        /// The version it has.
        actual: i32,
        /// Who wrote last, if that could be read.
        by: Option<Actor>,
        /// When they wrote, if that could be read.
        at: Option<Timestamp>,
    },
    /// The command id was used before, for something else.
    #[error("command {0} was used before with other content")]
    CommandReused(CommandId),
    /// Nobody knows whether the append happened; send the same command id again.
    #[error("the outcome is unknown; send the same command again to settle it")]
    Unknown(#[source] Option<tokio_postgres::Error>),
    /// The queue of waiting appends is full, or the log is stopping; nothing was written.
    #[error("the log takes no more commands just now")]
    Busy,
    /// The append breaks a limit of the log; a bug of the caller.
    #[error("an append {0}")]
    OutOfBounds(&'static str),
    /// Something of another type has this id. An id names one stream.
    #[error("{0} is the id of something else")]
    OtherType(StreamId),
    /// A subject was forgotten; nothing personal can be written about it any more.
    #[error("subject {0} was erased")]
    SubjectErased(SubjectId),
    /// A key is missing or does not open what it should.
    #[error("a key {0}")]
    Key(&'static str),
    /// A stored event does not read as the code expects.
    #[error("event {position} does not read back")]
    Unreadable {
        /// Which event.
        position: Position,
        /// Why.
        source: UnreadableEvent,
    },
    /// A stored row does not read as the code expects: a bug, a bad migration, tampering.
    #[error("`{column}` of event {position} does not read back")]
    Inconsistent {
        /// Which event.
        position: Position,
        /// Which column.
        column: &'static str,
    },
    /// No connection.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A statement failed.
    #[error("the database refused a statement")]
    Database(#[from] tokio_postgres::Error),
}
