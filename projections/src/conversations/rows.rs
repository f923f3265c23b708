//! What stands in the tables of conversations.

use std::collections::{BTreeMap, BTreeSet};

use allhours_domain::{
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, TeamId, TenantId},
    text::{Key, Language, Tag},
    words::{Channel, ConversationStatus, Priority, ResolutionKind, Tier, WaitingOn},
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    columns::{Structure, Structured},
    intervals::interval,
    rows::table,
};

table! {
    /// A conversation as lists show it.
    ConversationRow in "conversations" by (tenant_id: TenantId, id: ConversationId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which conversation.
        id: ConversationId,
        /// Whose it is.
        customer_id: CustomerId,
        /// Where it began.
        channel: Channel,
        /// Where it stands.
        status: ConversationStatus,
        /// Which episode, from 1.
        episode: i32,
        /// In whose queue; none means the common one.
        team_id: Option<TeamId>,
        /// Who is responsible.
        assignee_id: Option<AgentId>,
        /// How urgent.
        priority: Priority,
        /// By which tier it is served.
        tier: Tier,
        /// In which language, if known.
        language: Option<Language>,
        /// Its tags.
        tags: Structured<BTreeSet<Tag>>,
        /// Its custom fields that have a value.
        fields: Structured<BTreeMap<Key, FieldEntry>>,
        /// For whom it waits, while it waits.
        waiting_on: Option<WaitingOn>,
        /// How sure the last resolution is; none once it is reopened.
        resolution: Option<ResolutionKind>,
        /// When it was opened.
        opened_at: Timestamp,
        /// When a message or note last came, or it was opened.
        last_activity_at: Timestamp,
        /// When something last came that the customer can see, or it was opened.
        last_public_activity_at: Timestamp,
        /// When the customer last wrote.
        last_customer_message_at: Option<Timestamp>,
        /// Since when the customer waits for an answer.
        waiting_since: Option<Timestamp>,
        /// The same, for each conversation whose question waits here: itself, or one that was
        /// merged into it.
        waits: Structured<BTreeMap<ConversationId, Timestamp>>,
        /// When it came into the queue, while it is there.
        queued_at: Option<Timestamp>,
        /// Until when it is put aside.
        snoozed_until: Option<Timestamp>,
        /// When it was last resolved; none once it is reopened.
        resolved_at: Option<Timestamp>,
        /// The event that holds the subject line.
        subject_position: Option<Position>,
        /// The event that holds the last message; none also after a split, which moves messages
        /// without saying where they stand, until somebody writes.
        last_message_position: Option<Position>,
        /// How many messages the customer can see.
        message_count: i32,
        /// Into which conversation it was merged.
        merged_into: Option<ConversationId>,
        /// The version of its stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}

table! {
    /// How many conversations there are of one kind; merged ones are not counted.
    CounterRow in "conversation_counters" by (
        tenant_id: TenantId, team_id: Uuid, status: ConversationStatus, tier: Tier,
        priority: Priority
    ) {
        /// Whose desk.
        tenant_id: TenantId,
        /// In whose queue; the nil id stands for the common one.
        team_id: Uuid,
        /// Where they stand.
        status: ConversationStatus,
        /// Their tier.
        tier: Tier,
        /// Their priority.
        priority: Priority,
        /// How many.
        conversations: i64,
    }
}

table! {
    /// That a conversation stands in a queue, from one position to another.
    QueueRow in "queue" by (
        tenant_id: TenantId, conversation_id: ConversationId, from_position: Position
    ) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which conversation.
        conversation_id: ConversationId,
        /// From which position on.
        from_position: Position,
        /// Until before which position; none means still.
        to_position: Option<Position>,
        /// In whose queue; none means the common one.
        team_id: Option<TeamId>,
        /// Its tier.
        tier: Tier,
        /// Its priority.
        priority: Priority,
        /// Its place in line: smaller comes first.
        rank: i32,
        /// Since when the customer waits, or since when it stands in the queue.
        waiting_since: Timestamp,
    }
}

interval! {
    QueueRow about (tenant_id: TenantId, conversation_id: ConversationId)
    saying (team_id, tier, priority, waiting_since)
}

table! {
    /// That an agent is responsible for a conversation, from one position to another.
    AssignmentRow in "assignments" by (
        tenant_id: TenantId, conversation_id: ConversationId, from_position: Position
    ) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which conversation.
        conversation_id: ConversationId,
        /// From which position on.
        from_position: Position,
        /// Until before which position; none means still.
        to_position: Option<Position>,
        /// Who.
        agent_id: AgentId,
        /// Where the conversation stands: open, waiting or snoozed.
        status: ConversationStatus,
    }
}

interval! {
    AssignmentRow about (tenant_id: TenantId, conversation_id: ConversationId)
    saying (agent_id, status)
}

/// A custom field: its value, or where its text stands. Texts are personal and stay in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldEntry {
    /// What it says.
    Value(FieldValue),
    /// In which event its text stands.
    TextAt(Position),
}

impl Structure for BTreeMap<Key, FieldEntry> {}
impl Structure for BTreeMap<ConversationId, Timestamp> {}

impl FieldEntry {
    /// Of a value that was set by the event at `position`.
    #[must_use]
    pub fn of(value: &FieldValue, position: Position) -> Self {
        match value {
            FieldValue::Text(_) => Self::TextAt(position),
            FieldValue::Integer(_)
            | FieldValue::Boolean(_)
            | FieldValue::Date(_)
            | FieldValue::Choice(_) => Self::Value(value.clone()),
        }
    }
}

/// The place in line: first by priority, then by tier; smaller comes first.
#[must_use]
pub fn rank(priority: Priority, tier: Tier) -> i32 {
    let urgency = match priority {
        Priority::Urgent => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    };
    let standing = match tier {
        Tier::Vip => 0,
        Tier::Standard => 1,
        Tier::New => 2,
    };
    urgency * 10 + standing
}
