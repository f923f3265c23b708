//! Text about a person, as somebody may read it.

use allhours_domain::personal::Personal;
use async_graphql::{Enum, SimpleObject};

use super::viewer::{Role, Viewer};

/// Whether a text about a person can be read.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum TextState {
    /// It can.
    Readable,
    /// It was redacted or its subject erased; nobody can read it again.
    Erased,
    /// It is there, but not for this viewer.
    Hidden,
}

/// A text about a person: a message, a name, an address.
#[derive(Debug, SimpleObject, Clone, PartialEq, Eq)]
pub struct PersonalText {
    /// The text, if it can be read.
    pub text: Option<String>,
    /// Whether it can be read, and if not, why not.
    pub state: TextState,
}

impl PersonalText {
    /// Something that this viewer may not read.
    #[must_use]
    pub fn hidden() -> Self {
        Self { text: None, state: TextState::Hidden }
    }

    /// As `viewer` may read it.
    #[must_use]
    pub fn of(viewer: &Viewer, personal: &Personal) -> Self {
        if !reads_texts(viewer.role) {
            return Self::hidden();
        }
        match personal {
            Personal::Open { text, .. } => {
                Self { text: Some(text.clone()), state: TextState::Readable }
            }
            Personal::Erased { .. } => Self { text: None, state: TextState::Erased },
            Personal::Sealed { .. } => Self::hidden(),
        }
    }
}

/// Whether a role reads texts about people at all.
#[must_use]
pub fn reads_texts(role: Role) -> bool {
    match role {
        Role::Customer | Role::Agent | Role::Supervisor | Role::Admin | Role::Auditor => true,
        Role::Analyst | Role::Integration => false,
    }
}
