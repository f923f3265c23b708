//! A customer's profile: who they are, how they reach us, what they allow.
//!
//! Read `command`, then `event`, then `decide`; `snapshot` is the customer as people see
//! them. A profile is active, merged into another one, or erased, and erased is final.

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

use serde::{Deserialize, Serialize};

pub use self::{
    command::CustomerCommand, event::CustomerEvent, refusal::CustomerRefusal,
    snapshot::CustomerSnapshot,
};
use crate::{
    ids::{CustomerId, IdentityId},
    text::Language,
    words::{Purpose, Tier},
};

/// What past events say about one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    profile: Option<Profile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Profile {
    id: CustomerId,
    named: bool,
    language: Option<Language>,
    tier: Tier,
    /// With whether somebody checked that the address is theirs.
    identities: BTreeMap<IdentityId, bool>,
    consents: BTreeMap<Purpose, bool>,
    /// The profiles that were merged into this one.
    merged: BTreeSet<CustomerId>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    Active,
    MergedInto(CustomerId),
    Erased,
}

impl Customer {
    /// The most channel addresses.
    pub const IDENTITIES_MAX: usize = 100;
    /// The most profiles that may be merged into one.
    pub const MERGED_MAX: usize = 100;

    /// Folds one event into the state.
    pub fn evolve(&mut self, event: &CustomerEvent) {
        if let CustomerEvent::Identified(event) = event {
            self.profile = Some(Profile {
                id: event.customer,
                named: event.display_name.is_some(),
                language: event.language.clone(),
                tier: event.tier,
                identities: BTreeMap::new(),
                consents: BTreeMap::new(),
                merged: BTreeSet::new(),
                standing: Standing::Active,
            });
        } else if let Some(profile) = &mut self.profile {
            profile.evolve(event);
        }
    }

    /// How they are served; none before they are known.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.profile.as_ref().map(|profile| profile.tier)
    }

    /// In which language they write, if known.
    #[must_use]
    pub fn language(&self) -> Option<&Language> {
        self.profile.as_ref()?.language.as_ref()
    }

    /// The channel addresses that are theirs; whoever erases them releases these as well.
    pub fn identities(&self) -> impl Iterator<Item = IdentityId> {
        self.profile.iter().flat_map(|profile| profile.identities.keys().copied())
    }

    /// The profiles that were merged into this one; whoever erases it erases these as well.
    pub fn merged(&self) -> impl Iterator<Item = CustomerId> {
        self.profile.iter().flat_map(|profile| profile.merged.iter().copied())
    }

    /// What they said about a use of their data; none where they said nothing.
    #[must_use]
    pub fn consent(&self, purpose: Purpose) -> Option<bool> {
        self.profile.as_ref()?.consents.get(&purpose).copied()
    }

    /// The profile that goes on in place of this one, if it was merged.
    #[must_use]
    pub fn merged_into(&self) -> Option<CustomerId> {
        match self.profile.as_ref()?.standing {
            Standing::MergedInto(target) => Some(target),
            Standing::Active | Standing::Erased => None,
        }
    }

    /// Whether they were forgotten.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.standing == Standing::Erased)
    }
}

impl Profile {
    fn evolve(&mut self, event: &CustomerEvent) {
        match event {
            CustomerEvent::Identified(_) => {}
            CustomerEvent::ProfileChanged(event) => {
                self.named = event.display_name.is_some();
                self.language.clone_from(&event.language);
            }
            CustomerEvent::IdentityLinked(event) => {
                self.identities.insert(event.identity, event.verified);
            }
            CustomerEvent::IdentityUnlinked(event) => {
                self.identities.remove(&event.identity);
            }
            CustomerEvent::TierSet(event) => self.tier = event.to,
            CustomerEvent::ConsentSet(event) => {
                self.consents.insert(event.purpose, event.granted);
            }
            CustomerEvent::MergedInto(event) => {
                self.standing = Standing::MergedInto(event.target);
            }
            CustomerEvent::MergeReceived(event) => {
                self.merged.insert(event.source);
            }
            CustomerEvent::Unmerged(_) => self.standing = Standing::Active,
            CustomerEvent::MergeUndone(event) => {
                self.merged.remove(&event.source);
            }
            CustomerEvent::Erased(_) => {
                self.standing = Standing::Erased;
                self.language = None;
            }
        }
    }
}
