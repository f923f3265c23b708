//! A customer as people see them, at any point of their stream.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{CustomerEvent, Identified, IdentityLinked};
use crate::{
    ids::{CustomerId, IdentityId},
    personal::Personal,
    text::Language,
    words::{Channel, Purpose, Tier},
};

/// The fold of a customer's stream; the default is a customer nobody knows yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerSnapshot {
    /// When they became known; none before.
    pub identified_at: Option<Timestamp>,
    /// The name, if known.
    pub display_name: Option<Personal>,
    /// In which language they write, if known.
    pub language: Option<Language>,
    /// How they are served; none before they are known.
    pub tier: Option<Tier>,
    /// Since when they are served so.
    pub tier_since: Option<Timestamp>,
    /// The channel addresses that are theirs.
    pub identities: BTreeMap<IdentityId, LinkedIdentity>,
    /// What they said about uses of their data.
    pub consents: BTreeMap<Purpose, Consent>,
    /// The profile that goes on in place of this one.
    pub merged_into: Option<CustomerId>,
    /// The profiles that were merged into this one.
    pub merged: BTreeSet<CustomerId>,
    /// When they were forgotten.
    pub erased_at: Option<Timestamp>,
    /// When anything changed last.
    pub changed_at: Option<Timestamp>,
}

/// A channel address of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedIdentity {
    /// On which channel.
    pub channel: Channel,
    /// The address.
    pub address: Personal,
    /// Whether somebody checked that it is theirs.
    pub verified: bool,
    /// Since when it is theirs.
    pub since: Timestamp,
}

/// What a customer said about a use of their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Allowed or not.
    pub granted: bool,
    /// Since when.
    pub since: Timestamp,
}

impl CustomerSnapshot {
    /// Folds one event that happened `at`.
    pub fn apply(&mut self, event: &CustomerEvent, at: Timestamp) {
        self.changed_at = Some(at);
        match event {
            CustomerEvent::Identified(event) => self.identified(event, at),
            CustomerEvent::ProfileChanged(event) => {
                self.display_name.clone_from(&event.display_name);
                self.language.clone_from(&event.language);
            }
            CustomerEvent::IdentityLinked(event) => self.identity_linked(event, at),
            CustomerEvent::IdentityUnlinked(event) => {
                self.identities.remove(&event.identity);
            }
            CustomerEvent::TierSet(event) => {
                self.tier = Some(event.to);
                self.tier_since = Some(at);
            }
            CustomerEvent::ConsentSet(event) => {
                let consent = Consent { granted: event.granted, since: at };
                self.consents.insert(event.purpose, consent);
            }
            CustomerEvent::MergedInto(event) => self.merged_into = Some(event.target),
            CustomerEvent::MergeReceived(event) => {
                self.merged.insert(event.source);
            }
            CustomerEvent::Unmerged(_) => self.merged_into = None,
            CustomerEvent::MergeUndone(event) => {
                self.merged.remove(&event.source);
            }
            CustomerEvent::Erased(_) => self.erased(at),
        }
    }

    fn identified(&mut self, event: &Identified, at: Timestamp) {
        self.identified_at = Some(at);
        self.display_name.clone_from(&event.display_name);
        self.language.clone_from(&event.language);
        self.tier = Some(event.tier);
        self.tier_since = Some(at);
    }

    fn identity_linked(&mut self, event: &IdentityLinked, at: Timestamp) {
        // Verified later, it is theirs since it was linked first.
        let since = self.identities.get(&event.identity).map_or(at, |before| before.since);
        let linked = LinkedIdentity {
            channel: event.channel,
            address: event.address.clone(),
            verified: event.verified,
            since,
        };
        self.identities.insert(event.identity, linked);
    }

    fn erased(&mut self, at: Timestamp) {
        self.erased_at = Some(at);
        self.display_name = self.display_name.as_ref().map(forgotten);
        self.language = None;
        self.consents.clear();
        self.identities.clear();
    }
}

fn forgotten(text: &Personal) -> Personal {
    Personal::Erased { subject: text.subject(), erased: true }
}
