//! Why a mutation did not do what was asked: to be mended by the caller, or a fault.

use std::borrow::Cow;

use allhours_domain::{
    actor::Actor, conversation::ConversationRefusal, decider::Refusal, ids::AgentId,
};
use allhours_eventstore::error::LogError;
use async_graphql::Error;
use jiff::Timestamp;

use super::{error::of_log, timeline, viewer::Viewer};
use crate::desk::{AnyRefusal, CommandError};

/// A rule's no, or an input that no command can be made of: part of the payload.
#[derive(Debug, Clone)]
pub struct UserProblem {
    /// The code, as in the mutation's enum.
    pub code: Cow<'static, str>,
    /// In words.
    pub message: String,
    /// Which part of the input, if one is to blame.
    pub field: Option<&'static str>,
    /// Who is responsible, where that is why.
    pub holder: Option<AgentId>,
    /// The version there is, where the caller's is stale.
    pub current_version: Option<i32>,
    /// The stored name of how it was changed last.
    pub changed: Option<String>,
    /// Who changed it last.
    pub changed_by: Option<Actor>,
    /// When.
    pub changed_at: Option<Timestamp>,
}

/// Why a mutation did not do what was asked.
#[derive(Debug)]
pub enum Problem {
    /// The caller's to know and mend.
    User(Box<UserProblem>),
    /// Not the caller's.
    Fault(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::CommandReused(_) => Self::user(
                "IDEMPOTENCY_KEY_REUSED",
                "this idempotencyKey was used before, for something else",
                Some("idempotencyKey"),
            ),
            LogError::SubjectErased(_) => {
                Self::user("SUBJECT_ERASED", "whoever this is about was erased", None)
            }
            // Of all ids that a stream begins with, callers choose those of people alone.
            LogError::OtherType(_) => Self::user(
                "PERSON_TAKEN",
                "this personId is known here as something else: an agent can't be a customer as \
                 well, nor a customer an agent",
                Some("personId"),
            ),
            error => Self::Fault(of_log(&error)),
        }
    }
}

impl From<CommandError<AnyRefusal>> for Problem {
    fn from(error: CommandError<AnyRefusal>) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::refused(&refusal),
            CommandError::Stale(stale) => {
                let message = format!("it is at version {} by now", stale.actual);
                let mut problem = UserProblem::new("STALE_VERSION", message);
                problem.field = Some("expectedVersion");
                problem.current_version = Some(stale.actual);
                problem.changed.clone_from(&stale.name);
                problem.changed_by.clone_from(&stale.by);
                problem.changed_at = stale.at;
                Self::User(Box::new(problem))
            }
            CommandError::Log(error) => error.into(),
        }
    }
}

impl UserProblem {
    /// The path of the input to blame.
    #[must_use]
    pub fn path(&self) -> Option<Vec<String>> {
        self.field.map(|field| vec!["input".to_owned(), field.to_owned()])
    }

    fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            field: None,
            holder: None,
            current_version: None,
            changed: None,
            changed_by: None,
            changed_at: None,
        }
    }
}

impl Problem {
    /// A problem with a code of the mutation's enum.
    #[must_use]
    pub fn user(
        code: &'static str,
        message: impl Into<String>,
        field: Option<&'static str>,
    ) -> Self {
        let mut problem = UserProblem::new(code, message);
        problem.field = field;
        Self::User(Box::new(problem))
    }

    /// There is no such thing, or it is not for this viewer.
    #[must_use]
    pub fn not_found(field: &'static str) -> Self {
        Self::user("NOT_FOUND", "there is no such thing", Some(field))
    }

    /// The same, as its viewer may know it: who wrote a private note, and when, is not for
    /// customers, and neither is what else they are not shown to have happened.
    #[must_use]
    pub fn seen_by(mut self, viewer: &Viewer) -> Self {
        if let Self::User(problem) = &mut self
            && !problem.changed.as_deref().is_some_and(|name| timeline::may_know(viewer, name))
        {
            problem.changed_by = None;
            problem.changed_at = None;
        }
        self
    }

    fn refused(refusal: &AnyRefusal) -> Self {
        // What is not there and what is not for this viewer look alike, whoever finds out.
        let code = match refusal.code() {
            "NO_SUCH_CONVERSATION"
            | "NO_SUCH_AGENT"
            | "NO_SUCH_CUSTOMER"
            | "NO_SUCH_TEAM"
            | "NO_SUCH_ARTICLE"
            | "NO_SUCH_INTAKE"
            | "NO_SUCH_DESK" => "NOT_FOUND",
            code => code,
        };
        let mut problem = UserProblem::new(code, refusal.to_string());
        problem.field = field_of(refusal.code());
        problem.holder = refusal.get::<ConversationRefusal>().and_then(holder);
        Self::User(Box::new(problem))
    }
}

/// The part of the input to blame, where a refusal is about nothing else.
fn field_of(code: &str) -> Option<&'static str> {
    match code {
        "NOT_IN_FUTURE" | "SNOOZE_TOO_LONG" => Some("until"),
        _ => None,
    }
}

/// Who is responsible, where a refusal says so.
fn holder(refusal: &ConversationRefusal) -> Option<AgentId> {
    let (ConversationRefusal::AlreadyClaimed { by: agent }
    | ConversationRefusal::BelongsTo { agent }) = refusal
    else {
        return None;
    };
    Some(*agent)
}
