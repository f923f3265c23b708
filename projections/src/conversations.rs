//! Conversations: lists, live counters, queues, and who is responsible for what.
//!
//! Read `rows` (what stands in the tables), `fold` (how events change it), then `read` and
//! `queue` (what is asked of it).

mod queue;
mod read;
mod rows;

pub use self::{
    queue::{
        AgentLoad, QueueFilter, QueueKey, QueueLength, assignments, loads, queue, queue_length,
    },
    read::{
        AssigneeScope, ConversationFilter, ConversationKey, ConversationOrder, CustomerContacts,
        DueSnooze, TeamScope, by_ids, contacts, counters, due_snoozes, list, next_snooze,
    },
    rows::{AssignmentRow, ConversationRow, CounterRow, QueueRow, rank},
};
