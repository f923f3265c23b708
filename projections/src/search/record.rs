//! What the index keeps of each thing that can be found, and by which key.

use allhours_domain::{
    ids::{
        AgentId, ArticleId, ConversationId, CustomerId, IdentityId, MessageId, SubjectId, TeamId,
        TenantId,
    },
    text::Language,
    words::Channel,
};
use allhours_eventstore::recorded::Position;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::request::{Author, Kind};

/// One document, as it stands in the store of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Whose.
    pub(super) tenant: TenantId,
    /// What it is.
    pub(super) thing: Thing,
    /// Its texts: title and body, name and addresses; empty where there is nothing to find.
    pub(super) texts: Vec<String>,
    /// Whom the texts are about.
    pub(super) subject: Option<SubjectId>,
    /// In which language, if known.
    pub(super) language: Option<Language>,
    /// When it happened, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// The event that holds the texts.
    pub(super) position: Position,
}

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Thing {
    /// A message, an answer or a note.
    Message {
        message: MessageId,
        conversation: ConversationId,
        customer: CustomerId,
        author: Author,
        note: bool,
        channel: Option<Channel>,
    },
    /// The subject line of a conversation.
    Topic { conversation: ConversationId, customer: CustomerId },
    /// A customer's name and addresses.
    Customer {
        customer: CustomerId,
        name: Option<String>,
        addresses: Vec<(IdentityId, String)>,
        merged_into: Option<CustomerId>,
    },
    /// A published article.
    Article { article: ArticleId, locale: Language, version: u32 },
    /// What a conversation is now. Never found; looked up for its messages.
    Conversation {
        conversation: ConversationId,
        customer: CustomerId,
        team: Option<TeamId>,
        channel: Channel,
        merged_into: Option<ConversationId>,
    },
}

/// The key of a document, unique in the index: a letter, the tenant, the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub(super) Vec<u8>);

impl Key {
    fn new(letter: u8, tenant: TenantId, id: Uuid) -> Self {
        let mut bytes = Vec::with_capacity(33);
        bytes.push(letter);
        bytes.extend_from_slice(tenant.0.as_bytes());
        bytes.extend_from_slice(id.as_bytes());
        Self(bytes)
    }

    pub(super) fn message(tenant: TenantId, message: MessageId) -> Self {
        Self::new(b'm', tenant, message.0)
    }

    pub(super) fn topic(tenant: TenantId, conversation: ConversationId) -> Self {
        Self::new(b't', tenant, conversation.0)
    }

    pub(super) fn customer(tenant: TenantId, customer: CustomerId) -> Self {
        Self::new(b'u', tenant, customer.0)
    }

    pub(super) fn conversation(tenant: TenantId, conversation: ConversationId) -> Self {
        Self::new(b'c', tenant, conversation.0)
    }

    pub(super) fn article(tenant: TenantId, article: ArticleId, locale: &Language) -> Self {
        let mut key = Self::new(b'a', tenant, article.0);
        key.0.extend_from_slice(locale.as_str().as_bytes());
        key
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sort = match self.0.first() {
            Some(b'm') => "message",
            Some(b't') => "subject of conversation",
            Some(b'u') => "customer",
            Some(b'c') => "conversation",
            Some(b'a') => "article",
            _ => "document",
        };
        let uuid = |range| self.0.get(range).and_then(|it| Uuid::from_slice(it).ok());
        match (uuid(1..17), uuid(17..33)) {
            (Some(tenant), Some(id)) => write!(formatter, "{sort} {id} of tenant {tenant}")?,
            _ => write!(formatter, "{sort} with an unreadable key")?,
        }
        match self.0.get(33..).map(String::from_utf8_lossy) {
            Some(locale) if !locale.is_empty() => write!(formatter, " in {locale}"),
            _ => Ok(()),
        }
    }
}

impl Record {
    /// Its key.
    pub(super) fn key(&self) -> Key {
        match &self.thing {
            Thing::Message { message, .. } => Key::message(self.tenant, *message),
            Thing::Topic { conversation, .. } => Key::topic(self.tenant, *conversation),
            Thing::Customer { customer, .. } => Key::customer(self.tenant, *customer),
            Thing::Article { article, locale, .. } => Key::article(self.tenant, *article, locale),
            Thing::Conversation { conversation, .. } => {
                Key::conversation(self.tenant, *conversation)
            }
        }
    }

    /// What it is to those who search; `None` for what is never found.
    pub(super) fn kind(&self) -> Option<Kind> {
        match &self.thing {
            Thing::Message { .. } => Some(Kind::Message),
            Thing::Topic { .. } => Some(Kind::Conversation),
            Thing::Customer { .. } => Some(Kind::Customer),
            Thing::Article { .. } => Some(Kind::Article),
            Thing::Conversation { .. } => None,
        }
    }

    /// The conversation whose part it is.
    pub(super) fn conversation(&self) -> Option<ConversationId> {
        match &self.thing {
            Thing::Message { conversation, .. }
            | Thing::Topic { conversation, .. }
            | Thing::Conversation { conversation, .. } => Some(*conversation),
            Thing::Customer { .. } | Thing::Article { .. } => None,
        }
    }

    /// Whose it is.
    pub(super) fn customer(&self) -> Option<CustomerId> {
        match &self.thing {
            Thing::Message { customer, .. }
            | Thing::Topic { customer, .. }
            | Thing::Customer { customer, .. }
            | Thing::Conversation { customer, .. } => Some(*customer),
            Thing::Article { .. } => None,
        }
    }

    /// A hash of all that stands in it but the conversation, which a split changes.
    pub(super) fn hash(&self) -> u64 {
        let mut fixed = self.clone();
        if let Thing::Message { conversation, .. } = &mut fixed.thing {
            conversation.0 = Uuid::nil();
        }
        serde_json::to_vec(&fixed).map_or(0, |bytes| fnv1a(&bytes))
    }
}

/// FNV-1a: tells a damaged text from a whole one; not meant to withstand an adversary.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

impl Author {
    /// The id of the person.
    pub(super) fn uuid(self) -> Uuid {
        match self {
            Self::Customer(CustomerId(id)) | Self::Agent(AgentId(id)) => id,
        }
    }
}
