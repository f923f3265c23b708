//! How events change conversations, and what follows for counters, queues and assignments.

use allhours_domain::{
    catalogue::AnyEvent,
    conversation::{
        ConversationEvent,
        event::{FieldSet, Opened, Resolved, SplitFrom, SplitOff},
    },
    ids::{ConversationId, TenantId},
    words::{ConversationStatus, ResolutionKind},
};
use allhours_eventstore::recorded::{Position, Recorded};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    columns::{Structured, whole_microseconds},
    conversations::{AssignmentRow, ConversationRow, CounterRow, FieldEntry, QueueRow, rank},
    counters::{Counter, Counters},
    fold::Fold,
    intervals::Intervals,
    rows::{Row, Rows},
    table::Table,
};

/// The rows of conversations in memory.
#[derive(Debug, Default)]
pub struct Conversations {
    /// What lists show.
    pub rows: Rows<ConversationRow>,
    /// How many there are of each kind.
    pub counters: Counters<CounterRow>,
    /// Which of them stand in a queue.
    pub queue: Intervals<QueueRow>,
    /// Which of them an agent carries.
    pub assignments: Intervals<AssignmentRow>,
}

impl Fold for Conversations {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Conversation(_) = event {
            let key = key(recorded);
            self.rows.want(key);
            self.queue.want(key);
            self.assignments.want(key);
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Conversation(event) = event else { return };
        let key = key(recorded);
        let before = self.rows.get(&key).and_then(counted_as);
        let row = self.rows.change(&key);
        change(row, recorded, event);
        let Some(row) = row else { return };
        self.counters.moved(before, counted_as(row));
        let position = recorded.position;
        self.queue.put(&key, queued(row, recorded), position);
        self.assignments.put(&key, assigned(row, recorded), position);
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows, &mut self.counters, &mut self.queue, &mut self.assignments]
    }
}

impl Counter for CounterRow {
    fn of(key: &Self::Key, conversations: i64) -> Self {
        let (tenant_id, team_id, status, tier, priority) = *key;
        Self { tenant_id, team_id, status, tier, priority, conversations }
    }

    fn count(&self) -> i64 {
        self.conversations
    }
}

fn key(recorded: &Recorded) -> (TenantId, ConversationId) {
    (recorded.tenant, ConversationId(recorded.stream.id))
}

/// Under which count it goes; none for one that another goes on in place of.
fn counted_as(row: &ConversationRow) -> Option<<CounterRow as Row>::Key> {
    let team = row.team_id.map_or(Uuid::nil(), |team| team.0);
    let counted = row.status != ConversationStatus::Merged;
    counted.then_some((row.tenant_id, team, row.status, row.tier, row.priority))
}

/// Its place in a queue, if it stands in one.
fn queued(row: &ConversationRow, recorded: &Recorded) -> Option<QueueRow> {
    row.queued_at.map(|queued_at| QueueRow {
        tenant_id: row.tenant_id,
        conversation_id: row.id,
        from_position: recorded.position,
        to_position: None,
        team_id: row.team_id,
        tier: row.tier,
        priority: row.priority,
        rank: rank(row.priority, row.tier),
        waiting_since: row.waiting_since.unwrap_or(queued_at),
    })
}

/// Who carries it, if somebody does.
fn assigned(row: &ConversationRow, recorded: &Recorded) -> Option<AssignmentRow> {
    let carried = match row.status {
        ConversationStatus::Open | ConversationStatus::Waiting | ConversationStatus::Snoozed => {
            true
        }
        ConversationStatus::Resolved | ConversationStatus::Closed | ConversationStatus::Merged => {
            false
        }
    };
    row.assignee_id.filter(|_| carried).map(|agent_id| AssignmentRow {
        tenant_id: row.tenant_id,
        conversation_id: row.id,
        from_position: recorded.position,
        to_position: None,
        agent_id,
        status: row.status,
    })
}

/// Folds one event into the row of its conversation.
pub(super) fn change(
    row: &mut Option<ConversationRow>,
    recorded: &Recorded,
    event: &ConversationEvent,
) {
    if let ConversationEvent::Opened(event) = event {
        *row = Some(opened(recorded, event));
    }
    let Some(row) = row else { return };
    let at = whole_microseconds(recorded.occurred_at);
    row.evolve(recorded, at, event);
    row.waiting_since = row.waits.values().min().copied();
    let queued = row.status == ConversationStatus::Open && row.assignee_id.is_none();
    row.queued_at = queued.then_some(row.queued_at.unwrap_or(at));
    row.version = recorded.version;
    row.updated_position = recorded.position;
}

fn opened(recorded: &Recorded, event: &Opened) -> ConversationRow {
    let at = whole_microseconds(recorded.occurred_at);
    ConversationRow {
        tenant_id: recorded.tenant,
        id: ConversationId(recorded.stream.id),
        customer_id: event.customer,
        channel: event.channel,
        status: ConversationStatus::Open,
        episode: 1,
        team_id: event.team,
        assignee_id: None,
        priority: event.priority,
        tier: event.tier,
        language: event.language.clone(),
        tags: Structured::default(),
        fields: Structured::default(),
        waiting_on: None,
        resolution: None,
        opened_at: at,
        last_activity_at: at,
        last_public_activity_at: at,
        last_customer_message_at: None,
        waiting_since: None,
        waits: Structured::default(),
        queued_at: None,
        snoozed_until: None,
        resolved_at: None,
        subject_position: event.subject.as_ref().map(|_| recorded.position),
        last_message_position: None,
        message_count: 0,
        merged_into: None,
        version: 0,
        updated_position: 0,
    }
}

impl ConversationRow {
    fn evolve(&mut self, recorded: &Recorded, at: Timestamp, event: &ConversationEvent) {
        match event {
            ConversationEvent::Opened(_)
            | ConversationEvent::AgentMentioned(_)
            | ConversationEvent::MessageRedacted(_)
            | ConversationEvent::SubjectRedacted(_)
            | ConversationEvent::FieldRedacted(_) => {}
            ConversationEvent::CustomerMessageReceived(event) => {
                self.message(recorded, at);
                self.last_customer_message_at = Some(at);
                self.waits.entry(self.id).or_insert(at);
                if event.language.is_some() {
                    self.language.clone_from(&event.language);
                }
            }
            ConversationEvent::AgentReplied(_) => {
                self.message(recorded, at);
                self.waits.clear();
            }
            ConversationEvent::NoteAdded(_) => self.active(at),
            ConversationEvent::PriorityChanged(event) => self.priority = event.to,
            ConversationEvent::TierAssigned(event) => self.tier = event.to,
            ConversationEvent::Tagged(event) => {
                self.tags.insert(event.tag.clone());
            }
            ConversationEvent::Untagged(event) => {
                self.tags.remove(&event.tag);
            }
            ConversationEvent::FieldSet(event) => self.set_field(event, recorded.position),
            ConversationEvent::Assigned(event) => self.assignee_id = Some(event.agent),
            ConversationEvent::Claimed(event) => self.assignee_id = Some(event.agent),
            ConversationEvent::Released(_) => self.assignee_id = None,
            ConversationEvent::TeamChanged(event) => {
                self.team_id = event.to;
                self.queued_at = None;
            }
            ConversationEvent::MergeReceived(event) => {
                if event.awaits_reply {
                    self.waits.insert(event.source, at);
                }
            }
            ConversationEvent::MergeUndone(event) => {
                self.waits.remove(&event.source);
            }
            ConversationEvent::SplitOff(event) => self.split_off(event, at),
            ConversationEvent::SplitFrom(event) => self.split_from(event, at),
            ConversationEvent::WaitingStarted(event) => {
                self.now(ConversationStatus::Waiting);
                self.waiting_on = Some(event.on);
            }
            ConversationEvent::WaitingEnded(_) | ConversationEvent::Woken(_) => {
                self.now(ConversationStatus::Open);
            }
            ConversationEvent::Unmerged(_) => self.unmerged(),
            ConversationEvent::Snoozed(event) => {
                self.now(ConversationStatus::Snoozed);
                self.snoozed_until = Some(whole_microseconds(event.until));
            }
            ConversationEvent::Resolved(event) => self.resolved(event),
            ConversationEvent::ResolutionConfirmed(_) => {
                self.resolution = Some(ResolutionKind::Confirmed);
            }
            ConversationEvent::Reopened(event) => self.reopened(event.episode),
            ConversationEvent::Closed(_) => self.now(ConversationStatus::Closed),
            ConversationEvent::MergedInto(event) => {
                self.now(ConversationStatus::Merged);
                self.merged_into = Some(event.target);
            }
        }
    }

    fn resolved(&mut self, event: &Resolved) {
        self.now(ConversationStatus::Resolved);
        self.resolution = Some(event.kind);
        self.resolved_at = Some(whole_microseconds(event.at));
        self.waits.clear();
    }

    fn reopened(&mut self, episode: u32) {
        self.now(ConversationStatus::Open);
        self.resolution = None;
        self.resolved_at = None;
        self.episode = i32::try_from(episode).unwrap_or(i32::MAX);
    }

    fn unmerged(&mut self) {
        self.now(ConversationStatus::Open);
        self.merged_into = None;
    }

    fn split_off(&mut self, event: &SplitOff, at: Timestamp) {
        self.message_count -= count(event.messages.len());
        self.last_message_position = None;
        if event.awaits_reply {
            self.waits.entry(self.id).or_insert(at);
        } else {
            self.waits.remove(&self.id);
        }
    }

    fn split_from(&mut self, event: &SplitFrom, at: Timestamp) {
        self.message_count += count(event.messages.len());
        self.last_message_position = None;
        if event.messages.last().is_some_and(|it| it.agent.is_none()) {
            self.waits.insert(self.id, at);
        } else {
            self.waits.remove(&self.id);
        }
    }

    /// One standing at a time: the pause before it is over. How it was resolved stays known
    /// until it is reopened.
    fn now(&mut self, status: ConversationStatus) {
        self.status = status;
        self.waiting_on = None;
        self.snoozed_until = None;
    }

    /// What comes late, such as old mail, makes it no less active.
    fn active(&mut self, at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(at);
    }

    fn message(&mut self, recorded: &Recorded, at: Timestamp) {
        self.active(at);
        self.last_public_activity_at = self.last_public_activity_at.max(at);
        self.last_message_position = Some(recorded.position);
        self.message_count += 1;
    }

    fn set_field(&mut self, event: &FieldSet, position: Position) {
        match &event.value {
            None => self.fields.remove(&event.field),
            Some(value) => self.fields.insert(event.field.clone(), FieldEntry::of(value, position)),
        };
    }
}

fn count(it: usize) -> i32 {
    i32::try_from(it).unwrap_or(i32::MAX)
}
