//! What can be asked of a customer's profile.

use crate::{
    decider::commands,
    ids::{CustomerId, IdentityId},
    text::{Address, Key, Language, Name},
    words::{Channel, Purpose, Tier},
};

commands! {
    /// Something asked of a customer's profile.
    CustomerCommand;
    /// Makes a customer known.
    Identify {
        /// Its own id.
        id: CustomerId,
        /// The name, if known.
        display_name: Option<Name>,
        /// In which language they write, if known.
        language: Option<Language>,
        /// How they are served.
        tier: Tier,
    }
    /// Changes name and language.
    ChangeProfile {
        /// The name from now on.
        display_name: Option<Name>,
        /// The language from now on.
        language: Option<Language>,
    }
    /// Links a channel address; the address's own stream is claimed in the same append.
    LinkIdentity {
        /// The address's stream.
        identity: IdentityId,
        /// On which channel.
        channel: Channel,
        /// The address.
        address: Address,
        /// Whether somebody checked that it is theirs.
        verified: bool,
    }
    /// Unlinks a channel address; its own stream is released in the same append.
    UnlinkIdentity {
        /// Which.
        identity: IdentityId,
    }
    /// Sets the tier.
    SetTier {
        /// From now on.
        tier: Tier,
    }
    /// Allows or forbids a use of their data.
    SetConsent {
        /// Which use.
        purpose: Purpose,
        /// Allowed or not.
        granted: bool,
    }
    /// Merges this profile into another.
    MergeInto {
        /// Which goes on.
        target: CustomerId,
    }
    /// The other side of a merge.
    ReceiveMerge {
        /// Which is merged into this one.
        source: CustomerId,
    }
    /// Undoes its merge.
    Unmerge {}
    /// The other side of undoing a merge.
    UndoMerge {
        /// Which leaves.
        source: CustomerId,
    }
    /// Forgets the customer. The log destroys the key in the same transaction.
    Erase {
        /// On what ground.
        legal_basis: Key,
        /// How many sealed texts are deleted.
        texts_deleted: u64,
    }
}
