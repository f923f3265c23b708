//! One mutation under way: who asks, as which command, and what becomes of it.

use allhours_domain::{
    agent::{Agent, AgentRefusal},
    conversation::Conversation,
    customer::Customer,
    desk::Desk as DeskState,
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    team::{Team, TeamRefusal},
    text::TextRefusal,
    trace::Traceparent,
};
use async_graphql::{Context, Error, ID, Value, resolver_utils::EnumType};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

pub use super::problem::{Problem, UserProblem};
use super::{
    asked::asked,
    error::Code,
    id::Kind,
    own::may_see,
    services::Services,
    viewer::{Role, Viewer},
};
use crate::{
    auth::verify::subject_id,
    clock,
    desk::{Aggregate, AnyRefusal, CommandContext, CommandError, Done, Folded},
};

/// The one mutation that a tenant without a desk can carry out.
const DESK_OPEN: &str = "deskOpen";
/// The most characters an idempotency key may have.
const KEY_CHARACTERS_MAX: usize = 200;

/// The most bytes that an issuer may call somebody by (`OpenID` Connect Core 1.0, section 2).
const SUBJECT_BYTES_MAX: usize = 255;

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
        input: &Value,
        key: Option<&str>,
        expected: Option<i32>,
    ) -> Result<Self, Error> {
        let services = ctx.data::<Services>()?;
        let viewer = Viewer::of(ctx)?;
        let mut command = CommandContext::now(viewer.tenant, viewer.actor());
        command.traceparent = ctx.data_opt::<Traceparent>().copied();
        if let Some(key) = key {
            if key.trim().is_empty() || key.chars().count() > KEY_CHARACTERS_MAX {
                let message = format!("an idempotencyKey has 1 to {KEY_CHARACTERS_MAX} characters");
                return Err(Code::BadUserInput.error(message));
            }
            command = command.keyed(key).asked(&asked(ctx.field().name(), input));
        }
        Ok(Self { ctx, services, viewer, command, expected, keyed: key.is_some() })
    }

    /// Carries out the mutation, unless the tenant has no desk yet. What is written where no desk
    /// is open, nobody would look for: a tenant that is misspelt in a token has none.
    ///
    /// # Errors
    ///
    /// There is no desk, or the mutation's own no.
    pub async fn on_open_desk<T>(&self, granted: impl Future<Output = Granted<T>>) -> Granted<T> {
        if self.ctx.field().name() != DESK_OPEN {
            let tenant = self.viewer.tenant;
            // Once open it stays so, and what was last seen does.
            let desk = self.services.desk.recall::<DeskState>(tenant, tenant.0).await?;
            if desk.version == 0 {
                let message = "the tenant has no desk yet; an admin opens it by deskOpen";
                return Err(Problem::user("NOT_FOUND", message, None));
            }
        }
        self.must_be_registered().await?;
        granted.await.map_err(|problem| problem.seen_by(self.viewer))
    }

    /// Whoever acts as an agent has to be one: what an agent does is looked for by who they are.
    async fn must_be_registered(&self) -> Result<(), Problem> {
        if self.viewer.role != Role::Agent {
            return Ok(());
        }
        let agent = self.services.desk.recall::<Agent>(self.viewer.tenant, self.viewer.id).await?;
        if agent.version > 0 {
            return Ok(());
        }
        Err(CommandError::Refused(AnyRefusal::new(AgentRefusal::NoSuchAgent)).into())
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

    /// The id of the person who signs in under `text`: a UUID, or what the issuer of the settings
    /// calls them in the claim `sub`. None given makes a new one.
    ///
    /// # Errors
    ///
    /// It is no UUID, and there is no issuer.
    pub fn person_id(&self, what: &str, text: Option<&str>) -> Result<Uuid, Problem> {
        let issuer = self.services.issuer.as_str();
        match text {
            None => Ok(self.new_id(what)),
            Some(text) if issuer.is_empty() => Uuid::parse_str(text).map_err(|_| {
                let message =
                    "personId is no UUID, and no issuer (auth.oidc_issuer) says who it is";
                Problem::user("INVALID_INPUT", message, Some("personId"))
            }),
            Some(text) if text.is_empty() || text.len() > SUBJECT_BYTES_MAX => {
                let message = format!("personId has 1 to {SUBJECT_BYTES_MAX} bytes");
                Err(Problem::user("INVALID_INPUT", message, Some("personId")))
            }
            Some(text) => Ok(subject_id(self.viewer.tenant, issuer, text)),
        }
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

    /// The agent who asks, registered and still at the desk.
    ///
    /// # Errors
    ///
    /// The viewer is no agent, or left.
    pub async fn working_agent(&self) -> Result<AgentId, Problem> {
        let agent = self.agent()?;
        self.must_work(agent).await.map(|()| agent)
    }

    /// An agent who is there, and still at the desk.
    ///
    /// # Errors
    ///
    /// There is none, or they left.
    pub async fn known_working_agent(
        &self,
        field: &'static str,
        id: &ID,
    ) -> Result<AgentId, Problem> {
        let agent = self.known_agent(field, id).await?;
        self.must_work(agent).await.map(|()| agent)
    }

    async fn must_work(&self, agent: AgentId) -> Result<(), Problem> {
        // Another process may have seen them leave.
        let folded = self.services.desk.load::<Agent>(self.viewer.tenant, agent).await?;
        if folded.state.is_active() {
            return Ok(());
        }
        let left = folded.version > 0;
        let refusal = if left { AgentRefusal::Deactivated } else { AgentRefusal::NoSuchAgent };
        Err(CommandError::Refused(AnyRefusal::new(refusal)).into())
    }

    /// A team that is there and takes work.
    ///
    /// # Errors
    ///
    /// There is none, or it is retired.
    pub async fn known_working_team(
        &self,
        field: &'static str,
        id: &ID,
    ) -> Result<TeamId, Problem> {
        let (team, folded) = self.found::<Team>(Kind::Team, field, id).await?;
        if folded.state.takes_work() {
            Ok(TeamId(team))
        } else {
            Err(CommandError::Refused(AnyRefusal::new(TeamRefusal::Retired)).into())
        }
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

    /// The id of an aggregate that is there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known<A: Aggregate>(
        &self,
        kind: Kind,
        field: &'static str,
        id: &ID,
    ) -> Result<Uuid, Problem> {
        let id: Uuid = self.id(kind, field, id)?;
        let folded = self.services.desk.recall::<A>(self.viewer.tenant, id).await?;
        if folded.version == 0 { Err(Problem::not_found(field)) } else { Ok(id) }
    }

    /// An agent who is there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_agent(&self, field: &'static str, id: &ID) -> Result<AgentId, Problem> {
        self.known::<Agent>(Kind::Agent, field, id).await.map(AgentId)
    }

    /// A team that is there.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn known_team(&self, field: &'static str, id: &ID) -> Result<TeamId, Problem> {
        self.known::<Team>(Kind::Team, field, id).await.map(TeamId)
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
    ) -> Result<ConversationId, Problem> {
        let id: Uuid = self.id(Kind::Conversation, field, id)?;
        let folded = self.services.desk.recall::<Conversation>(self.viewer.tenant, id).await?;
        match folded.state.customer() {
            Some(owner) if may_see(self.ctx, owner).await? => Ok(ConversationId(id)),
            Some(_) | None => Err(Problem::not_found(field)),
        }
    }

    /// A conversation that is there and that the viewer may see, with its state.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn found_conversation(
        &self,
        field: &'static str,
        id: &ID,
    ) -> Result<(ConversationId, Folded<Conversation>), Problem> {
        let known = self.known_conversation(field, id).await?;
        let folded = self.services.desk.load::<Conversation>(self.viewer.tenant, known).await?;
        Ok((known, folded))
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
    text.map_err(|error| Problem::user("INVALID_INPUT", error.of(field).to_string(), Some(field)))
}
