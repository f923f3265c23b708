//! Why an agent's profile says no.

use crate::{decider::Refusal, text::Language};

/// A rule of an agent's profile that a command would have broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentRefusal {
    /// Nobody ever registered them.
    #[error("there is no such agent")]
    NoSuchAgent,
    /// They joined before.
    #[error("the agent is registered already")]
    AlreadyRegistered,
    /// They left the desk; only offline fits.
    #[error("the agent left the desk")]
    Deactivated,
    /// Too many languages.
    #[error("an agent works in {languages_max} languages at most, not {languages}")]
    TooManyLanguages {
        /// As asked.
        languages: usize,
        /// The limit.
        languages_max: usize,
    },
    /// The same language twice.
    #[error("`{language}` is named twice")]
    LanguageTwice {
        /// Which.
        language: Language,
    },
    /// As many skills as may be.
    #[error("an agent has {skills_max} skills at most")]
    TooManySkills {
        /// The limit.
        skills_max: usize,
    },
    /// No such level.
    #[error("a skill has a level from 1 to {level_max}, not {level}")]
    LevelOutOfRange {
        /// As asked.
        level: i32,
        /// The limit.
        level_max: u8,
    },
    /// More than anybody carries.
    #[error("an agent carries {units_max} units at most, not {units}")]
    CapacityTooLarge {
        /// As asked.
        units: u32,
        /// The limit.
        units_max: u32,
    },
}

impl Refusal for AgentRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchAgent => "NO_SUCH_AGENT",
            Self::AlreadyRegistered => "ALREADY_REGISTERED",
            Self::Deactivated => "DEACTIVATED",
            Self::TooManyLanguages { .. } => "TOO_MANY_LANGUAGES",
            Self::LanguageTwice { .. } => "LANGUAGE_TWICE",
            Self::TooManySkills { .. } => "TOO_MANY_SKILLS",
            Self::LevelOutOfRange { .. } => "LEVEL_OUT_OF_RANGE",
            Self::CapacityTooLarge { .. } => "CAPACITY_TOO_LARGE",
        }
    }
}
