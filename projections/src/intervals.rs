//! Rows that say what held from one position to another, so that the past can be read.

use std::collections::HashMap;

use allhours_eventstore::recorded::Position;

use crate::rows::{Key, Row};

/// A row that holds from `from_position` until before `to_position`; no end means still.
pub trait Interval: Row {
    /// What the interval is about; begins with the tenant.
    type Subject: Key;
    /// What it is about.
    fn subject(&self) -> Self::Subject;
    /// Ends it before this position.
    fn end(&mut self, at: Position);
    /// Whether it says the same, whenever it holds.
    fn says_the_same(&self, other: &Self) -> bool;
}

#[derive(Debug)]
struct Slot<I> {
    current: Option<I>,
    changed: bool,
}

/// The intervals of one table that a fold has in memory: the current ones, and those that
/// ended and are not saved yet.
#[derive(Debug)]
pub struct Intervals<I: Interval> {
    slots: HashMap<I::Subject, Slot<I>>,
    ended: Vec<I>,
    pub(crate) wanted: Vec<I::Subject>,
    pub(crate) complete: bool,
}

impl<I: Interval> Default for Intervals<I> {
    fn default() -> Self {
        Self { slots: HashMap::new(), ended: Vec::new(), wanted: Vec::new(), complete: false }
    }
}

impl<I: Interval> Intervals<I> {
    /// Asks for the current interval, so that it is in memory when an event is applied.
    pub fn want(&mut self, subject: I::Subject) {
        if !self.complete && !self.slots.contains_key(&subject) {
            self.slots.insert(subject.clone(), Slot { current: None, changed: false });
            self.wanted.push(subject);
        }
    }

    /// What holds now.
    #[must_use]
    pub fn current(&self, subject: &I::Subject) -> Option<&I> {
        self.slots.get(subject).and_then(|slot| slot.current.as_ref())
    }

    /// From this position on, `next` holds; nothing changes where it says the same as before.
    pub fn put(&mut self, subject: &I::Subject, next: Option<I>, at: Position) {
        debug_assert!(
            self.complete || self.slots.contains_key(subject),
            "{subject:?} of {} was not asked for",
            I::TABLE
        );
        let current = self.current(subject);
        let same = match (current, next.as_ref()) {
            (None, None) => true,
            (Some(current), Some(next)) => current.says_the_same(next),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if same {
            return;
        }
        let slot = Slot { changed: next.is_some(), current: next };
        if let Some(Slot { current: Some(mut before), .. }) =
            self.slots.insert(subject.clone(), slot)
        {
            before.end(at);
            self.ended.push(before);
        }
    }

    pub(crate) fn put_loaded(&mut self, interval: I) {
        let subject = interval.subject();
        self.slots.insert(subject, Slot { current: Some(interval), changed: false });
    }

    pub(crate) fn changed(&self) -> Vec<&I> {
        let current = self.slots.values().filter(|slot| slot.changed);
        self.ended.iter().chain(current.filter_map(|slot| slot.current.as_ref())).collect()
    }

    pub(crate) fn saved(&mut self) {
        self.ended.clear();
        for slot in self.slots.values_mut() {
            slot.changed = false;
        }
    }

    pub(crate) fn forget(&mut self) {
        self.slots.clear();
        self.ended.clear();
        self.wanted.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() + self.ended.len()
    }

    /// Every interval in memory.
    pub fn iter(&self) -> impl Iterator<Item = &I> {
        let current = self.slots.values().filter_map(|slot| slot.current.as_ref());
        self.ended.iter().chain(current)
    }
}

/// Makes a table's row an interval: what it is about, and the columns that say something.
macro_rules! interval {
    ($Row:ident about ($($subject:ident: $Subject:ty),+) saying ($($said:ident),+)) => {
        impl $crate::intervals::Interval for $Row {
            type Subject = ($($Subject,)+);
            fn subject(&self) -> Self::Subject {
                ($(self.$subject.clone(),)+)
            }
            fn end(&mut self, at: allhours_eventstore::recorded::Position) {
                self.to_position = Some(at);
            }
            fn says_the_same(&self, other: &Self) -> bool {
                $(self.$said == other.$said)&&+
            }
        }
    };
}
pub(crate) use interval;
