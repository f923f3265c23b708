//! What is known of a conversation: one form, whether a table or the stream tells.

use std::collections::BTreeMap;

use allhours_domain::{
    conversation::{ConversationEvent, ConversationSnapshot, snapshot::Episode as Stretch},
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    text::Key,
    words,
};
use allhours_eventstore::recorded::{Position, Recorded};
use allhours_projections::conversations::{ConversationRow, FieldEntry};
use jiff::Timestamp;

use crate::graphql::{scalars::count, source::Source, thread};

/// What is known of a conversation, from a table or from the stream.
#[derive(Debug, Clone)]
pub struct ConversationFacts {
    pub(super) id: ConversationId,
    pub(super) version: i32,
    pub(super) customer: CustomerId,
    pub(super) channel: words::Channel,
    pub(super) subject: Source,
    /// Where it stands; none where there is none, and also after a split, until somebody writes.
    pub(super) last_message: Option<Position>,
    pub(super) language: Option<allhours_domain::text::Language>,
    pub(super) status: words::ConversationStatus,
    pub(super) tier: words::Tier,
    pub(super) priority: words::Priority,
    pub(super) team: Option<TeamId>,
    pub(super) assignee: Option<AgentId>,
    pub(super) tags: Vec<String>,
    pub(super) fields: Vec<(Key, FieldEntry)>,
    pub(super) waiting_on: Option<words::WaitingOn>,
    pub(super) opened_at: Timestamp,
    pub(super) last_activity_at: Timestamp,
    pub(super) last_public_activity_at: Timestamp,
    pub(super) waiting_since: Option<Timestamp>,
    pub(super) snoozed_until: Option<Timestamp>,
    pub(super) resolved_at: Option<Timestamp>,
    pub(super) message_count: i32,
    pub(super) episode: i32,
    pub(super) merged_into: Option<ConversationId>,
    /// Only where it was folded from its stream.
    pub(super) episodes: Option<Vec<Stretch>>,
    /// Whether it was ever merged with another one or split; known where it was folded.
    pub(super) tied: Option<bool>,
}

impl From<&ConversationRow> for ConversationFacts {
    fn from(row: &ConversationRow) -> Self {
        let fields = row.fields.0.iter();
        Self {
            id: row.id,
            version: row.version,
            customer: row.customer_id,
            channel: row.channel,
            subject: Source::At(row.subject_position),
            last_message: row.last_message_position,
            language: row.language.clone(),
            status: row.status,
            tier: row.tier,
            priority: row.priority,
            team: row.team_id,
            assignee: row.assignee_id,
            tags: row.tags.0.iter().map(ToString::to_string).collect(),
            fields: fields.map(|(key, entry)| (key.clone(), entry.clone())).collect(),
            waiting_on: row.waiting_on,
            opened_at: row.opened_at,
            last_activity_at: row.last_activity_at,
            last_public_activity_at: row.last_public_activity_at,
            waiting_since: row.waiting_since,
            snoozed_until: row.snoozed_until,
            resolved_at: row.resolved_at,
            message_count: row.message_count,
            episode: row.episode,
            merged_into: row.merged_into,
            episodes: None,
            tied: None,
        }
    }
}

/// A conversation folded from its stream as it stands there, sealed: texts are known by where
/// they stand, so that keeping this keeps nobody's words.
#[derive(Debug, Clone, Default)]
pub struct ConversationFold {
    snapshot: Option<ConversationSnapshot>,
    version: i32,
    subject: Option<Position>,
    last_message: Option<Position>,
    fields: BTreeMap<Key, FieldEntry>,
    tied: bool,
}

impl ConversationFold {
    /// How many events it was folded from.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Takes the next event of the stream.
    pub fn take(&mut self, recorded: &Recorded, event: &ConversationEvent) {
        let position = recorded.position;
        self.version = recorded.version;
        self.tied |= thread::ties(&recorded.name);
        ConversationSnapshot::fold(&mut self.snapshot, event, recorded.occurred_at);
        match event {
            ConversationEvent::Opened(event) => {
                self.subject = event.subject.as_ref().map(|_| position);
            }
            ConversationEvent::CustomerMessageReceived(_) | ConversationEvent::AgentReplied(_) => {
                self.last_message = Some(position);
            }
            ConversationEvent::SplitOff(_) | ConversationEvent::SplitFrom(_) => {
                self.last_message = None;
            }
            ConversationEvent::FieldSet(event) => {
                match &event.value {
                    Some(value) => {
                        let entry = FieldEntry::of(value, position);
                        self.fields.insert(event.field.clone(), entry)
                    }
                    None => self.fields.remove(&event.field),
                };
            }
            _ => {}
        }
    }

    /// What is known after these events; none where it was never opened.
    #[must_use]
    pub fn facts(&self) -> Option<ConversationFacts> {
        let snapshot = self.snapshot.as_ref()?;
        let fields = self.fields.iter();
        Some(ConversationFacts {
            id: snapshot.conversation,
            version: self.version,
            customer: snapshot.customer,
            channel: snapshot.channel,
            subject: Source::At(self.subject),
            last_message: self.last_message,
            language: snapshot.language.clone(),
            status: snapshot.status,
            tier: snapshot.tier,
            priority: snapshot.priority,
            team: snapshot.team,
            assignee: snapshot.assignee,
            tags: snapshot.tags.iter().map(ToString::to_string).collect(),
            fields: fields.map(|(key, entry)| (key.clone(), entry.clone())).collect(),
            waiting_on: snapshot.waiting_on,
            opened_at: snapshot.opened_at,
            last_activity_at: snapshot.last_activity_at,
            last_public_activity_at: snapshot.last_public_activity_at,
            waiting_since: snapshot.waiting_since(),
            snoozed_until: snapshot.snoozed_until,
            resolved_at: snapshot.resolved_at,
            message_count: count(snapshot.message_count),
            episode: count(snapshot.episode()),
            merged_into: snapshot.merged_into,
            episodes: Some(snapshot.episodes.clone()),
            tied: Some(self.tied),
        })
    }
}

impl ConversationFacts {
    /// Which one.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// Whether it may have been merged with another one or split.
    #[must_use]
    pub fn may_be_tied(&self) -> bool {
        self.tied != Some(false)
    }

    /// Whose it is.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        self.customer
    }

    /// Where it began.
    #[must_use]
    pub fn channel(&self) -> words::Channel {
        self.channel
    }

    /// In which language, as last known.
    #[must_use]
    pub fn language(&self) -> Option<allhours_domain::text::Language> {
        self.language.clone()
    }
}
