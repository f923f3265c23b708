//! What can be asked of the search index, and what comes back.

use allhours_domain::{
    ids::{AgentId, ArticleId, ConversationId, CustomerId, MessageId, TeamId, TenantId},
    text::Language,
    words::Channel,
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most hits on one page.
pub const FIRST_MAX: usize = 100;
/// How far into the hits one can leaf.
pub const OFFSET_MAX: usize = 10_000;
/// Hits are counted up to this many.
pub const TOTAL_MAX: u64 = 1_000;

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A message of a customer, an answer, or a note.
    Message,
    /// A conversation, by its subject line.
    Conversation,
    /// A customer, by name or address.
    Customer,
    /// The published text of an article in one locale.
    Article,
}

/// On whose behalf is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Agents and those above them: everything of the tenant.
    Staff,
    /// A customer: published articles, and what was written in their own conversations;
    /// never a note, never another customer.
    Customer(CustomerId),
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A customer.
    Customer(CustomerId),
    /// An agent.
    Agent(AgentId),
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The best match first.
    #[default]
    Relevance,
    /// The newest first.
    Newest,
}

/// A search. There is none without a tenant.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    tenant: TenantId,
    audience: Audience,
    text: String,
    /// Only these kinds; none means all.
    pub kinds: Vec<Kind>,
    /// Only texts in this language.
    pub language: Option<Language>,
    /// Only this conversation and those merged into it.
    pub conversation: Option<ConversationId>,
    /// Only what belongs to this customer and to those merged into them.
    pub customer: Option<CustomerId>,
    /// Only conversations that are this team's now, and their messages.
    pub team: Option<TeamId>,
    /// Only what this person wrote.
    pub author: Option<Author>,
    /// Only what happened at this instant or later.
    pub from: Option<Timestamp>,
    /// Only what happened before this instant.
    pub until: Option<Timestamp>,
    /// In which order.
    pub order: Order,
    /// How many hits, at most [`FIRST_MAX`].
    pub first: usize,
    /// How many hits to pass over, at most [`OFFSET_MAX`].
    pub offset: usize,
}

impl SearchRequest {
    /// A search for `text`: all words, `"a phrase"`, `begin*`. Any text is a valid search.
    #[must_use]
    pub fn new(tenant: TenantId, audience: Audience, text: impl Into<String>) -> Self {
        Self {
            tenant,
            audience,
            text: text.into(),
            kinds: Vec::new(),
            language: None,
            conversation: None,
            customer: None,
            team: None,
            author: None,
            from: None,
            until: None,
            order: Order::Relevance,
            first: 20,
            offset: 0,
        }
    }

    /// Whose documents are searched.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// On whose behalf.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// What is searched for.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A part of a text, and where in it the searched words stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The part.
    pub text: String,
    /// Start and end of each match, in characters (Unicode scalar values) of `text`;
    /// in order, without overlap.
    pub ranges: Vec<(usize, usize)>,
    /// Whether something was left off before.
    pub cut_before: bool,
    /// Whether something was left off after.
    pub cut_after: bool,
}

/// The thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A message, an answer or a note.
    Message {
        /// Its id.
        message: MessageId,
        /// The conversation that it is part of now, merges followed.
        conversation: ConversationId,
        /// Whose conversation it is.
        customer: CustomerId,
        /// Who wrote.
        author: Author,
        /// Whether it is a private note.
        note: bool,
        /// Where it travelled, if it did.
        channel: Option<Channel>,
    },
    /// A conversation, by its subject.
    Conversation {
        /// The conversation, merges followed.
        conversation: ConversationId,
        /// Whose it is.
        customer: CustomerId,
    },
    /// A customer, by name or address.
    Customer {
        /// The profile that goes on, merges followed.
        customer: CustomerId,
    },
    /// A published article.
    Article {
        /// Its id.
        article: ArticleId,
        /// In which locale.
        locale: Language,
        /// The version that is published.
        version: u32,
    },
}

/// One hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What was found.
    pub found: Found,
    /// In which language it is, if known.
    pub language: Option<Language>,
    /// The event that holds its text.
    pub position: Position,
    /// When that happened.
    pub at: Timestamp,
    /// How well it matches; comparable within one page only.
    pub score: f32,
    /// The title of an article, the name of a customer.
    pub title: Option<Snippet>,
    /// The text around the best match.
    pub snippet: Snippet,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// The hits, in the order asked for.
    pub hits: Vec<Hit>,
    /// How many there are, counted up to [`TOTAL_MAX`].
    pub total: u64,
    /// Whether there are more than `total`.
    pub total_capped: bool,
    /// Whether there is a page after this one.
    pub has_next: bool,
    /// All events up to this position are in the index that answered.
    pub position: Position,
}
