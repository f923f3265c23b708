//! What is known of a conversation: one form, whether a table or the stream tells.

use allhours_domain::{
    conversation::{ConversationEvent, ConversationSnapshot, snapshot::Episode as Stretch},
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    words,
};
use allhours_eventstore::recorded::{Position, Recorded};
use allhours_projections::conversations::ConversationRow;
use jiff::Timestamp;

use crate::graphql::{scalars::count, source::Source};

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
    pub(super) fields: Vec<(String, FieldValue)>,
    pub(super) waiting_on: Option<words::WaitingOn>,
    pub(super) opened_at: Timestamp,
    pub(super) last_activity_at: Timestamp,
    pub(super) waiting_since: Option<Timestamp>,
    pub(super) snoozed_until: Option<Timestamp>,
    pub(super) resolved_at: Option<Timestamp>,
    pub(super) message_count: i32,
    pub(super) episode: i32,
    pub(super) merged_into: Option<ConversationId>,
    /// Only where it was folded from its stream.
    pub(super) episodes: Option<Vec<Stretch>>,
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
            fields: fields.map(|(key, value)| (key.to_string(), value.clone())).collect(),
            waiting_on: row.waiting_on,
            opened_at: row.opened_at,
            last_activity_at: row.last_activity_at,
            waiting_since: row.waiting_since,
            snoozed_until: row.snoozed_until,
            resolved_at: row.resolved_at,
            message_count: row.message_count,
            episode: row.episode,
            merged_into: row.merged_into,
            episodes: None,
        }
    }
}

impl ConversationFacts {
    /// Folded from the events of its stream; none where it was never opened.
    #[must_use]
    pub fn folded(events: &[(Recorded, ConversationEvent)]) -> Option<Self> {
        let mut seen = None;
        let mut last_message = None;
        for (recorded, event) in events {
            ConversationSnapshot::fold(&mut seen, event, recorded.occurred_at);
            if let ConversationEvent::CustomerMessageReceived(_)
            | ConversationEvent::AgentReplied(_) = event
            {
                last_message = Some(recorded.position);
            } else if let ConversationEvent::SplitOff(_) | ConversationEvent::SplitFrom(_) = event {
                last_message = None;
            }
        }
        let snapshot = seen?;
        let version = events.last()?.0.version;
        Some(Self::of(snapshot, version, last_message))
    }

    fn of(snapshot: ConversationSnapshot, version: i32, last_message: Option<Position>) -> Self {
        let (waiting_since, episode) = (snapshot.waiting_since(), snapshot.episode());
        let fields = snapshot.fields.into_iter();
        Self {
            id: snapshot.conversation,
            version,
            customer: snapshot.customer,
            channel: snapshot.channel,
            subject: Source::Here(snapshot.subject),
            last_message,
            language: snapshot.language,
            status: snapshot.status,
            tier: snapshot.tier,
            priority: snapshot.priority,
            team: snapshot.team,
            assignee: snapshot.assignee,
            tags: snapshot.tags.iter().map(ToString::to_string).collect(),
            fields: fields.map(|(key, value)| (key.to_string(), value)).collect(),
            waiting_on: snapshot.waiting_on,
            opened_at: snapshot.opened_at,
            last_activity_at: snapshot.last_activity_at,
            waiting_since,
            snoozed_until: snapshot.snoozed_until,
            resolved_at: snapshot.resolved_at,
            message_count: count(snapshot.message_count),
            episode: count(episode),
            merged_into: snapshot.merged_into,
            episodes: Some(snapshot.episodes),
        }
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
