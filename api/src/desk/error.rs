//! What a command can meet: a rule's no, somebody faster, or a failure.

use std::{any::Any, fmt, sync::Arc};

use allhours_domain::{actor::Actor, decider::Refusal};
use allhours_eventstore::{error::LogError, recorded::StreamId};
use jiff::Timestamp;

/// What became of a command that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Reads that wait for this position see what the command did.
    pub position: i64,
    /// The version of the (first) stream: after the command, or, for a repeated one, as it is now.
    pub version: i32,
    /// Whether the same command had been granted before; then nothing happened now.
    pub repeated: bool,
}

/// Why a command was not granted.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R> {
    /// A rule said no.
    #[error(transparent)]
    Refused(R),
    /// The state has moved on since the caller saw it.
    #[error(transparent)]
    Stale(Box<Stale>),
    /// The log failed; with [`LogError::Unknown`] nobody knows whether it happened.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Somebody else wrote first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stream} is at version {actual}, not {expected}")]
pub struct Stale {
    /// Which stream.
    pub stream: StreamId,
    /// The version that the caller saw.
    pub expected: i32,
    /// The version it has.
    pub actual: i32,
    /// The stored name of what happened last, if anything did.
    pub name: Option<String>,
    /// Who wrote last, if anybody did.
    pub by: Option<Actor>,
    /// When they wrote.
    pub at: Option<Timestamp>,
}

/// A refusal of any aggregate, for units of work over several.
#[derive(Clone)]
pub struct AnyRefusal {
    code: &'static str,
    message: String,
    refusal: Arc<dyn Any + Send + Sync>,
}

impl AnyRefusal {
    /// Wraps a refusal.
    #[must_use]
    pub fn new<R: Refusal>(refusal: R) -> Self {
        let (code, message) = (refusal.code(), refusal.to_string());
        Self { code, message, refusal: Arc::new(refusal) }
    }

    /// The refusal itself, if it is of this aggregate.
    #[must_use]
    pub fn get<R: Refusal>(&self) -> Option<&R> {
        self.refusal.downcast_ref()
    }
}

impl fmt::Debug for AnyRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl fmt::Display for AnyRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl PartialEq for AnyRefusal {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code && self.message == other.message
    }
}

impl std::error::Error for AnyRefusal {}

impl Refusal for AnyRefusal {
    fn code(&self) -> &'static str {
        self.code
    }
}

impl<R: Refusal> CommandError<R> {
    /// The same with the refusal wrapped, so that all aggregates' errors are one type.
    #[must_use]
    pub fn erased(self) -> CommandError<AnyRefusal> {
        match self {
            Self::Refused(refusal) => CommandError::Refused(AnyRefusal::new(refusal)),
            Self::Stale(stale) => CommandError::Stale(stale),
            Self::Log(error) => CommandError::Log(error),
        }
    }
}
