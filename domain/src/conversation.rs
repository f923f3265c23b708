//! A conversation: one customer's matter, from the first message to closing.
//!
//! Read `command`, then `event`, then `decide`. [`Conversation`] holds only what a rule
//! reads; what one reader sees is [`ConversationSnapshot`], what a desk sees are projections.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod upcast;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::event::MovedMessage;
pub use self::{
    command::ConversationCommand,
    event::ConversationEvent,
    refusal::ConversationRefusal,
    snapshot::{ConversationSnapshot, Episode},
};
use crate::{
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, MessageId, TeamId},
    text::{Key, Tag},
    words::{ConversationStatus, Priority, ResolutionKind, Tier, WaitingOn},
};

/// The most messages and notes that one conversation takes.
pub const MESSAGES_MAX: usize = 10_000;
/// The most tags that one conversation carries.
pub const TAGS_MAX: usize = 100;
/// The most custom fields that have a value in one conversation.
pub const FIELDS_MAX: usize = 100;
/// The most agents that one note calls.
pub const MENTIONS_MAX: usize = 32;
/// The most conversations that are merged directly into one.
pub const SOURCES_MAX: usize = 100;
/// The longest time to put a conversation aside, in days.
pub const SNOOZE_DAYS_MAX: i64 = 366;

/// What past events say about one conversation, as far as a rule needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    standing: Standing,
    origin: Option<Origin>,
    team: Option<TeamId>,
    assignee: Option<AgentId>,
    tier: Option<Tier>,
    priority: Option<Priority>,
    episode: u32,
    messages: Vec<Message>,
    /// How many of them were there when it was last resolved: nobody waits for an answer to these.
    settled: usize,
    sources: BTreeMap<ConversationId, AwaitsReply>,
    tags: BTreeSet<Tag>,
    /// Those that have a value; none stands for a text, which is never held here.
    fields: BTreeMap<Key, Option<FieldValue>>,
    /// What became of the subject line, if it ever had one.
    subject: Option<Kept>,
    /// What became of the texts of each custom field that ever held one.
    texts: BTreeMap<Key, Kept>,
}

/// Whether a text, or one of several, is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kept {
    Here,
    Redacted,
}

/// Whether the customer waits for an answer in a conversation that was merged into this one.
type AwaitsReply = bool;

/// Where it stands. One at a time, so that nothing both waits and is put aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Unopened,
    Open,
    Waiting(WaitingOn),
    Snoozed {
        until: Timestamp,
    },
    Resolved {
        kind: ResolutionKind,
        at: Timestamp,
    },
    Closed,
    Merged {
        into: ConversationId,
        was_resolved: bool,
    },
}

/// What never changes after opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    id: ConversationId,
    customer: CustomerId,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// The customer.
    Customer,
    /// An agent, to the customer.
    Agent(AgentId),
    /// An agent, in a private note.
    Note(AgentId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    id: MessageId,
    author: Author,
    redacted: bool,
    /// Split off. Still known, so that a second delivery of it stays without effect.
    moved: bool,
}

impl Message {
    /// Whether it is here and the customer can see it.
    fn is_public(&self) -> bool {
        match self.author {
            Author::Customer | Author::Agent(_) => !self.moved,
            Author::Note(_) => false,
        }
    }
}

impl Conversation {
    /// Whose it is; none while it is not opened.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        self.origin.map(|origin| origin.customer)
    }

    /// Who is responsible; none while it is in the queue.
    #[must_use]
    pub fn assignee(&self) -> Option<AgentId> {
        self.assignee
    }

    /// In whose queue it is; none means the common one.
    #[must_use]
    pub fn team(&self) -> Option<TeamId> {
        self.team
    }

    /// By which tier it is served; none while it is not opened.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.tier
    }

    /// How urgent it is; none while it is not opened.
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// Where it stands; none while it is not opened.
    #[must_use]
    pub fn status(&self) -> Option<ConversationStatus> {
        match self.standing {
            Standing::Unopened => None,
            Standing::Open => Some(ConversationStatus::Open),
            Standing::Waiting(_) => Some(ConversationStatus::Waiting),
            Standing::Snoozed { .. } => Some(ConversationStatus::Snoozed),
            Standing::Resolved { .. } => Some(ConversationStatus::Resolved),
            Standing::Closed => Some(ConversationStatus::Closed),
            Standing::Merged { .. } => Some(ConversationStatus::Merged),
        }
    }

    /// The number of the current episode, from 1; 0 while it is not opened.
    #[must_use]
    pub fn episode(&self) -> u32 {
        self.episode
    }

    /// The conversation that goes on in its place.
    #[must_use]
    pub fn merged_into(&self) -> Option<ConversationId> {
        match self.standing {
            Standing::Merged { into, .. } => Some(into),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Resolved { .. }
            | Standing::Closed => None,
        }
    }

    /// The conversations that are merged directly into this one.
    pub fn sources(&self) -> impl Iterator<Item = ConversationId> {
        self.sources.keys().copied()
    }

    /// Until when it is put aside.
    #[must_use]
    pub fn snoozed_until(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Snoozed { until } => Some(until),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Resolved { .. }
            | Standing::Closed
            | Standing::Merged { .. } => None,
        }
    }

    /// When it was resolved; none while it is not.
    #[must_use]
    pub fn resolved_at(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Resolved { at, .. } => Some(at),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Closed
            | Standing::Merged { .. } => None,
        }
    }

    /// Who wrote a message of this conversation, though it may have been split off since;
    /// none where it never held such a message.
    #[must_use]
    pub fn author(&self, message: MessageId) -> Option<Author> {
        self.message(message).map(|it| it.author)
    }

    /// Whether the customer waits for an answer: here, or in what was merged into this one.
    #[must_use]
    pub fn awaits_reply(&self) -> bool {
        self.last_is_customers(|_| true) || self.sources.values().any(|awaits| *awaits)
    }

    /// Those of `messages` that the customer can see, in the conversation's order: what the
    /// other side of a split has to be told.
    #[must_use]
    pub fn moved_messages(&self, messages: &[MessageId]) -> Vec<MovedMessage> {
        let wanted: BTreeSet<_> = messages.iter().copied().collect();
        let moved = |it: &Message| match it.author {
            Author::Customer => Some(MovedMessage { message: it.id, agent: None }),
            Author::Agent(agent) => Some(MovedMessage { message: it.id, agent: Some(agent) }),
            Author::Note(_) => None,
        };
        let here = self.messages.iter().filter(|it| !it.moved && wanted.contains(&it.id));
        here.filter_map(moved).collect()
    }

    fn message(&self, message: MessageId) -> Option<&Message> {
        self.messages.iter().find(|it| it.id == message)
    }

    /// Whether the customer wrote the last of the messages for which `counts` says yes.
    fn last_is_customers(&self, counts: impl Fn(&Message) -> bool) -> bool {
        let all = self.messages.iter().enumerate().rev();
        let last = all.into_iter().find(|(_, it)| it.is_public() && counts(it));
        last.is_some_and(|(at, it)| it.author == Author::Customer && at >= self.settled)
    }
}

/// How events change the state. Total and free of rules: what was recorded has happened.
impl Conversation {
    pub(crate) fn fold(&mut self, event: &ConversationEvent) {
        match event {
            ConversationEvent::Opened(opened) => self.open(opened),
            ConversationEvent::CustomerMessageReceived(received) => {
                self.push(received.message, Author::Customer);
            }
            ConversationEvent::AgentReplied(replied) => {
                self.push(replied.message, Author::Agent(replied.agent));
                self.sources.values_mut().for_each(|awaits| *awaits = false);
            }
            ConversationEvent::NoteAdded(note) => {
                self.push(note.message, Author::Note(note.agent));
            }
            ConversationEvent::AgentMentioned(_) => {}
            ConversationEvent::PriorityChanged(changed) => self.priority = Some(changed.to),
            ConversationEvent::TierAssigned(assigned) => self.tier = Some(assigned.to),
            ConversationEvent::Tagged(tagged) => {
                self.tags.insert(tagged.tag.clone());
            }
            ConversationEvent::Untagged(untagged) => {
                self.tags.remove(&untagged.tag);
            }
            ConversationEvent::FieldSet(set) => self.set_field(set),
            ConversationEvent::Assigned(assigned) => self.assignee = Some(assigned.agent),
            ConversationEvent::Claimed(claimed) => self.assignee = Some(claimed.agent),
            ConversationEvent::Released(_) => self.assignee = None,
            ConversationEvent::TeamChanged(changed) => self.team = changed.to,
            ConversationEvent::WaitingStarted(wait) => self.standing = Standing::Waiting(wait.on),
            ConversationEvent::Snoozed(snoozed) => {
                self.standing = Standing::Snoozed { until: snoozed.until };
            }
            ConversationEvent::WaitingEnded(_)
            | ConversationEvent::Woken(_)
            | ConversationEvent::Unmerged(_) => self.standing = Standing::Open,
            ConversationEvent::Resolved(resolved) => {
                self.standing = Standing::Resolved { kind: resolved.kind, at: resolved.at };
                self.settled = self.messages.len();
                self.sources.values_mut().for_each(|awaits| *awaits = false);
            }
            ConversationEvent::ResolutionConfirmed(_) => self.confirm(),
            ConversationEvent::Reopened(reopened) => {
                self.standing = Standing::Open;
                self.episode = reopened.episode;
            }
            ConversationEvent::Closed(_) => self.standing = Standing::Closed,
            ConversationEvent::MergedInto(merged) => {
                let was_resolved = matches!(self.standing, Standing::Resolved { .. });
                self.standing = Standing::Merged { into: merged.target, was_resolved };
            }
            ConversationEvent::MergeReceived(merge) => {
                self.sources.insert(merge.source, merge.awaits_reply);
            }
            ConversationEvent::MergeUndone(undone) => {
                self.sources.remove(&undone.source);
            }
            ConversationEvent::SplitOff(split) => self.left(split),
            ConversationEvent::SplitFrom(split) => {
                for moved in &split.messages {
                    self.push(moved.message, moved.agent.map_or(Author::Customer, Author::Agent));
                }
            }
            ConversationEvent::MessageRedacted(redacted) => {
                let known = self.messages.iter_mut().filter(|it| it.id == redacted.message);
                known.for_each(|it| it.redacted = true);
            }
            ConversationEvent::SubjectRedacted(_) => self.subject = Some(Kept::Redacted),
            ConversationEvent::FieldRedacted(redacted) => {
                self.texts.insert(redacted.field.clone(), Kept::Redacted);
            }
        }
    }

    fn open(&mut self, opened: &event::Opened) {
        self.standing = Standing::Open;
        self.origin = Some(Origin { id: opened.conversation, customer: opened.customer });
        self.team = opened.team;
        self.tier = Some(opened.tier);
        self.priority = Some(opened.priority);
        self.episode = 1;
        self.subject = opened.subject.as_ref().map(|_| Kept::Here);
    }

    fn left(&mut self, split: &event::SplitOff) {
        let gone: BTreeSet<_> = split.messages.iter().collect();
        let leaving = self.messages.iter_mut().filter(|it| gone.contains(&it.id));
        leaving.for_each(|it| it.moved = true);
    }

    fn push(&mut self, id: MessageId, author: Author) {
        self.messages.push(Message { id, author, redacted: false, moved: false });
    }

    fn set_field(&mut self, set: &event::FieldSet) {
        let Some(value) = &set.value else {
            self.fields.remove(&set.field);
            return;
        };
        let held = match value {
            FieldValue::Text(_) => {
                self.texts.insert(set.field.clone(), Kept::Here);
                None
            }
            FieldValue::Integer(_)
            | FieldValue::Boolean(_)
            | FieldValue::Date(_)
            | FieldValue::Choice(_) => Some(value.clone()),
        };
        self.fields.insert(set.field.clone(), held);
    }

    fn confirm(&mut self) {
        if let Standing::Resolved { kind, .. } = &mut self.standing {
            *kind = ResolutionKind::Confirmed;
        }
    }
}
