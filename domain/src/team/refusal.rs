//! Why a team says no.

use crate::decider::Refusal;

/// A rule of the team that a command would have broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeamRefusal {
    /// Nobody ever founded it.
    #[error("there is no such team")]
    NoSuchTeam,
    /// It exists already.
    #[error("the team exists already")]
    AlreadyCreated,
    /// It takes no more work and changes no more.
    #[error("the team is retired")]
    Retired,
    /// It has as many members as it may.
    #[error("a team has {members_max} members at most")]
    TooManyMembers {
        /// The limit.
        members_max: usize,
    },
}

impl Refusal for TeamRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchTeam => "NO_SUCH_TEAM",
            Self::AlreadyCreated => "ALREADY_CREATED",
            Self::Retired => "RETIRED",
            Self::TooManyMembers { .. } => "TOO_MANY_MEMBERS",
        }
    }
}
