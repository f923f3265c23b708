//! What happened in a conversation: its stream and those merged into it, in one order.

use std::sync::Arc;

use allhours_domain::{
    catalogue::AnyEvent,
    conversation::{Conversation as State, ConversationEvent},
    ids::{AgentId, ConversationId, MessageId},
    personal::Personal,
    words,
};
use allhours_eventstore::{
    history::{EventFilter, History, Start},
    recorded::{Position, Recorded},
};
use async_graphql::{
    ComplexObject, Context, Enum, ID, Result, SimpleObject, connection::Connection,
};

use super::{
    actor::Actor,
    agent::Agent,
    error::{internal, of_log},
    id::Kind,
    page::{BothWays, Cursor, bad_cursor, connection},
    scalars::{self, DateTime},
    services::{Services, count_statement},
    text::PersonalText,
    viewer::{Role, Viewer},
    words::Channel,
};
use crate::desk::stream_of;

/// What kind of message it is.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// The customer wrote.
    Customer,
    /// An agent answered.
    Reply,
    /// A private note among agents.
    Note,
}

/// Something that was written.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct Message {
    /// The global id.
    pub id: ID,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// What was written, as the viewer may read it.
    pub text: PersonalText,
    /// Where it travelled; none for notes.
    pub channel: Option<Channel>,
    #[graphql(skip)]
    agent: Option<AgentId>,
}

#[ComplexObject]
impl Message {
    /// The agent who wrote it; none where the customer did.
    async fn agent(&self) -> Option<Agent> {
        self.agent.map(Agent::of)
    }
}

/// One thing that happened in a conversation.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct TimelineEntry {
    /// The event's global id.
    pub id: ID,
    /// The event's position in the log.
    pub position: scalars::Position,
    /// The event's stored name, such as `conversation.claimed`.
    pub name: String,
    /// When it happened.
    pub at: DateTime,
    /// The conversation in which it happened; another one where it was merged into this one.
    pub conversation_id: ID,
    /// What was written, where something was.
    pub message: Option<Message>,
    #[graphql(skip)]
    actor: allhours_domain::actor::Actor,
}

#[ComplexObject]
impl TimelineEntry {
    /// Who or what caused it.
    async fn actor(&self) -> Actor {
        self.actor.clone().into()
    }
}

const MESSAGES: &[&str] = &[
    "conversation.customer_message_received",
    "conversation.agent_replied",
    "conversation.note_added",
];

/// What a customer sees of a conversation.
const FOR_CUSTOMERS: &[&str] = &[
    "conversation.opened",
    "conversation.customer_message_received",
    "conversation.agent_replied",
    "conversation.resolved",
    "conversation.resolution_confirmed",
    "conversation.reopened",
    "conversation.closed",
];

/// Which events a viewer sees; empty means all.
fn names(viewer: &Viewer, messages_only: bool) -> Vec<String> {
    let names: Vec<&str> = match (viewer.role == Role::Customer, messages_only) {
        (false, false) => Vec::new(),
        (false, true) => MESSAGES.to_vec(),
        (true, false) => FOR_CUSTOMERS.to_vec(),
        (true, true) => {
            MESSAGES.iter().copied().filter(|name| FOR_CUSTOMERS.contains(name)).collect()
        }
    };
    names.into_iter().map(str::to_owned).collect()
}

/// Whether a viewer sees an event of a conversation that they may see.
#[must_use]
pub fn sees(viewer: &Viewer, name: &str) -> bool {
    viewer.role != Role::Customer || FOR_CUSTOMERS.contains(&name)
}

/// How deep merges into merged conversations are followed.
const STREAMS_MAX: usize = 64;

/// A page of the timeline.
///
/// # Errors
///
/// A failure of the log, or a cursor of another list.
pub async fn page(
    ctx: &Context<'_>,
    id: ConversationId,
    as_of: Option<Position>,
    page: &BothWays,
    messages_only: bool,
) -> Result<Connection<Cursor, TimelineEntry>> {
    let viewer = Viewer::of(ctx)?;
    let services = ctx.data::<Services>()?;
    let position = |cursor: &Option<Cursor>| match cursor {
        Some(cursor) => cursor.as_number().map(Some).ok_or_else(bad_cursor),
        None => Ok(None),
    };
    let (after, before) = (position(&page.after)?, position(&page.before)?);
    let ends = as_of.map(|as_of| as_of.saturating_add(1));
    let until = [before, ends].into_iter().flatten().min();
    let start = if page.from_end { Start::Newest } else { Start::Oldest };

    let mut events = Vec::new();
    for stream in streams(services, viewer, id).await? {
        let filter = EventFilter {
            after,
            before: until,
            stream: Some(stream_of::<State>(stream)),
            names: names(viewer, messages_only),
            ..EventFilter::default()
        };
        count_statement();
        let found = services.log.page(viewer.tenant, &filter, start, page.limit + 1).await;
        events.extend(found.map_err(|error| of_log(&error))?);
    }
    events.sort_by_key(|recorded| recorded.position);
    let more = events.len() > page.limit;
    if page.from_end {
        events.drain(..events.len().saturating_sub(page.limit));
    } else {
        events.truncate(page.limit);
    }
    let (has_previous, has_next) =
        if page.from_end { (more, before.is_some()) } else { (after.is_some(), more) };
    let entries = services.open(events).await?;
    let entries: Vec<_> = entries
        .iter()
        .map(|recorded| Ok((Cursor::number(recorded.position), entry(viewer, recorded)?)))
        .collect::<Result<_>>()?;
    Ok(connection(entries, has_previous, has_next))
}

/// A conversation and those merged into it, directly or not.
async fn streams(
    services: &Services,
    viewer: &Viewer,
    id: ConversationId,
) -> Result<Vec<ConversationId>> {
    let mut all = vec![id];
    let mut next = 0;
    while let Some(id) = all.get(next).copied().filter(|_| all.len() < STREAMS_MAX) {
        count_statement();
        let state = services.desk.load::<State>(viewer.tenant, id).await;
        let state: Arc<State> = state.map_err(|error| of_log(&error))?.state;
        all.extend(state.sources().filter(|source| *source != id));
        next += 1;
    }
    Ok(all)
}

/// One event as an entry.
///
/// # Errors
///
/// A payload that does not read back.
pub fn entry(viewer: &Viewer, recorded: &Recorded) -> Result<TimelineEntry> {
    let event = recorded.event().map_err(|error| internal(&error))?;
    let message = match &event {
        AnyEvent::Conversation(event) => message(viewer, event),
        _ => None,
    };
    Ok(TimelineEntry {
        id: Kind::Event.id(recorded.event_id),
        position: scalars::Position(recorded.position),
        name: recorded.name.clone(),
        at: DateTime(recorded.occurred_at),
        conversation_id: Kind::Conversation.id(recorded.stream.id),
        message,
        actor: recorded.actor.clone(),
    })
}

fn message(viewer: &Viewer, event: &ConversationEvent) -> Option<Message> {
    let written = |kind, id: MessageId, text: &Personal, channel: Option<words::Channel>, agent| {
        Some(Message {
            id: Kind::Message.id(id),
            kind,
            text: PersonalText::of(viewer, text),
            channel: channel.map(Into::into),
            agent,
        })
    };
    match event {
        ConversationEvent::CustomerMessageReceived(it) => {
            written(MessageKind::Customer, it.message, &it.text, Some(it.channel), None)
        }
        ConversationEvent::AgentReplied(it) => {
            written(MessageKind::Reply, it.message, &it.text, Some(it.channel), Some(it.agent))
        }
        ConversationEvent::NoteAdded(it) => {
            written(MessageKind::Note, it.message, &it.text, None, Some(it.agent))
        }
        _ => None,
    }
}
