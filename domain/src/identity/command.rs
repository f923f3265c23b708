//! What can be asked of a channel address.

use crate::{decider::commands, ids::CustomerId, words::Channel};

commands! {
    /// Something asked of a channel address.
    IdentityCommand;
    /// Claims it for a customer. Refused where another holds it.
    Claim {
        /// Who.
        customer: CustomerId,
        /// On which channel.
        channel: Channel,
    }
    /// Frees it.
    Release {
        /// Who holds it.
        customer: CustomerId,
    }
}
