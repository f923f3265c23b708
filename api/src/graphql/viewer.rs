//! Who asks: put into every request by the HTTP layer, from the token alone.

use allhours_domain::{
    actor::Actor,
    ids::{AgentId, CustomerId, PersonId, TenantId},
};
use async_graphql::{Context, Result};
use uuid::Uuid;

use super::error::Code;

/// What somebody is to the desk. It decides what they may read and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Writes to the desk and sees their own conversations.
    Customer,
    /// Answers customers.
    Agent,
    /// Leads agents: moves, assigns, redacts, reviews.
    Supervisor,
    /// Sets up the desk; may erase.
    Admin,
    /// Reads what happened without personal texts.
    Analyst,
    /// Reads all that happened; changes nothing.
    Auditor,
    /// A program that brings messages in.
    Integration,
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[
        Self::Customer,
        Self::Agent,
        Self::Supervisor,
        Self::Admin,
        Self::Analyst,
        Self::Auditor,
        Self::Integration,
    ];

    /// As it stands in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Integration => "integration",
        }
    }

    /// From the form in a token.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == word)
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Whose desk; everything read and written belongs to it.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
    /// The id of the person, of the customer (for [`Role::Customer`]) or of the program.
    pub id: Uuid,
}

impl Viewer {
    /// Who asks, in a resolver.
    ///
    /// # Errors
    ///
    /// A request without a viewer: nobody signed in.
    pub fn of<'c>(ctx: &Context<'c>) -> Result<&'c Self> {
        ctx.data_opt::<Self>().ok_or_else(|| Code::Unauthenticated.error("nobody signed in"))
    }

    /// How the log names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.role {
            Role::Customer => Actor::Customer(CustomerId(self.id)),
            Role::Integration => Actor::Channel(self.id.to_string()),
            Role::Agent | Role::Supervisor | Role::Admin | Role::Analyst | Role::Auditor => {
                Actor::Person(PersonId(self.id))
            }
        }
    }

    /// Whether they are on the desk's side of it: how the desk works is not for customers.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        match self.role {
            Role::Customer => false,
            Role::Agent
            | Role::Supervisor
            | Role::Admin
            | Role::Analyst
            | Role::Auditor
            | Role::Integration => true,
        }
    }

    /// The customer they are, if they are one.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        (self.role == Role::Customer).then_some(CustomerId(self.id))
    }

    /// Whether they may act for other agents.
    #[must_use]
    pub fn supervises(&self) -> bool {
        matches!(self.role, Role::Supervisor | Role::Admin)
    }

    /// The agent they are, if they work at the desk.
    #[must_use]
    pub fn agent(&self) -> Option<AgentId> {
        matches!(self.role, Role::Agent | Role::Supervisor | Role::Admin)
            .then_some(AgentId(self.id))
    }
}
