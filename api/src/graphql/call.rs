//! One mutation under way: who asks, as which command, and what becomes of it.

use std::borrow::Cow;

use allhours_domain::{
    actor::Actor,
    conversation::{Conversation, ConversationRefusal},
    customer::Customer,
    decider::Refusal,
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    text::TextRefusal,
};
use allhours_eventstore::error::LogError;
use async_graphql::{Context, Error, ID, Value, resolver_utils::EnumType};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    error::{Code, of_log},
    id::Kind,
    services::Services,
    viewer::Viewer,
};
use crate::{
    clock,
    desk::{Aggregate, AnyRefusal, CommandContext, CommandError, Done, Folded},
};

/// The most characters an idempotency key may have.
const KEY_CHARACTERS_MAX: usize = 200;

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
        problem.holder = refusal.get::<ConversationRefusal>().and_then(holder);
        Self::User(Box::new(problem))
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

/// One mutation under way.
pub struct Call<'c> {
    /// The request.
    pub ctx: &'c Context<'c>,
    /// What mutations stand on.
    pub services: &'c Services,
    /// Who asks.
    pub viewer: &'c Viewer,
    /// As which command.
    pub command: CommandContext,
    /// The version the caller saw.
    pub expected: Option<i32>,
    keyed: bool,
}

/// What a mutation did, and what it did it to.
pub type Granted<T> = Result<(Done, T), Problem>;

impl<'c> Call<'c> {
    /// Begins a mutation; the command's id follows from the key, where one is given.
    ///
    /// # Errors
    ///
    /// An unusable idempotency key; a request without a viewer.
    pub fn begin(
        ctx: &'c Context<'c>,
        key: Option<&str>,
        expected: Option<i32>,
    ) -> Result<Self, Error> {
        let services = ctx.data::<Services>()?;
        let viewer = Viewer::of(ctx)?;
        let mut command = CommandContext::now(viewer.tenant, viewer.actor());
        if let Some(key) = key {
            if key.trim().is_empty() || key.chars().count() > KEY_CHARACTERS_MAX {
                let message = format!("an idempotencyKey has 1 to {KEY_CHARACTERS_MAX} characters");
                return Err(Code::BadUserInput.error(message));
            }
            command = command.keyed(key).asked(&asked(ctx)?);
        }
        Ok(Self { ctx, services, viewer, command, expected, keyed: key.is_some() })
    }

    /// When the command is given.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.command.at
    }

    /// A new id; a retry under the same idempotency key gets the same one.
    #[must_use]
    pub fn new_id(&self, what: &str) -> Uuid {
        if self.keyed { self.command.derived_id(what) } else { clock::new_id() }
    }

    /// The agent who asks.
    ///
    /// # Errors
    ///
    /// The viewer is no agent.
    pub fn agent(&self) -> Result<AgentId, Problem> {
        let no_agent = || Code::Forbidden.error("only agents may").into();
        self.viewer.agent().ok_or_else(no_agent)
    }

    /// An id of this kind.
    ///
    /// # Errors
    ///
    /// It is no such id.
    pub fn id<I: From<Uuid>>(
        &self,
        kind: Kind,
        field: &'static str,
        id: &ID,
    ) -> Result<I, Problem> {
        kind.read(id).map(I::from).ok_or_else(|| Problem::not_found(field))
    }

    /// The state of an aggregate that must be there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn found<A: Aggregate>(
        &self,
        kind: Kind,
        field: &'static str,
        id: &ID,
    ) -> Result<(Uuid, Folded<A>), Problem> {
        let id: Uuid = self.id(kind, field, id)?;
        let folded = self.services.desk.load::<A>(self.viewer.tenant, id).await?;
        if folded.version == 0 { Err(Problem::not_found(field)) } else { Ok((id, folded)) }
    }

    /// An agent who is there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_agent(&self, field: &'static str, id: &ID) -> Result<AgentId, Problem> {
        let found = self.found::<allhours_domain::agent::Agent>(Kind::Agent, field, id);
        Ok(AgentId(found.await?.0))
    }

    /// A team that is there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_team(&self, field: &'static str, id: &ID) -> Result<TeamId, Problem> {
        let found = self.found::<allhours_domain::team::Team>(Kind::Team, field, id);
        Ok(TeamId(found.await?.0))
    }

    /// A customer that is there and that the viewer may see.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_customer(
        &self,
        field: &'static str,
        id: &ID,
    ) -> Result<(CustomerId, Folded<Customer>), Problem> {
        let (id, folded) = self.found::<Customer>(Kind::Customer, field, id).await?;
        match self.viewer.customer() {
            Some(own) if own.0 != id => Err(Problem::not_found(field)),
            _ => Ok((CustomerId(id), folded)),
        }
    }

    /// A conversation that is there and that the viewer may see.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_conversation(
        &self,
        field: &'static str,
        id: &ID,
    ) -> Result<(ConversationId, Folded<Conversation>), Problem> {
        let (id, folded) = self.found::<Conversation>(Kind::Conversation, field, id).await?;
        match self.viewer.customer() {
            own @ Some(_) if own != folded.state.customer() => Err(Problem::not_found(field)),
            _ => Ok((ConversationId(id), folded)),
        }
    }

    /// Carries out one command.
    ///
    /// # Errors
    ///
    /// A rule's no, a stale version, or a fault.
    pub fn execute<A: Aggregate>(
        &self,
        id: impl Into<Uuid>,
        command: impl Into<A::Command>,
    ) -> BoxFuture<'_, Result<Done, Problem>>
    where
        A::Command: std::fmt::Debug,
    {
        let (id, command) = (id.into(), command.into());
        Box::pin(async move {
            let desk = &self.services.desk;
            let done = desk.execute::<A>(&self.command, id, command, self.expected).await;
            done.map_err(|error| error.erased().into())
        })
    }
}

/// The value of a mutation's enum that has this name.
#[must_use]
pub fn code_of<E: EnumType>(name: &str) -> Option<E> {
    E::items().iter().find(|item| item.name == name).map(|item| item.value)
}

/// A checked text, or which part of the input does not fit.
///
/// # Errors
///
/// `INVALID_INPUT` with what is wrong.
pub fn checked<T>(field: &'static str, text: Result<T, TextRefusal>) -> Result<T, Problem> {
    text.map_err(|error| Problem::user("INVALID_INPUT", error.to_string(), Some(field)))
}

/// What was asked, without the key: the same text for the same question.
fn asked(ctx: &Context<'_>) -> Result<String, Error> {
    let mut asked = ctx.field().name().to_owned();
    for (name, value) in ctx.field().arguments()? {
        asked.extend(["\n", name.as_str(), "="]);
        write_sorted(&value, &mut asked);
    }
    Ok(asked)
}

fn write_sorted(value: &Value, into: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().filter(|(name, _)| name.as_str() != "idempotencyKey").collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            into.push('{');
            for (name, value) in fields {
                into.push_str(name);
                into.push(':');
                write_sorted(value, into);
                into.push(',');
            }
            into.push('}');
        }
        Value::List(values) => {
            into.push('[');
            for value in values {
                write_sorted(value, into);
                into.push(',');
            }
            into.push(']');
        }
        Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => into.push_str(&value.to_string()),
    }
}
