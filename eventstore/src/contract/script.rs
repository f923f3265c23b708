//! Appends as scenarios write them: short, and with ids that never repeat within a script.

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    conversation::event::{ConversationEvent, CustomerMessageReceived, Tagged},
    ids::{CommandId, CorrelationId, EventId, MessageId, PersonId, SubjectId, TenantId},
    personal::Personal,
    text::Tag,
    words::Channel,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    append::{Append, StreamAppend},
    canonical::sha256,
    recorded::{StreamId, StreamType},
};

/// Makes ids and appends for one tenant.
#[derive(Debug, Clone)]
pub struct Script {
    /// Whose.
    pub tenant: TenantId,
    /// When the next append is written; it moves on by a second each time.
    pub now: Timestamp,
    space: u64,
    next: u64,
}

impl Script {
    /// A script; `space` keeps its ids apart from those of other scripts.
    #[must_use]
    pub fn new(space: u64) -> Self {
        let now = Timestamp::from_second(1_770_000_000).expect("an instant of this century");
        let tenant = TenantId(Uuid::from_u64_pair(space, 0));
        Self { tenant, now, space, next: 1 }
    }

    /// A new id.
    pub fn id(&mut self) -> Uuid {
        self.next += 1;
        Uuid::from_u64_pair(self.space, self.next)
    }

    /// A new stream.
    pub fn stream(&mut self) -> StreamId {
        StreamId { stream_type: StreamType("conversation"), id: self.id() }
    }

    /// A new subject.
    pub fn subject(&mut self) -> SubjectId {
        SubjectId(self.id())
    }

    /// Events without anything personal.
    pub fn tags(&mut self, count: usize) -> Vec<(EventId, AnyEvent)> {
        (0..count)
            .map(|index| {
                let tag = Tag::new(format!("tag-{index}")).expect("a plain tag");
                let event = ConversationEvent::Tagged(Tagged { tag });
                (EventId(self.id()), event.into())
            })
            .collect()
    }

    /// A message with a personal text.
    pub fn message(&mut self, subject: SubjectId, text: &str) -> (EventId, AnyEvent) {
        let event = ConversationEvent::CustomerMessageReceived(CustomerMessageReceived {
            message: MessageId(self.id()),
            text: Personal::about(subject, text),
            channel: Channel::Chat,
            language: None,
            intake: None,
        });
        (EventId(self.id()), event.into())
    }

    /// A command that writes nothing yet.
    pub fn command(&mut self) -> Append {
        self.now = self.now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(self.now);
        let command_id = CommandId(self.id());
        Append {
            tenant: self.tenant,
            command_id,
            request_hash: sha256(command_id.0.as_bytes()),
            correlation_id: CorrelationId(command_id.0),
            causation_id: None,
            follows_first: false,
            traceparent: None,
            actor: Actor::Person(PersonId(Uuid::from_u64_pair(self.space, 1))),
            occurred_at: self.now,
            recorded_at: self.now,
            streams: Vec::new(),
            shred_events: Vec::new(),
            forget_subjects: Vec::new(),
        }
    }

    /// A command that writes `count` plain events to a stream.
    pub fn tagging(&mut self, stream: StreamId, expected_version: i32, count: usize) -> Append {
        let events = self.tags(count);
        self.writing(stream, expected_version, events)
    }

    /// A command that writes these events to a stream.
    pub fn writing(
        &mut self,
        stream: StreamId,
        expected_version: i32,
        events: Vec<(EventId, AnyEvent)>,
    ) -> Append {
        let mut append = self.command();
        append.streams.push(StreamAppend { stream, expected_version, events });
        append
    }
}

/// The text of an event as it reads now: open, `<sealed>` or `<erased>`; none where it has none.
#[must_use]
pub fn text_of(event: &crate::recorded::Recorded) -> Option<String> {
    let Ok(AnyEvent::Conversation(ConversationEvent::CustomerMessageReceived(message))) =
        event.event()
    else {
        return None;
    };
    Some(match message.text {
        Personal::Open { text, .. } => text,
        Personal::Sealed { .. } => "<sealed>".to_owned(),
        Personal::Erased { .. } => "<erased>".to_owned(),
    })
}
