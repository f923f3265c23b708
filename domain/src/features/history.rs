//! The history of a customer's profile, folded into a row of bounded size.
//!
//! Bound: one small record for each of at most 90 days, and for each of at most 64
//! conversations that are not closed; below 20 kilobytes as JSON, and mostly below two. Of a
//! customer with more than 64 unclosed conversations those that were quiet longest are
//! counted on, but no longer told apart.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fact;
use crate::{
    conversation::ConversationEvent,
    customer::CustomerEvent,
    ids::{ConversationId, CustomerId},
    words::{Channel, Purpose, ResolutionKind, Tier},
};

/// The longest window that features look back, in days.
pub const WINDOW_DAYS: i32 = 90;
/// The most unclosed conversations that are told apart.
pub const CONVERSATIONS_MAX: usize = 64;

/// What the facts of one profile of a customer add up to.
///
/// Facts of one stream come in its order; streams may come in any order among each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerHistory {
    pub(super) first_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_contact_at: Option<Timestamp>,
    pub(super) tier: Option<Tier>,
    pub(super) tier_changes: u64,
    pub(super) tier_last_direction: i8,
    pub(super) channels: BTreeSet<Channel>,
    pub(super) contacts: u64,
    pub(super) messages: u64,
    pub(super) conversations: u64,
    pub(super) reopenings: u64,
    pub(super) resolutions: u64,
    pub(super) confirmed: u64,
    /// The newest days on which anything happened, by the number of the day since 1970.
    pub(super) days: BTreeMap<i32, Day>,
    /// Those that are not closed.
    pub(super) threads: BTreeMap<ConversationId, Thread>,
    /// How many of those no longer told apart are open.
    pub(super) open_elsewhere: u64,
    pub(super) analytics: Option<bool>,
    pub(super) erased: bool,
    pub(super) merged_into: Option<CustomerId>,
}

/// What happened on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    pub(super) contacts: u64,
    pub(super) reopenings: u64,
    /// Conversations whose first contact came on this day.
    pub(super) begun: u64,
    /// Those of them that were answered, whenever that was.
    pub(super) answered: u64,
    pub(super) waits_seconds: u64,
    pub(super) wait_max_seconds: u64,
}

impl Day {
    pub(super) fn and(self, other: &Self) -> Self {
        Self {
            contacts: self.contacts + other.contacts,
            reopenings: self.reopenings + other.reopenings,
            begun: self.begun + other.begun,
            answered: self.answered + other.answered,
            waits_seconds: self.waits_seconds + other.waits_seconds,
            wait_max_seconds: self.wait_max_seconds.max(other.wait_max_seconds),
        }
    }
}

/// A conversation that is not closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thread {
    touched_at: Timestamp,
    resolved: bool,
    merged: bool,
    wait: FirstWait,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstWait {
    #[default]
    NotBegun,
    Since(Timestamp),
    Over,
}

impl Thread {
    fn is_open(&self) -> bool {
        !self.resolved && !self.merged
    }
}

impl CustomerHistory {
    /// The history as it was at an instant: facts that came later are left out.
    #[must_use]
    pub fn until<'a>(
        facts: impl IntoIterator<Item = (Fact<'a>, Timestamp)>,
        as_of: Timestamp,
    ) -> Self {
        let mut history = Self::default();
        for (fact, at) in facts.into_iter().filter(|(_, at)| *at <= as_of) {
            history.observe(fact, at);
        }
        history
    }

    /// Folds one fact that happened `at`. Erasure empties the history for good.
    pub fn observe(&mut self, fact: Fact<'_>, at: Timestamp) {
        if self.erased {
            return;
        }
        self.reach(at);
        match fact {
            Fact::Customer(event) => self.observe_customer(event),
            Fact::Conversation(id, event) => self.observe_conversation(id, event, at),
        }
    }

    /// When the newest fact happened; none of an empty or erased history.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Whether it may be used to train or to predict: not erased, and not forbidden.
    #[must_use]
    pub fn may_be_used(&self) -> bool {
        !self.erased && self.analytics != Some(false)
    }

    /// The profile that goes on in place of this one, if it was merged and nobody was forgotten.
    #[must_use]
    pub fn merged_into(&self) -> Option<CustomerId> {
        self.merged_into
    }

    /// How many conversations are open now.
    pub(super) fn open(&self) -> u64 {
        self.open_elsewhere + self.threads.values().filter(|it| it.is_open()).count() as u64
    }

    /// Moves the ends of the history, and drops days that no window reaches any more.
    pub(super) fn reach(&mut self, at: Timestamp) {
        self.first_at = Some(self.first_at.map_or(at, |first_at| first_at.min(at)));
        let last_at = self.last_at.map_or(at, |last_at| last_at.max(at));
        self.last_at = Some(last_at);
        let oldest = utc_day(last_at) - WINDOW_DAYS + 1;
        while self.days.first_key_value().is_some_and(|(day, _)| *day < oldest) {
            self.days.pop_first();
        }
    }

    fn observe_customer(&mut self, event: &CustomerEvent) {
        match event {
            CustomerEvent::Identified(event) => self.tier = Some(event.tier),
            CustomerEvent::TierSet(event) => {
                self.tier = Some(event.to);
                self.tier_changes += 1;
                self.tier_last_direction = if event.to.rank() > event.from.rank() { 1 } else { -1 };
            }
            CustomerEvent::ConsentSet(event) => {
                if event.purpose == Purpose::Analytics {
                    self.analytics = Some(event.granted);
                }
            }
            CustomerEvent::Erased(_) => *self = Self { erased: true, ..Self::default() },
            CustomerEvent::MergedInto(event) => self.merged_into = Some(event.target),
            CustomerEvent::Unmerged(_) => self.merged_into = None,
            CustomerEvent::ProfileChanged(_)
            | CustomerEvent::IdentityLinked(_)
            | CustomerEvent::IdentityUnlinked(_)
            | CustomerEvent::MergeReceived(_)
            | CustomerEvent::MergeUndone(_) => {}
        }
    }

    fn observe_conversation(
        &mut self,
        id: ConversationId,
        event: &ConversationEvent,
        at: Timestamp,
    ) {
        if let Some(thread) = self.threads.get_mut(&id) {
            thread.touched_at = thread.touched_at.max(at);
        }
        match event {
            ConversationEvent::Opened(_) => self.opened(id, at),
            ConversationEvent::CustomerMessageReceived(event) => {
                self.contacted(id, event.channel, at);
            }
            ConversationEvent::AgentReplied(_) => self.answered(id, at),
            ConversationEvent::Resolved(event) => {
                self.resolutions += 1;
                self.confirmed += u64::from(event.kind == ResolutionKind::Confirmed);
                self.change(id, |thread| thread.resolved = true, Outside::Leaves);
            }
            ConversationEvent::ResolutionConfirmed(_) => self.confirmed += 1,
            ConversationEvent::Reopened(_) => {
                self.reopenings += 1;
                self.count(utc_day(at), |day| day.reopenings += 1);
                self.change(id, |thread| thread.resolved = false, Outside::Comes);
            }
            ConversationEvent::Closed(_) => {
                self.threads.remove(&id);
            }
            ConversationEvent::MergedInto(_) => self.merged(id),
            ConversationEvent::Unmerged(_) => self.unmerged(id),
            ConversationEvent::NoteAdded(_)
            | ConversationEvent::AgentMentioned(_)
            | ConversationEvent::PriorityChanged(_)
            | ConversationEvent::TierAssigned(_)
            | ConversationEvent::Tagged(_)
            | ConversationEvent::Untagged(_)
            | ConversationEvent::FieldSet(_)
            | ConversationEvent::Assigned(_)
            | ConversationEvent::Claimed(_)
            | ConversationEvent::Released(_)
            | ConversationEvent::TeamChanged(_)
            | ConversationEvent::WaitingStarted(_)
            | ConversationEvent::WaitingEnded(_)
            | ConversationEvent::Snoozed(_)
            | ConversationEvent::Woken(_)
            | ConversationEvent::MergeReceived(_)
            | ConversationEvent::MergeUndone(_)
            | ConversationEvent::SplitOff(_)
            | ConversationEvent::SplitFrom(_)
            | ConversationEvent::MessageRedacted(_)
            | ConversationEvent::SubjectRedacted(_)
            | ConversationEvent::FieldRedacted(_) => {}
        }
    }

    fn opened(&mut self, id: ConversationId, at: Timestamp) {
        self.conversations += 1;
        self.threads.insert(id, Thread { touched_at: at, ..Thread::default() });
        if self.threads.len() <= CONVERSATIONS_MAX {
            return;
        }
        let quietest = self.threads.iter().min_by_key(|(id, it)| (it.touched_at, **id));
        if let Some(quietest) = quietest.map(|(id, _)| *id) {
            let forgotten = self.threads.remove(&quietest);
            self.open_elsewhere += u64::from(forgotten.is_some_and(|it| it.is_open()));
        }
    }

    fn contacted(&mut self, id: ConversationId, channel: Channel, at: Timestamp) {
        self.contacts += 1;
        self.messages += 1;
        self.channels.insert(channel);
        self.last_contact_at = Some(self.last_contact_at.map_or(at, |last_at| last_at.max(at)));
        let begun = match self.threads.get_mut(&id) {
            Some(thread) if thread.wait == FirstWait::NotBegun => {
                thread.wait = FirstWait::Since(at);
                1
            }
            Some(_) | None => 0,
        };
        self.count(utc_day(at), |day| {
            day.contacts += 1;
            day.begun += begun;
        });
    }

    /// An agent who writes first makes nobody wait.
    fn answered(&mut self, id: ConversationId, at: Timestamp) {
        self.messages += 1;
        let Some(thread) = self.threads.get_mut(&id) else { return };
        if let FirstWait::Since(since) = std::mem::replace(&mut thread.wait, FirstWait::Over) {
            let seconds = seconds_between(since, at);
            self.count(utc_day(since), |day| {
                day.answered += 1;
                day.waits_seconds += seconds;
                day.wait_max_seconds = day.wait_max_seconds.max(seconds);
            });
        }
    }

    /// Who waited in it waits in the one that goes on.
    fn merged(&mut self, id: ConversationId) {
        self.conversations = self.conversations.saturating_sub(1);
        self.change(id, |thread| thread.merged = true, Outside::Leaves);
        if let Some(since) = self.waits_since(id) {
            self.count(utc_day(since), |day| day.begun = day.begun.saturating_sub(1));
        }
    }

    fn unmerged(&mut self, id: ConversationId) {
        self.conversations += 1;
        self.change(id, |thread| thread.merged = false, Outside::Comes);
        if let Some(since) = self.waits_since(id) {
            self.count(utc_day(since), |day| day.begun += 1);
        }
    }

    fn waits_since(&self, id: ConversationId) -> Option<Timestamp> {
        match self.threads.get(&id)?.wait {
            FirstWait::Since(since) => Some(since),
            FirstWait::NotBegun | FirstWait::Over => None,
        }
    }

    fn change(&mut self, id: ConversationId, change: impl FnOnce(&mut Thread), outside: Outside) {
        if let Some(thread) = self.threads.get_mut(&id) {
            change(thread);
        } else {
            self.open_elsewhere = match outside {
                Outside::Comes => self.open_elsewhere + 1,
                Outside::Leaves => self.open_elsewhere.saturating_sub(1),
            };
        }
    }

    /// Counts on a day, unless it is older than any window.
    pub(super) fn count(&mut self, day: i32, count: impl FnOnce(&mut Day)) {
        if self.last_at.is_some_and(|last_at| day > utc_day(last_at) - WINDOW_DAYS) {
            count(self.days.entry(day).or_default());
        }
    }
}

/// What a change means where conversations are no longer told apart.
#[derive(Debug, Clone, Copy)]
enum Outside {
    /// One more is open.
    Comes,
    /// One less is open.
    Leaves,
}

impl Tier {
    /// The higher, the better served.
    fn rank(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Standard => 1,
            Self::Vip => 2,
        }
    }
}

/// The number of the day in UTC since 1970-01-01.
pub(super) fn utc_day(at: Timestamp) -> i32 {
    // Timestamps span the years -9999 to 9999: some 7.3 million days at most.
    i32::try_from(at.as_second().div_euclid(86_400)).unwrap_or_default()
}

/// Whole seconds from one instant to another; 0 where it does not come later.
pub(super) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second() - from.as_second()).unwrap_or(0)
}
