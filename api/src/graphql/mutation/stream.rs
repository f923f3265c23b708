//! What mutations look up in a stream before they ask for something, with texts left sealed.

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    ids::{ConversationId, EventId, IntakeId, MessageId},
    intake::{Intake, IntakeEvent},
    words::Channel,
};
use allhours_eventstore::{log::Log as _, recorded::Recorded};
use uuid::Uuid;

use crate::{
    desk::{Aggregate, chain::Chain, folded::read, stream_of},
    graphql::call::{Call, Problem},
};

/// How many events are loaded at once.
const PAGE: usize = 1_000;

/// The events of an aggregate, oldest first.
async fn events<A: Aggregate>(
    call: &Call<'_>,
    id: impl Into<Uuid>,
) -> Result<Vec<(Recorded, A::Event)>, Problem> {
    let stream = stream_of::<A>(id);
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page = call.services.log.load(call.viewer.tenant, stream, after, PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map_or(after, |last| last.version);
        for recorded in page {
            let event = read::<A::Event>(&recorded)?;
            events.push((recorded, event));
        }
        if !full {
            return Ok(events);
        }
    }
}

/// Where the customer wrote last, or where the conversation began.
pub(super) async fn last_channel(
    call: &Call<'_>,
    id: ConversationId,
) -> Result<Option<Channel>, Problem> {
    let events = events::<Conversation>(call, id).await?;
    let channel = |event: &ConversationEvent| {
        if let ConversationEvent::Opened(opened) = event {
            Some(opened.channel)
        } else if let ConversationEvent::CustomerMessageReceived(received) = event {
            Some(received.channel)
        } else {
            None
        }
    };
    Ok(events.iter().rev().find_map(|(_, event)| channel(event)))
}

/// The events that hold the text of a message: its own, in whatever conversation it was written
/// before it was split off, and the delivery as its provider sent it. Never none: what no event
/// wrote, the conversation does not hold.
pub(super) async fn holding_text(
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
                if let Some(intake) = written.intake {
                    holding.extend(delivered(call, intake).await?);
                }
                return Ok(holding);
            }
        }
    }
    let message = "the conversation holds no such message";
    Err(Problem::user("UNKNOWN_MESSAGE", message, Some("messageId")))
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

async fn delivered(call: &Call<'_>, intake: IntakeId) -> Result<Option<EventId>, Problem> {
    let events = events::<Intake>(call, intake).await?;
    let first = events.iter().find(|(_, event)| matches!(event, IntakeEvent::Received(_)));
    Ok(first.map(|(recorded, _)| recorded.event_id))
}
