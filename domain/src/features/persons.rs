//! A person may have several profiles that were merged into one: what all of them say together.
//!
//! A merge moves nothing: each profile keeps its history, and says into which one it was merged. So
//! histories up to an instant know the merges up to that instant and no later ones, and a merge
//! that is undone parts the histories again.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{CustomerHistory, history::Day};
use crate::ids::CustomerId;

/// Histories of profiles, and which of them are one person's.
#[derive(Debug, Default)]
pub struct Persons<'a> {
    histories: BTreeMap<CustomerId, &'a CustomerHistory>,
    merged: BTreeMap<CustomerId, Vec<CustomerId>>,
}

impl<'a> Persons<'a> {
    /// Of these profiles.
    #[must_use]
    pub fn of(histories: impl IntoIterator<Item = (CustomerId, &'a CustomerHistory)>) -> Self {
        let histories: BTreeMap<_, _> = histories.into_iter().collect();
        let mut merged: BTreeMap<CustomerId, Vec<CustomerId>> = BTreeMap::new();
        for (id, history) in &histories {
            if let Some(target) = history.merged_into() {
                merged.entry(target).or_default().push(*id);
            }
        }
        Self { histories, merged }
    }

    /// What a profile and all that were merged into it say together; none of an unknown profile.
    /// How they are served is what the profile itself says. What was forgotten says nothing, and
    /// who forbade analytics by any of their profiles forbade it.
    #[must_use]
    pub fn history(&self, profile: CustomerId) -> Option<Cow<'a, CustomerHistory>> {
        let mut together = Cow::Borrowed(*self.histories.get(&profile)?);
        let mut seen = BTreeSet::from([profile]);
        let mut next = vec![profile];
        while let Some(target) = next.pop() {
            for id in self.merged.get(&target).into_iter().flatten() {
                if seen.insert(*id) {
                    next.push(*id);
                    if let Some(history) = self.histories.get(id) {
                        together.to_mut().take_in(history);
                    }
                }
            }
        }
        Some(together)
    }

    /// Each person by the profile that goes on, with what all of theirs say together.
    pub fn each(&self) -> impl Iterator<Item = (CustomerId, Cow<'a, CustomerHistory>)> {
        let goes_on = |history: &CustomerHistory| {
            history.merged_into().is_none_or(|target| !self.histories.contains_key(&target))
        };
        let ids = self.histories.iter().filter(move |(_, history)| goes_on(history));
        ids.filter_map(|(id, _)| Some((*id, self.history(*id)?)))
    }
}

impl CustomerHistory {
    /// Whether it may be used is also up to what was said since: nothing is left of who was
    /// forgotten, and who forbade analytics forbade it for what was known before as well.
    #[must_use]
    pub fn as_allowed_since(&self, since: &Self) -> Cow<'_, Self> {
        if since.erased {
            return Cow::Owned(Self { erased: true, ..Self::default() });
        }
        if since.analytics == Some(false) {
            return Cow::Owned(Self { analytics: Some(false), ..self.clone() });
        }
        Cow::Borrowed(self)
    }

    /// Adds what a profile says that was merged into this one. For reading alone: of more unclosed
    /// conversations than a row may hold none is left out.
    fn take_in(&mut self, merged: &Self) {
        if self.erased || merged.erased {
            return;
        }
        for at in merged.first_at.into_iter().chain(merged.last_at) {
            self.reach(at);
        }
        self.last_contact_at = self.last_contact_at.max(merged.last_contact_at);
        self.channels.extend(&merged.channels);
        self.contacts += merged.contacts;
        self.messages += merged.messages;
        self.conversations += merged.conversations;
        self.reopenings += merged.reopenings;
        self.resolutions += merged.resolutions;
        self.confirmed += merged.confirmed;
        for (day, theirs) in &merged.days {
            self.count(*day, |ours: &mut Day| *ours = ours.and(theirs));
        }
        self.threads.extend(merged.threads.iter().map(|(id, thread)| (*id, thread.clone())));
        self.open_elsewhere += merged.open_elsewhere;
        if merged.analytics == Some(false) {
            self.analytics = Some(false);
        }
    }
}
