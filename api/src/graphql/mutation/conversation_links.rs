//! Merging, unmerging and splitting conversations.

use allhours_domain::{
    conversation::{Conversation as Aggregate, command},
    ids::{ConversationId, MessageId},
    text::Subject,
};
use async_graphql::ID;

use crate::graphql::{
    call::{Problem, checked},
    conversation::Conversation,
    id::Kind,
    payload::{code_meaning, mutations},
};

mutations! {
    /// Merging, unmerging and splitting conversations.
    ConversationLinkMutations;

    /// Merges a conversation into another one of the same customer, which goes on in its place.
    conversation_merge ConversationMerge -> conversation: Conversation,
    input {
        /// Which one is merged.
        source_id: ID,
        /// Which one goes on; it is the one in the payload.
        target_id: ID,
    },
    refuses {
        AlreadyClaimed, Closed, IntoItself, MergedHere, MergedInto, OtherCustomer, Resolved,
        TooManyMerges
    },
    |call, input| {
        let (source, state) = call.known_conversation("sourceId", &input.source_id).await?;
        let (target, other) = call.known_conversation("targetId", &input.target_id).await?;
        let Some(target_customer) = other.state.customer() else {
            return Err(Problem::not_found("targetId"));
        };
        let merge = command::MergeInto { target, target_customer };
        let receive =
            command::ReceiveMerge { source, awaits_reply: state.state.awaits_reply() };
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(target, receive)
            .with::<Aggregate>(source, merge)
            .expecting::<Aggregate>(target, call.expected)
            .commit()
            .await?;
        Ok((done, Conversation::now(call.ctx, target).await?))
    }

    /// Undoes the merge of a conversation.
    conversation_unmerge ConversationUnmerge -> conversation: Conversation,
    input {
        /// Which one was merged; it is the one in the payload.
        conversation_id: ID,
    },
    refuses { Closed, NotMerged, NotMergedHere },
    |call, input| {
        let (source, state) =
            call.known_conversation("conversationId", &input.conversation_id).await?;
        let mut unit = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(source, command::Unmerge {})
            .expecting::<Aggregate>(source, call.expected);
        if let Some(target) = state.state.merged_into() {
            unit = unit.with::<Aggregate>(target, command::UndoMerge { source });
        }
        let done = unit.commit().await?;
        Ok((done, Conversation::now(call.ctx, source).await?))
    }

    /// Splits messages off into a new conversation of the same customer.
    conversation_split ConversationSplit -> conversation: Conversation,
    input {
        /// Which conversation holds the messages.
        conversation_id: ID,
        /// Which messages; at least one stays.
        message_ids: Vec<ID>,
        /// The subject line of the new one; it is the one in the payload.
        subject: Option<String>,
    },
    refuses {
        AlreadyOpen, Closed, IntoItself, MergedInto, NothingStays, NothingToSplit, Resolved,
        UnknownMessage
    },
    |call, input| {
        let (source, state) =
            call.known_conversation("conversationId", &input.conversation_id).await?;
        let state = state.state;
        let messages: Vec<MessageId> = input
            .message_ids
            .iter()
            .map(|id| call.id(Kind::Message, "messageIds", id))
            .collect::<Result<_, _>>()?;
        let subject = checked("subject", input.subject.map(Subject::new).transpose())?;
        let (Some(customer), Some(tier), Some(priority)) =
            (state.customer(), state.tier(), state.priority())
        else {
            return Err(Problem::not_found("conversationId"));
        };
        let seen = Conversation::now(call.ctx, source).await?;
        let target = ConversationId(call.new_id("split"));
        let begin = command::BeginFromSplit {
            id: target,
            source,
            messages: state.moved_messages(&messages),
            customer,
            channel: seen.facts.channel(),
            subject,
            language: seen.facts.language(),
            tier,
            priority,
            team: state.team(),
        };
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(source, command::SplitOff { target, messages })
            .with::<Aggregate>(target, begin)
            .expecting::<Aggregate>(source, call.expected)
            .commit()
            .await?;
        Ok((done, Conversation::now(call.ctx, target).await?))
    }
}
