//! What mutations look up in a stream before they ask for something, with texts left sealed.

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    ids::ConversationId,
    words::Channel,
};
use allhours_eventstore::{log::Log as _, recorded::Recorded};
use uuid::Uuid;

use crate::{
    desk::{Aggregate, folded::read, stream_of},
    graphql::call::{Call, Problem},
};

/// How many events are loaded at once.
const PAGE: usize = 1_000;

/// The events of an aggregate, oldest first.
pub(super) async fn events<A: Aggregate>(
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
