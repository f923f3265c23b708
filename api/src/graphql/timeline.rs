//! What happened in a conversation, with those merged into it, in one order. Messages that were
//! split off show where they are now.

use allhours_domain::{
    catalogue::AnyEvent,
    conversation::ConversationEvent,
    ids::{AgentId, ConversationId, MessageId},
    personal::Personal,
    words,
};
use allhours_eventstore::recorded::Recorded;
use async_graphql::{
    ComplexObject, Context, Enum, ID, Result, SimpleObject, connection::Connection,
};

use super::{
    actor::Actor,
    agent::Agent,
    conversation::Conversation,
    error::internal,
    id::Kind,
    loaders::{Loaders, TimelineAsked, TimelinePart},
    own::profiles_of,
    page::{BothWays, Cursor},
    scalars::{self, DateTime},
    text::PersonalText,
    viewer::{Role, Viewer},
    words::Channel,
};
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

/// Messages that were split off one conversation into a new one.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct MovedMessages {
    /// Their global ids, in the conversation's order.
    pub message_ids: Vec<ID>,
    #[graphql(skip)]
    source: ConversationId,
    #[graphql(skip)]
    target: ConversationId,
}

#[ComplexObject]
impl MovedMessages {
    /// The conversation that they were part of.
    async fn source(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        Conversation::known(ctx, self.source).await
    }

    /// The conversation that they are part of from then on.
    async fn target(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        Conversation::known(ctx, self.target).await
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
    /// The conversation in which it happened; another one where it was merged into this one, or
    /// where the message was written before it was split off.
    pub conversation_id: ID,
    /// What was written, where something was.
    pub message: Option<Message>,
    /// Which messages went where, where some were split off.
    pub moved: Option<MovedMessages>,
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
    "conversation.split_off",
    "conversation.split_from",
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

/// Whether a viewer may know that this happened to what they may see, by whom and when. Of their
/// profile customers see all but the tier.
#[must_use]
pub fn may_know(viewer: &Viewer, name: &str) -> bool {
    let of_profile = name.starts_with("customer.") && name != "customer.tier_set";
    sees(viewer, name) || of_profile
}

/// Whether the caller asks for what was written, and not only when and by whom.
fn reads_messages(ctx: &Context<'_>) -> bool {
    let ahead = ctx.look_ahead();
    let nodes = [ahead.field("nodes"), ahead.field("edges").field("node")];
    nodes.iter().any(|node| node.field("message").exists())
}

/// A page of a conversation's timeline; asked for together with those of other conversations.
///
/// # Errors
///
/// A failure of the log, or a cursor of another list.
pub async fn page(
    ctx: &Context<'_>,
    conversation: &Conversation,
    page: &BothWays,
    messages_only: bool,
) -> Result<Connection<Cursor, TimelineEntry>> {
    let viewer = Viewer::of(ctx)?;
    let (after, before) = page.keys(|cursor| cursor.as_number("timeline"))?;
    let part = TimelinePart {
        as_of: conversation.as_of,
        after,
        before,
        from_end: page.from_end,
        limit: page.limit,
        names: names(viewer, messages_only),
        opened: reads_messages(ctx),
        customers: match viewer.customer() {
            Some(own) => Some(profiles_of(ctx, own).await?),
            None => None,
        },
    };
    let (id, tied) = (conversation.facts.id(), conversation.facts.may_be_tied());
    let asked = TimelineAsked { conversation: id, tied, part };
    let found = Loaders::of(ctx)?.timelines.load_one(asked).await?.unwrap_or_default();
    let entries: Vec<_> = found
        .events
        .iter()
        .map(|recorded| {
            Ok((Cursor::number("timeline", recorded.position), entry(viewer, recorded)?))
        })
        .collect::<Result<_>>()?;
    Ok(page.connection(entries, found.more))
}

/// One event as an entry.
///
/// # Errors
///
/// A payload that does not read back.
pub fn entry(viewer: &Viewer, recorded: &Recorded) -> Result<TimelineEntry> {
    let event = recorded.event().map_err(|error| internal(&error))?;
    let (message, moved) = match &event {
        AnyEvent::Conversation(event) => (message(viewer, event), moved(recorded, event)),
        _ => (None, None),
    };
    Ok(TimelineEntry {
        id: Kind::Event.id(recorded.event_id),
        position: scalars::Position(recorded.position),
        name: recorded.name.clone(),
        at: DateTime(recorded.occurred_at),
        conversation_id: Kind::Conversation.id(recorded.stream.id),
        message,
        moved,
        actor: recorded.actor.clone(),
    })
}

fn moved(recorded: &Recorded, event: &ConversationEvent) -> Option<MovedMessages> {
    let here = ConversationId(recorded.stream.id);
    let id = |message: MessageId| Kind::Message.id(message);
    match event {
        ConversationEvent::SplitOff(split) => Some(MovedMessages {
            message_ids: split.messages.iter().copied().map(id).collect(),
            source: here,
            target: split.target,
        }),
        ConversationEvent::SplitFrom(split) => Some(MovedMessages {
            message_ids: split.messages.iter().map(|moved| id(moved.message)).collect(),
            source: split.source,
            target: here,
        }),
        _ => None,
    }
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
