//! What has happened to a customer's profile.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    ids::{CustomerId, IdentityId},
    personal::Personal,
    text::Language,
    words::{Channel, Purpose, Tier},
};

events! {
    /// A fact about one customer, in its newest shape.
    pub enum CustomerEvent, upcast = super::upcast::upcast {
        #[doc = "A customer became known."]
        Identified = "customer.identified", 1;
        #[doc = "Name or language changed."]
        ProfileChanged = "customer.profile_changed", 1;
        #[doc = "A channel address was found to be this customer's."]
        IdentityLinked = "customer.identity_linked", 1;
        #[doc = "A channel address is no longer this customer's."]
        IdentityUnlinked = "customer.identity_unlinked", 1;
        #[doc = "The tier was set."]
        TierSet = "customer.tier_set", 1;
        #[doc = "The customer allowed or forbade a use of their data."]
        ConsentSet = "customer.consent_set", 1;
        #[doc = "This profile was merged into another one."]
        MergedInto = "customer.merged_into", 1;
        #[doc = "Another profile was merged into this one."]
        MergeReceived = "customer.merge_received", 1;
        #[doc = "The merge into another profile was undone."]
        Unmerged = "customer.unmerged", 1;
        #[doc = "A profile that had been merged into this one left again."]
        MergeUndone = "customer.merge_undone", 1;
        #[doc = "The customer was forgotten: the key destroyed, the texts deleted."]
        Erased = "customer.erased", 1;
    }
}

shapes! {
    /// A customer became known.
    Identified {
        /// Its own id: whom later texts are about, and whom it can't be merged with.
        customer: CustomerId,
        /// The name, if known.
        display_name: Option<Personal>,
        /// In which language they write, if known.
        language: Option<Language>,
        /// How they are served.
        tier: Tier,
    }
    /// Name or language changed; the whole new state of both.
    ProfileChanged {
        /// The name, if known.
        display_name: Option<Personal>,
        /// In which language they write, if known.
        language: Option<Language>,
    }
    /// A channel address is theirs.
    IdentityLinked {
        /// The address's stream, derived from it by a keyed hash.
        identity: IdentityId,
        /// On which channel.
        channel: Channel,
        /// The address.
        address: Personal,
        /// Whether somebody checked that it is theirs.
        verified: bool,
    }
    /// A channel address is no longer theirs.
    IdentityUnlinked {
        /// Which.
        identity: IdentityId,
    }
    /// The tier was set.
    TierSet {
        /// Before.
        from: Tier,
        /// From now on.
        to: Tier,
    }
    /// A use of data was allowed or forbidden.
    ConsentSet {
        /// Which use.
        purpose: Purpose,
        /// Allowed or not.
        granted: bool,
    }
    /// Merged into another.
    MergedInto {
        /// Which profile goes on.
        target: CustomerId,
    }
    /// Another was merged into this one.
    MergeReceived {
        /// Which.
        source: CustomerId,
    }
    /// The merge was undone.
    Unmerged {
        /// Which profile it had been merged into.
        target: CustomerId,
    }
    /// Another one's merge into this one was undone.
    MergeUndone {
        /// Which one left.
        source: CustomerId,
    }
    /// Forgotten.
    Erased {
        /// On what ground, a short code such as `gdpr-17`.
        legal_basis: String,
        /// How many sealed texts were deleted.
        texts_deleted: u64,
    }
}
