//! Why a conversation says no.

use jiff::Timestamp;

use crate::{
    decider::Refusal,
    ids::{AgentId, ConversationId, CustomerId, MessageId},
    text::Key,
};

/// A rule's no, with what the one who asked needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversationRefusal {
    /// Nothing was opened under this id.
    #[error("there is no such conversation")]
    NoSuchConversation,
    /// It was opened before.
    #[error("the conversation is open already")]
    AlreadyOpen,
    /// It was closed for good; a new one has to be opened.
    #[error("the conversation is closed for good")]
    Closed,
    /// It was merged; the other one goes on in its place.
    #[error("the conversation was merged; another one goes on in its place")]
    MergedInto {
        /// Which one goes on.
        target: ConversationId,
    },
    /// It has to be reopened first.
    #[error("the conversation is resolved; reopen it first")]
    Resolved,
    /// Only what is resolved can be confirmed or closed.
    #[error("the conversation is not resolved")]
    NotResolved,
    /// It was resolved too long ago to be reopened by a message; a new one has to be opened.
    #[error("the conversation was resolved at {resolved_at}, too long ago to be reopened")]
    WindowPassed {
        /// When it was resolved.
        resolved_at: Timestamp,
    },
    /// Somebody else was faster.
    #[error("another agent has claimed the conversation")]
    AlreadyClaimed {
        /// Who is responsible.
        by: AgentId,
    },
    /// Only the responsible agent may.
    #[error("the conversation belongs to another agent")]
    BelongsTo {
        /// Who is responsible.
        agent: AgentId,
    },
    /// The customer's last message has no answer.
    #[error("the customer waits for an answer")]
    CustomerWaits,
    /// An instant that has passed is no time to come back.
    #[error("{until} is not in the future")]
    NotInFuture {
        /// As asked.
        until: Timestamp,
    },
    /// Put aside for too long.
    #[error("a conversation can be put aside for {days_max} days at most")]
    SnoozeTooLong {
        /// The limit.
        days_max: i64,
    },
    /// A timer came early.
    #[error("the conversation is put aside until {until}")]
    NotYet {
        /// Until when.
        until: Timestamp,
    },
    /// The conversation holds no such message, or a note where a message is needed.
    #[error("the conversation holds no message {message}")]
    UnknownMessage {
        /// As asked.
        message: MessageId,
    },
    /// It never had a subject line.
    #[error("the conversation has no subject line")]
    NoSubject,
    /// The field never held a text here.
    #[error("the field `{field}` holds no text in the conversation")]
    NoText {
        /// As asked.
        field: Key,
    },
    /// Another message has this id.
    #[error("the conversation holds another message {message}")]
    MessageExists {
        /// As asked.
        message: MessageId,
    },
    /// As many messages and notes as one conversation takes.
    #[error("a conversation takes {messages_max} messages at most")]
    TooManyMessages {
        /// The limit.
        messages_max: usize,
    },
    /// More agents than one note calls.
    #[error("a note calls {mentions_max} agents at most")]
    TooManyMentions {
        /// The limit.
        mentions_max: usize,
    },
    /// As many tags as one conversation carries.
    #[error("a conversation carries {tags_max} tags at most")]
    TooManyTags {
        /// The limit.
        tags_max: usize,
    },
    /// As many custom fields as one conversation holds.
    #[error("a conversation holds {fields_max} fields at most")]
    TooManyFields {
        /// The limit.
        fields_max: usize,
    },
    /// The desk defines no such field.
    #[error("the desk defines no field `{field}`")]
    UnknownField {
        /// As asked.
        field: Key,
    },
    /// A value of another kind than the desk defines, or none of its choices.
    #[error("the value does not fit the field `{field}`")]
    WrongKind {
        /// Which field.
        field: Key,
    },
    /// A conversation is neither merged into nor split into itself.
    #[error("a conversation can't be merged or split into itself")]
    IntoItself,
    /// Merging is for the matters of one customer.
    #[error("the other conversation belongs to another customer")]
    OtherCustomer {
        /// Whose the other one is.
        customer: CustomerId,
    },
    /// The other one is merged into this one.
    #[error("conversation {source_id} is merged into this one")]
    MergedHere {
        /// Which one.
        source_id: ConversationId,
    },
    /// As many merges as one conversation takes.
    #[error("a conversation takes {sources_max} merges at most")]
    TooManyMerges {
        /// The limit.
        sources_max: usize,
    },
    /// There is no merge to undo.
    #[error("the conversation is not merged")]
    NotMerged,
    /// There is no merge of that conversation to undo.
    #[error("conversation {source_id} is not merged into this one")]
    NotMergedHere {
        /// As asked.
        source_id: ConversationId,
    },
    /// A split needs messages.
    #[error("no message was chosen")]
    NothingToSplit,
    /// A split leaves something behind.
    #[error("at least one message has to stay")]
    NothingStays,
}

impl Refusal for ConversationRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchConversation => "NO_SUCH_CONVERSATION",
            Self::AlreadyOpen => "ALREADY_OPEN",
            Self::Closed => "CLOSED",
            Self::MergedInto { .. } => "MERGED_INTO",
            Self::Resolved => "RESOLVED",
            Self::NotResolved => "NOT_RESOLVED",
            Self::WindowPassed { .. } => "WINDOW_PASSED",
            Self::AlreadyClaimed { .. } => "ALREADY_CLAIMED",
            Self::BelongsTo { .. } => "BELONGS_TO",
            Self::CustomerWaits => "CUSTOMER_WAITS",
            Self::NotInFuture { .. } => "NOT_IN_FUTURE",
            Self::SnoozeTooLong { .. } => "SNOOZE_TOO_LONG",
            Self::NotYet { .. } => "NOT_YET",
            Self::UnknownMessage { .. } => "UNKNOWN_MESSAGE",
            Self::NoSubject => "NO_SUBJECT",
            Self::NoText { .. } => "NO_TEXT",
            Self::MessageExists { .. } => "MESSAGE_EXISTS",
            Self::TooManyMessages { .. } => "TOO_MANY_MESSAGES",
            Self::TooManyMentions { .. } => "TOO_MANY_MENTIONS",
            Self::TooManyTags { .. } => "TOO_MANY_TAGS",
            Self::TooManyFields { .. } => "TOO_MANY_FIELDS",
            Self::UnknownField { .. } => "UNKNOWN_FIELD",
            Self::WrongKind { .. } => "WRONG_KIND",
            Self::IntoItself => "INTO_ITSELF",
            Self::OtherCustomer { .. } => "OTHER_CUSTOMER",
            Self::MergedHere { .. } => "MERGED_HERE",
            Self::TooManyMerges { .. } => "TOO_MANY_MERGES",
            Self::NotMerged => "NOT_MERGED",
            Self::NotMergedHere { .. } => "NOT_MERGED_HERE",
            Self::NothingToSplit => "NOTHING_TO_SPLIT",
            Self::NothingStays => "NOTHING_STAYS",
        }
    }
}
