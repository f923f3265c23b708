//! What can be changed: one mutation for each business action, a file for each group.

pub mod agent;
pub mod article;
pub mod conversation_life;
pub mod conversation_links;
pub mod conversation_queue;
pub mod conversation_text;
pub mod customer;
pub mod desk;
pub mod inbound;
mod language;
mod redaction;
mod stream;
pub mod team;

use async_graphql::MergedObject;

/// What can be changed. Each mutation is one business action; it gives the changed object, its
/// position, and, where a rule said no, typed `userErrors`.
#[derive(Debug, MergedObject, Default)]
pub struct Mutation(
    conversation_life::ConversationLifeMutations,
    conversation_queue::ConversationQueueMutations,
    conversation_text::ConversationTextMutations,
    conversation_links::ConversationLinkMutations,
    inbound::InboundMutations,
    customer::CustomerMutations,
    agent::AgentMutations,
    team::TeamMutations,
    article::ArticleMutations,
    desk::DeskMutations,
);
