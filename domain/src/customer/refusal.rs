//! Why a customer's profile says no.

use crate::{
    decider::Refusal,
    ids::{CustomerId, IdentityId},
};

/// A rule of a customer's profile that a command would have broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomerRefusal {
    /// Nobody ever identified them.
    #[error("there is no such customer")]
    NoSuchCustomer,
    /// They are known already.
    #[error("the customer is known already")]
    AlreadyIdentified,
    /// They were forgotten, for good.
    #[error("the customer was erased")]
    Erased,
    /// Another profile goes on in place of this one.
    #[error("the profile was merged; another one goes on in its place")]
    MergedInto {
        /// Which one.
        target: CustomerId,
    },
    /// As many addresses as may be.
    #[error("a customer has {identities_max} channel addresses at most")]
    TooManyIdentities {
        /// The limit.
        identities_max: usize,
    },
    /// The address is not theirs.
    #[error("the channel address is not linked to this customer")]
    NotLinked {
        /// Which.
        identity: IdentityId,
    },
    /// A profile and itself.
    #[error("a profile can't be merged with itself")]
    MergeWithItself,
    /// The target was merged into this one.
    #[error("the other profile was itself merged into this one")]
    MergeInCircle {
        /// Which.
        target: CustomerId,
    },
    /// As many merged profiles as may be.
    #[error("{merged_max} profiles at most may be merged into one")]
    TooManyMerges {
        /// The limit.
        merged_max: usize,
    },
    /// It was not merged into another one.
    #[error("the profile is not merged into another one")]
    NotMerged,
    /// The other one was not merged into this one.
    #[error("the other profile is not merged into this one")]
    NotMergedHere {
        /// Which.
        profile: CustomerId,
    },
}

impl Refusal for CustomerRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCustomer => "NO_SUCH_CUSTOMER",
            Self::AlreadyIdentified => "ALREADY_IDENTIFIED",
            Self::Erased => "ERASED",
            Self::MergedInto { .. } => "MERGED_INTO",
            Self::TooManyIdentities { .. } => "TOO_MANY_IDENTITIES",
            Self::NotLinked { .. } => "NOT_LINKED",
            Self::MergeWithItself => "MERGE_WITH_ITSELF",
            Self::MergeInCircle { .. } => "MERGE_IN_CIRCLE",
            Self::TooManyMerges { .. } => "TOO_MANY_MERGES",
            Self::NotMerged => "NOT_MERGED",
            Self::NotMergedHere { .. } => "NOT_MERGED_HERE",
        }
    }
}
