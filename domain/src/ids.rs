//! One type for each kind of id, so that one can't be passed for another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A company whose support runs here. Everything belongs to exactly one.
    TenantId;
    /// A conversation with a customer.
    ConversationId;
    /// A message or note inside a conversation.
    MessageId;
    /// A customer.
    CustomerId;
    /// An agent; the same id as the person who signs in.
    AgentId;
    /// A person who signs in, whatever the role.
    PersonId;
    /// A team of agents.
    TeamId;
    /// A knowledge article.
    ArticleId;
    /// One delivery of one provider message.
    IntakeId;
    /// A channel address (a mail address, a phone number), derived by a keyed hash.
    IdentityId;
    /// Whoever personal data is about; the id of a customer, an agent or an intake.
    SubjectId;
    /// An event.
    EventId;
    /// A command; sent again with the same id it has no further effect.
    CommandId;
    /// All that follows from one outside cause.
    CorrelationId;
}

impl From<CustomerId> for SubjectId {
    fn from(id: CustomerId) -> Self {
        Self(id.0)
    }
}

impl From<AgentId> for SubjectId {
    fn from(id: AgentId) -> Self {
        Self(id.0)
    }
}

impl From<IntakeId> for SubjectId {
    fn from(id: IntakeId) -> Self {
        Self(id.0)
    }
}

impl From<AgentId> for PersonId {
    fn from(id: AgentId) -> Self {
        Self(id.0)
    }
}
