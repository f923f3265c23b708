//! Who holds a channel address. The address itself does not stand here.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    ids::CustomerId,
    words::Channel,
};

events! {
    /// A fact about one channel address.
    pub enum IdentityEvent, upcast = super::upcast::upcast {
        #[doc = "A customer became the one holder of a channel address."]
        Claimed = "identity.claimed", 1;
        #[doc = "The address became free again."]
        Released = "identity.released", 1;
    }
}

shapes! {
    /// A customer holds it.
    Claimed {
        /// Who.
        customer: CustomerId,
        /// On which channel.
        channel: Channel,
    }
    /// It is free.
    Released {
        /// Who held it.
        customer: CustomerId,
    }
}
