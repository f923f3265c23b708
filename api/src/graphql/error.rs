//! Top-level errors: what went wrong for the program or the request, never a rule's no.
//!
//! Each carries `extensions.code` from one fixed list. What went wrong inside goes along as a
//! [`Cause`], which is logged with the answer and never told to callers.

use std::sync::Arc;

use allhours_eventstore::error::LogError;
use async_graphql::{Error, ErrorExtensions};

/// The fixed list of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Nobody signed in.
    Unauthenticated,
    /// This role may not.
    Forbidden,
    /// There is no such thing, or it is not for this viewer; the two look alike.
    NotFound,
    /// Somebody else was faster, again and again.
    Conflict,
    /// Too much at once; see `Retry-After`.
    RateLimited,
    /// The query is too deep, too wide or costs too much.
    CostExceeded,
    /// The request itself does not fit the schema or its bounds.
    BadUserInput,
    /// Not now; the same request can be sent again.
    Unavailable,
    /// A fault of the program.
    Internal,
}

impl Code {
    /// As it stands in `extensions.code`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::CostExceeded => "COST_EXCEEDED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// An error with this code.
    #[must_use]
    pub fn error(self, message: impl Into<String>) -> Error {
        Error::new(message).extend_with(|_, extensions| extensions.set("code", self.as_str()))
    }
}

/// What a failure of the log looks like from outside.
#[must_use]
pub fn of_log(error: &LogError) -> Error {
    match error {
        LogError::Conflict { .. } => {
            Code::Conflict.error("somebody else keeps changing this; send it again")
        }
        LogError::Unknown(_) => {
            let told = "nobody knows whether it happened; send it again with the same \
                        idempotencyKey";
            because(error, Code::Unavailable.error(told))
        }
        LogError::Busy => Code::Unavailable.error("the log takes no more just now"),
        LogError::Pool(_) | LogError::Database(_) => unavailable(error),
        LogError::CommandReused(_)
        | LogError::OutOfBounds(_)
        | LogError::OtherType(_)
        | LogError::SubjectErased(_)
        | LogError::Key(_)
        | LogError::Unreadable { .. }
        | LogError::Inconsistent { .. } => internal(error),
    }
}

/// A fault that callers are not told about, only that there is one.
#[must_use]
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Error {
    because(error, Code::Internal.error("something went wrong here; it was logged"))
}

/// Something below does not answer.
#[must_use]
pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Error {
    because(error, Code::Unavailable.error("the database does not answer just now"))
}

/// Why there is an error, for the log: it is written there once the answer is, by the id of the
/// request, and never told to callers.
#[derive(Debug)]
pub struct Cause(String);

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn because(error: &(dyn std::error::Error + 'static), told: Error) -> Error {
    Error { source: Some(Arc::new(Cause(Chain(error).to_string()))), ..told }
}

/// An error with all that caused it.
struct Chain<'e>(&'e (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
