//! Conversations: lists, live counters, queues, and who is responsible for what.
//!
//! Read `rows` (what stands in the tables), `fold` (how events change it), then `read` and
//! `queue` (what is asked of it).

mod fold;
mod queue;
mod read;
mod rows;
#[cfg(test)]
mod tests;
mod timers;

pub use self::{
    fold::Conversations,
    queue::{
        AgentLoad, QueueFilter, QueueKey, QueueLength, assignments, loads, queue, queue_length,
    },
    read::{
        AssigneeScope, ConversationFilter, ConversationKey, ConversationOrder, CustomerContacts,
        TeamScope, by_ids, contacts, counters, list, of_customers, of_profiles,
    },
    rows::{AssignmentRow, ConversationRow, CounterRow, FieldEntry, QueueRow, rank},
    timers::{DueSnooze, Left, Unattended, due_snoozes, next_snooze, unattended},
};

use crate::fold::{PoisonPolicy, Projection};

/// Conversations.
pub const PROJECTION: Projection = Projection {
    name: "conversations",
    version: 6,
    stream_types: &["conversation"],
    poison: PoisonPolicy::Park,
    tables: &["conversations", "conversation_counters", "queue", "assignments"],
    create: include_str!("../schema/conversations/tables.sql"),
    index: include_str!("../schema/conversations/index.sql"),
    fold: || Box::<Conversations>::default(),
};
