//! Why an identity says no.

use crate::{decider::Refusal, ids::CustomerId};

/// A rule's no, with what the one who asked needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityRefusal {
    /// An address has one holder.
    #[error("another customer holds the address")]
    AlreadyClaimed {
        /// Who holds it.
        by: CustomerId,
    },
    /// Only for its holder is an address freed.
    #[error("the address belongs to another customer")]
    BelongsTo {
        /// Who holds it.
        customer: CustomerId,
    },
}

impl Refusal for IdentityRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyClaimed { .. } => "ALREADY_CLAIMED",
            Self::BelongsTo { .. } => "BELONGS_TO",
        }
    }
}
