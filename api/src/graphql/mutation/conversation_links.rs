//! Merging, unmerging and splitting conversations.

use std::collections::BTreeMap;

use allhours_domain::{
    conversation::{Conversation as Aggregate, command},
    ids::{ConversationId, CustomerId, MessageId},
    text::Subject,
};
use allhours_eventstore::recorded::StreamId;
use async_graphql::ID;

use crate::{
    desk::{AnyRefusal, CommandError, Done, stream_of},
    graphql::{
        call::{Call, Problem, checked},
        conversation::Conversation,
        error::Code,
        id::Kind,
        payload::{code_meaning, mutations},
    },
};

/// How often a plan is made anew after somebody else was faster.
pub(super) const RACES_MAX: u32 = 3;

/// What is said then.
const RACED: &str = "others were faster each time; try again";

/// What became of a unit of work.
pub(super) type Tried = Result<Done, CommandError<AnyRefusal>>;

/// Whether what was planned on `source` has moved on, so that another plan may do.
pub(super) fn raced(tried: &Tried, source: ConversationId) -> bool {
    let Err(CommandError::Stale(stale)) = tried else { return false };
    stale.stream == stream_of::<Aggregate>(source)
}

/// Whether anything but `target` has moved on, so that another plan may do.
fn raced_beside(tried: &Tried, target: ConversationId) -> bool {
    let Err(CommandError::Stale(stale)) = tried else { return false };
    stale.stream != stream_of::<Aggregate>(target)
}

/// Whether a conversation is of the same person as another profile, and what says so.
async fn one_person(
    call: &Call<'_>,
    conversation: &Aggregate,
    other: CustomerId,
) -> Result<(bool, Vec<(StreamId, i32)>), Problem> {
    let Some(own) = conversation.customer().filter(|own| *own != other) else {
        return Ok((true, Vec::new()));
    };
    let (desk, tenant) = (&call.services.desk, call.viewer.tenant);
    for _ in 0..RACES_MAX {
        let one = desk.person(tenant, own, true).await?;
        let two = desk.person(tenant, other, true).await?;
        let seen: BTreeMap<StreamId, i32> = one.seen.iter().chain(&two.seen).copied().collect();
        // Both name the profile that goes on: it may have moved on between the two looks.
        if one.seen.iter().all(|(stream, version)| seen[stream] == *version) {
            return Ok((one.customer == two.customer, seen.into_iter().collect()));
        }
    }
    Err(Code::Unavailable.error(RACED).into())
}

mutations! {
    /// Merging, unmerging and splitting conversations.
    ConversationLinkMutations;

    /// Merges a conversation into another one of the same customer, whichever of their merged
    /// profiles that is of. The other one goes on in its place.
    conversation_merge ConversationMerge -> conversation: Conversation,
    input {
        /// Which one is merged.
        source_id: ID,
        /// Which one goes on; it is the one in the payload.
        target_id: ID,
    },
    refuses { Closed, IntoItself, MergedHere, MergedInto, OtherCustomer, TooManyMerges },
    |call, input| {
        let mut races = 0;
        loop {
            let (source, seen) = call.found_conversation("sourceId", &input.source_id).await?;
            let (target, other) = call.found_conversation("targetId", &input.target_id).await?;
            let Some(target_customer) = other.state.customer() else {
                return Err(Problem::not_found("targetId"));
            };
            let awaits_reply = seen.state.awaits_reply();
            let (one_person, pins) = one_person(call, &seen.state, target_customer).await?;
            let merge = command::MergeInto { target, target_customer, one_person };
            let unit = call.services.desk.unit(&call.command);
            let tried = unit
                .with::<Aggregate>(target, command::ReceiveMerge { source, awaits_reply })
                .with::<Aggregate>(source, merge)
                .expecting::<Aggregate>(target, call.expected)
                // What the target is told of the source must still be so.
                .expecting::<Aggregate>(source, Some(seen.version))
                .pinning(pins)
                .commit()
                .await;
            races += 1;
            if !raced_beside(&tried, target) {
                return Ok((tried?, Conversation::now(call.ctx, target).await?));
            } else if races > RACES_MAX {
                return Err(Code::Unavailable.error(RACED).into());
            }
        }
    }

    /// Undoes the merge of a conversation, also where the other one was closed since.
    conversation_unmerge ConversationUnmerge -> conversation: Conversation,
    input {
        /// Which one was merged; it is the one in the payload.
        conversation_id: ID,
    },
    // CLOSED is met no more; it stays for those who wait for it.
    refuses { Closed, NotMerged, NotMergedHere },
    |call, input| {
        let (source, state) =
            call.found_conversation("conversationId", &input.conversation_id).await?;
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
    refuses { Closed, IntoItself, MergedInto, NothingStays, NothingToSplit, UnknownMessage },
    |call, input| {
        let messages = input.message_ids.iter();
        let messages = messages.map(|id| call.id(Kind::Message, "messageIds", id));
        let messages = messages.collect::<Result<Vec<MessageId>, Problem>>()?;
        let subject = checked("subject", input.subject.map(Subject::new).transpose())?;
        let target = ConversationId(call.new_id("split"));
        let mut races = 0;
        loop {
            let id = &input.conversation_id;
            let (source, tried) = split(call, id, target, &messages, subject.clone()).await?;
            races += 1;
            if call.expected.is_some() || !raced(&tried, source) || races > RACES_MAX {
                let (done, tenant) = (tried?, call.viewer.tenant);
                let object = Conversation::now(call.ctx, target).await?;
                let made = call.services.desk.load::<Aggregate>(tenant, target).await?;
                return Ok((Done { version: made.version, ..done }, object));
            }
        }
    }
}

async fn split(
    call: &Call<'_>,
    source: &ID,
    target: ConversationId,
    messages: &[MessageId],
    subject: Option<Subject>,
) -> Result<(ConversationId, Tried), Problem> {
    let (source, seen) = call.found_conversation("conversationId", source).await?;
    let state = &seen.state;
    let (Some(customer), Some(tier), Some(priority)) =
        (state.customer(), state.tier(), state.priority())
    else {
        return Err(Problem::not_found("conversationId"));
    };
    let facts = Conversation::now(call.ctx, source).await?.facts;
    let begin = command::BeginFromSplit {
        id: target,
        source,
        messages: state.moved_messages(messages),
        customer,
        channel: facts.channel(),
        subject,
        language: facts.language(),
        tier,
        priority,
        team: state.team(),
    };
    let split_off = command::SplitOff { target, messages: messages.to_vec() };
    let unit = call.services.desk.unit(&call.command);
    let tried = unit
        .with::<Aggregate>(source, split_off)
        .with::<Aggregate>(target, begin)
        .expecting::<Aggregate>(source, call.expected.or(Some(seen.version)))
        .commit()
        .await;
    Ok((source, tried))
}
