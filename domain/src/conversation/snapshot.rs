//! What a reader of one conversation sees of it, except texts: a fold of its stream.
//!
//! Read as of any position by folding up to there; the read tables use the same fold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{self, ConversationEvent, MovedMessage};
use crate::{
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    personal::Personal,
    text::{Key, Language, Tag},
    words::{Channel, ConversationStatus, Priority, ResolutionKind, Tier, WaitingOn},
};

/// One conversation as it was after some event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationSnapshot {
    /// Its id.
    pub conversation: ConversationId,
    /// Whose it is.
    pub customer: CustomerId,
    /// Where it began.
    pub channel: Channel,
    /// The subject line, if the channel has one.
    pub subject: Option<Personal>,
    /// In which language, as last known.
    pub language: Option<Language>,
    /// Where it stands.
    pub status: ConversationStatus,
    /// By which tier it is served.
    pub tier: Tier,
    /// How urgent it is.
    pub priority: Priority,
    /// In whose queue; none means the common one.
    pub team: Option<TeamId>,
    /// Who is responsible; none means that it is in the queue.
    pub assignee: Option<AgentId>,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Its custom fields that have a value.
    pub fields: BTreeMap<Key, FieldValue>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When a message or note last came, or it was opened.
    pub last_activity_at: Timestamp,
    /// When something last came that the customer can see, or it was opened.
    pub last_public_activity_at: Timestamp,
    /// Since when the customer waits for an answer to what was written here.
    pub own_waiting_since: Option<Timestamp>,
    /// For whom it waits, while its status is waiting.
    pub waiting_on: Option<WaitingOn>,
    /// Until when it is put aside, while its status is snoozed.
    pub snoozed_until: Option<Timestamp>,
    /// How many messages the customer can see here; without notes and merged ones.
    pub message_count: u32,
    /// How many private notes it holds.
    pub note_count: u32,
    /// When an agent first answered.
    pub first_replied_at: Option<Timestamp>,
    /// When it was last resolved; none once it is reopened.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed for good.
    pub closed_at: Option<Timestamp>,
    /// Which one goes on in its place.
    pub merged_into: Option<ConversationId>,
    /// Which ones are merged directly into this one, in the order of merging.
    pub sources: Vec<MergedSource>,
    /// Which one it was split off from.
    pub split_from: Option<ConversationId>,
    /// From opening or reopening to resolving, in order; never empty.
    pub episodes: Vec<Episode>,
}

/// A conversation that is merged into another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedSource {
    /// Which one.
    pub conversation: ConversationId,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// Since when its unanswered question waits here; none where there is none.
    pub waiting_since: Option<Timestamp>,
}

/// One stretch of work on a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// From 1.
    pub number: u32,
    /// When it was opened or reopened.
    pub opened_at: Timestamp,
    /// When an agent first answered in it.
    pub first_reply_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// How sure that was when it was resolved.
    pub kind: Option<ResolutionKind>,
    /// Whether the customer said that it is resolved, then or later.
    pub confirmed: bool,
}

impl Episode {
    fn begun(number: u32, at: Timestamp) -> Self {
        Self {
            number,
            opened_at: at,
            first_reply_at: None,
            resolved_at: None,
            kind: None,
            confirmed: false,
        }
    }
}

impl ConversationSnapshot {
    /// What a reader sees after opening.
    #[must_use]
    pub fn opened(opened: &event::Opened, at: Timestamp) -> Self {
        Self {
            conversation: opened.conversation,
            customer: opened.customer,
            channel: opened.channel,
            subject: opened.subject.clone(),
            language: opened.language.clone(),
            status: ConversationStatus::Open,
            tier: opened.tier,
            priority: opened.priority,
            team: opened.team,
            assignee: None,
            tags: BTreeSet::new(),
            fields: BTreeMap::new(),
            opened_at: at,
            last_activity_at: at,
            last_public_activity_at: at,
            own_waiting_since: None,
            waiting_on: None,
            snoozed_until: None,
            message_count: 0,
            note_count: 0,
            first_replied_at: None,
            resolved_at: None,
            closed_at: None,
            merged_into: None,
            sources: vec![],
            split_from: None,
            episodes: vec![Episode::begun(1, at)],
        }
    }

    /// Folds an event that happened `at` into what a reader sees; nothing is there before
    /// the conversation was opened.
    pub fn fold(seen: &mut Option<Self>, event: &ConversationEvent, at: Timestamp) {
        if let Some(snapshot) = seen {
            snapshot.apply(event, at);
        } else if let ConversationEvent::Opened(opened) = event {
            *seen = Some(Self::opened(opened, at));
        }
    }

    /// Since when the customer waits for an answer: here, or in what was merged into this one.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Timestamp> {
        self.sources.iter().filter_map(|it| it.waiting_since).chain(self.own_waiting_since).min()
    }

    /// The current episode's number, from 1.
    #[must_use]
    pub fn episode(&self) -> u32 {
        self.episodes.last().map_or(1, |it| it.number)
    }

    /// Folds an event that happened `at`. Total: what was recorded has happened.
    pub fn apply(&mut self, event: &ConversationEvent, at: Timestamp) {
        match event {
            ConversationEvent::Opened(opened) => *self = Self::opened(opened, at),
            ConversationEvent::CustomerMessageReceived(received) => self.received(received, at),
            ConversationEvent::AgentReplied(_) => self.replied(at),
            ConversationEvent::NoteAdded(_) => {
                self.active(at);
                self.note_count = self.note_count.saturating_add(1);
            }
            ConversationEvent::AgentMentioned(_)
            | ConversationEvent::MessageRedacted(_)
            | ConversationEvent::SubjectRedacted(_)
            | ConversationEvent::FieldRedacted(_) => {}
            ConversationEvent::PriorityChanged(changed) => self.priority = changed.to,
            ConversationEvent::TierAssigned(assigned) => self.tier = assigned.to,
            ConversationEvent::Tagged(tagged) => {
                self.tags.insert(tagged.tag.clone());
            }
            ConversationEvent::Untagged(untagged) => {
                self.tags.remove(&untagged.tag);
            }
            ConversationEvent::FieldSet(set) => self.field_set(set),
            ConversationEvent::Assigned(assigned) => self.assignee = Some(assigned.agent),
            ConversationEvent::Claimed(claimed) => self.assignee = Some(claimed.agent),
            ConversationEvent::Released(_) => self.assignee = None,
            ConversationEvent::TeamChanged(changed) => self.team = changed.to,
            ConversationEvent::WaitingStarted(wait) => {
                self.stand(ConversationStatus::Waiting);
                self.waiting_on = Some(wait.on);
            }
            ConversationEvent::Snoozed(snoozed) => {
                self.stand(ConversationStatus::Snoozed);
                self.snoozed_until = Some(snoozed.until);
            }
            ConversationEvent::WaitingEnded(_) | ConversationEvent::Woken(_) => {
                self.stand(ConversationStatus::Open);
            }
            ConversationEvent::Resolved(resolved) => self.resolved(resolved),
            ConversationEvent::ResolutionConfirmed(_) => {
                self.episode_now(|episode| episode.confirmed = true);
            }
            ConversationEvent::Reopened(reopened) => {
                self.stand(ConversationStatus::Open);
                self.resolved_at = None;
                self.episodes.push(Episode::begun(reopened.episode, at));
            }
            ConversationEvent::Closed(_) => {
                self.stand(ConversationStatus::Closed);
                self.closed_at = Some(at);
            }
            ConversationEvent::MergedInto(merged) => {
                self.stand(ConversationStatus::Merged);
                self.merged_into = Some(merged.target);
            }
            ConversationEvent::Unmerged(_) => {
                self.stand(ConversationStatus::Open);
                self.merged_into = None;
            }
            ConversationEvent::MergeReceived(merge) => self.merge_received(merge, at),
            ConversationEvent::MergeUndone(undone) => {
                self.sources.retain(|it| it.conversation != undone.source);
            }
            ConversationEvent::SplitOff(split) => self.split_off(split, at),
            ConversationEvent::SplitFrom(split) => self.split_from(split, at),
        }
    }

    fn stand(&mut self, status: ConversationStatus) {
        self.status = status;
        self.waiting_on = None;
        self.snoozed_until = None;
    }

    /// What comes late, such as old mail, makes it no less active.
    fn active(&mut self, at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(at);
    }

    fn publicly_active(&mut self, at: Timestamp) {
        self.active(at);
        self.last_public_activity_at = self.last_public_activity_at.max(at);
    }

    fn received(&mut self, received: &event::CustomerMessageReceived, at: Timestamp) {
        self.publicly_active(at);
        self.message_count = self.message_count.saturating_add(1);
        self.own_waiting_since.get_or_insert(at);
        if received.language.is_some() {
            self.language.clone_from(&received.language);
        }
    }

    fn replied(&mut self, at: Timestamp) {
        self.publicly_active(at);
        self.message_count = self.message_count.saturating_add(1);
        self.nobody_waits();
        self.first_replied_at.get_or_insert(at);
        self.episode_now(|episode| {
            episode.first_reply_at.get_or_insert(at);
        });
    }

    fn nobody_waits(&mut self) {
        self.own_waiting_since = None;
        for source in &mut self.sources {
            source.waiting_since = None;
        }
    }

    fn field_set(&mut self, set: &event::FieldSet) {
        match &set.value {
            Some(value) => {
                self.fields.insert(set.field.clone(), value.clone());
            }
            None => {
                self.fields.remove(&set.field);
            }
        }
    }

    fn resolved(&mut self, resolved: &event::Resolved) {
        self.stand(ConversationStatus::Resolved);
        self.resolved_at = Some(resolved.at);
        self.nobody_waits();
        self.episode_now(|episode| {
            episode.resolved_at = Some(resolved.at);
            episode.kind = Some(resolved.kind);
            episode.confirmed = resolved.kind == ResolutionKind::Confirmed;
        });
    }

    fn merge_received(&mut self, merge: &event::MergeReceived, at: Timestamp) {
        self.sources.push(MergedSource {
            conversation: merge.source,
            merged_at: at,
            waiting_since: merge.awaits_reply.then_some(at),
        });
    }

    fn split_off(&mut self, split: &event::SplitOff, at: Timestamp) {
        self.message_count = self.message_count.saturating_sub(count(split.messages.len()));
        self.own_waiting_since = split.awaits_reply.then(|| self.own_waiting_since.unwrap_or(at));
    }

    fn split_from(&mut self, split: &event::SplitFrom, at: Timestamp) {
        self.split_from = Some(split.source);
        self.message_count = self.message_count.saturating_add(count(split.messages.len()));
        let by_customer = |last: &MovedMessage| last.agent.is_none();
        self.own_waiting_since = split.messages.last().is_some_and(by_customer).then_some(at);
    }

    fn episode_now(&mut self, change: impl FnOnce(&mut Episode)) {
        if let Some(episode) = self.episodes.last_mut() {
            change(episode);
        }
    }
}

fn count(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX)
}
