//! Redaction: the events that hold what is to be deleted are looked up, with texts left sealed,
//! and their texts are deleted in the append that says so.

use std::collections::BTreeSet;

use allhours_domain::{
    conversation::{Conversation, ConversationCommand, ConversationEvent, command},
    fields::FieldValue,
    ids::{CommandId, ConversationId, EventId, IntakeId, MessageId},
    intake::{Intake, IntakeEvent},
    text::{Key, Reason},
};
use allhours_eventstore::append::EVENTS_MAX;

use super::{
    conversation_links::{RACES_MAX, Tried, raced},
    stream::events,
};
use crate::{
    clock,
    desk::{CommandContext, Done, chain::Chain, stream_of},
    graphql::call::{Call, Problem},
};

/// How many deliveries are looked up at once.
const DELIVERIES_PAGE: usize = 500;

/// What is to be deleted.
pub(super) enum Redacted {
    /// What was written in a message or note.
    Message(MessageId),
    /// The subject line.
    Subject,
    /// All texts that a custom field ever held.
    Field(Key),
}

/// What to ask of the conversation, and what to delete with it.
struct Plan {
    command: ConversationCommand,
    holding: Vec<EventId>,
    /// The version that the conversation must still be at, where more may have come to hold such
    /// a text.
    seen: Option<i32>,
}

/// Redacts what a conversation holds. More events than an append may name are told by several:
/// the first says that it happened and deletes the newest texts. One that was broken off goes on
/// when it is asked for again.
pub(super) async fn redact(
    call: &Call<'_>,
    id: ConversationId,
    what: &Redacted,
    reason: &Reason,
) -> Result<Done, Problem> {
    let mut races = 0;
    loop {
        let Plan { command, holding, seen } = plan(call, id, what, reason).await?;
        let mut parts = holding.chunks(EVENTS_MAX);
        let first = parts.next().unwrap_or_default();
        let expected = [call.expected, seen];
        let tried = shred(call, &call.command, id, command.clone(), expected, first).await;
        races += 1;
        if call.expected.is_none() && raced(&tried, id) && races <= RACES_MAX {
            continue;
        }
        let done = tried?;
        for part in parts {
            let command_id = CommandId(clock::new_id());
            let context = CommandContext { command_id, ..call.command.clone() };
            shred(call, &context, id, command.clone(), [None, None], part).await?;
        }
        return Ok(done);
    }
}

async fn shred(
    call: &Call<'_>,
    context: &CommandContext,
    id: ConversationId,
    command: ConversationCommand,
    expected: [Option<i32>; 2],
    holding: &[EventId],
) -> Tried {
    let unit = call.services.desk.unit(context).with::<Conversation>(id, command);
    let [called, seen] = expected;
    let unit = unit.expecting::<Conversation>(id, called).expecting::<Conversation>(id, seen);
    unit.shredding(holding.iter().copied()).commit().await
}

async fn plan(
    call: &Call<'_>,
    id: ConversationId,
    what: &Redacted,
    reason: &Reason,
) -> Result<Plan, Problem> {
    let reason = reason.clone();
    Ok(match what {
        Redacted::Message(message) => {
            let message = *message;
            let holding = holding_message(call, id, message).await?;
            Plan { command: command::Redact { message, reason }.into(), holding, seen: None }
        }
        Redacted::Subject => {
            let (holding, went_on_in) = holding_subject(call, id).await?;
            let command = command::RedactSubject { went_on_in, reason }.into();
            Plan { command, holding, seen: None }
        }
        Redacted::Field(field) => {
            let (holding, seen) = holding_field(call, id, field).await?;
            let command = command::RedactField { field: field.clone(), reason }.into();
            Plan { command, holding, seen: Some(seen) }
        }
    })
}

/// The events that hold the text of a message: its own, in whatever conversation it was written
/// before it was split off, and the delivery as its provider sent it. Never none: what no event
/// wrote, the conversation does not hold.
async fn holding_message(
    call: &Call<'_>,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Vec<EventId>, Problem> {
    let mut next = Some(conversation);
    let mut chain = Chain::default();
    while let Some(conversation) = next.take() {
        chain.follow(conversation)?;
        for (recorded, event) in events::<Conversation>(call, conversation).await? {
            if let ConversationEvent::SplitFrom(split) = &event
                && split.messages.iter().any(|moved| moved.message == message)
            {
                next = Some(split.source);
            }
            if let Some(written) = Written::here(&event, message) {
                let mut holding = vec![recorded.event_id];
                let intake = written.intake.into_iter().collect::<Vec<_>>();
                holding.extend(delivered(call, &intake).await?);
                return Ok(holding);
            }
        }
    }
    let message = "the conversation holds no such message";
    Err(Problem::user("UNKNOWN_MESSAGE", message, Some("messageId")))
}

/// The event that holds a conversation's subject line, and the deliveries that may repeat it: all
/// that came to the conversation, and to those that it was merged into, since answers to a mail
/// go on there. With them, which those were.
async fn holding_subject(
    call: &Call<'_>,
    conversation: ConversationId,
) -> Result<(Vec<EventId>, Vec<ConversationId>), Problem> {
    let mut holding = Vec::new();
    let mut intakes = Vec::new();
    let mut went_on_in = Vec::new();
    let mut known = BTreeSet::from([conversation]);
    let mut next = vec![(conversation, 0)];
    let mut chain = Chain::default();
    while let Some((here, from)) = next.pop() {
        chain.follow(here)?;
        for (recorded, event) in events::<Conversation>(call, here).await? {
            if recorded.position <= from {
                continue;
            }
            if let ConversationEvent::Opened(_) = &event
                && here == conversation
            {
                holding.push(recorded.event_id);
            } else if let ConversationEvent::CustomerMessageReceived(received) = &event {
                intakes.extend(received.intake);
            } else if let ConversationEvent::MergedInto(merged) = &event
                && known.insert(merged.target)
            {
                went_on_in.push(merged.target);
                next.push((merged.target, recorded.position));
            }
        }
    }
    holding.extend(delivered(call, &intakes).await?);
    Ok((holding, went_on_in))
}

/// The events that hold texts of a custom field, the newest first, and the version of the
/// conversation that they were found in.
async fn holding_field(
    call: &Call<'_>,
    conversation: ConversationId,
    field: &Key,
) -> Result<(Vec<EventId>, i32), Problem> {
    let events = events::<Conversation>(call, conversation).await?;
    let seen = events.last().map_or(0, |(recorded, _)| recorded.version);
    let holds = |event: &ConversationEvent| {
        matches!(event, ConversationEvent::FieldSet(set)
            if set.field == *field && matches!(set.value, Some(FieldValue::Text(_))))
    };
    let holding = events.iter().rev().filter(|(_, event)| holds(event));
    Ok((holding.map(|(recorded, _)| recorded.event_id).collect(), seen))
}

/// How a message was written.
struct Written {
    /// The delivery it came with, if through a provider.
    intake: Option<IntakeId>,
}

impl Written {
    /// None where `event` did not write `message`.
    fn here(event: &ConversationEvent, message: MessageId) -> Option<Self> {
        let (here, intake) = if let ConversationEvent::CustomerMessageReceived(event) = event {
            (event.message, event.intake)
        } else if let ConversationEvent::AgentReplied(event) = event {
            (event.message, None)
        } else if let ConversationEvent::NoteAdded(event) = event {
            (event.message, None)
        } else {
            return None;
        };
        (here == message).then_some(Self { intake })
    }
}

/// The events that hold what providers sent.
async fn delivered(call: &Call<'_>, intakes: &[IntakeId]) -> Result<Vec<EventId>, Problem> {
    let tenant = call.viewer.tenant;
    let mut holding = Vec::new();
    for page in intakes.chunks(DELIVERIES_PAGE) {
        let streams = page.iter().map(|intake| (stream_of::<Intake>(*intake), 0)).collect();
        let found = call.services.sealed_streams::<IntakeEvent>(tenant, streams, None).await?;
        let events = found.into_values().flatten();
        let first = events.filter(|(_, event)| matches!(event, IntakeEvent::Received(_)));
        holding.extend(first.map(|(recorded, _)| recorded.event_id));
    }
    Ok(holding)
}
