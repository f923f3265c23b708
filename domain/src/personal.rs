//! Text about a person: readable, sealed, or forgotten.
//!
//! An event in the code holds [`Personal::Open`]; the log stores [`Personal::Sealed`] (the
//! hash of a ciphertext that stands in a side table that can be deleted); after erasure
//! it reads as [`Personal::Erased`]. Rules never look inside.

use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;

/// Text about one data subject.
///
/// The stored form is an object that holds `$subject` and one of `text`, `sealed`, `erased`;
/// the log finds and seals every such object, wherever in an event it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Personal {
    /// Readable.
    Open {
        /// Whom it is about.
        #[serde(rename = "$subject")]
        subject: SubjectId,
        /// What was said.
        text: String,
    },
    /// As it stands in the log.
    Sealed {
        /// Whom it is about.
        #[serde(rename = "$subject")]
        subject: SubjectId,
        /// SHA-256 of the ciphertext, in hexadecimal.
        sealed: String,
    },
    /// Forgotten: the key was destroyed, or this text was redacted.
    Erased {
        /// Whom it was about.
        #[serde(rename = "$subject")]
        subject: SubjectId,
        /// Always true.
        erased: bool,
    },
}

/// What people read in place of a forgotten text.
pub const REDACTED: &str = "[redacted]";

impl Personal {
    /// Readable text about `subject`.
    #[must_use]
    pub fn about(subject: impl Into<SubjectId>, text: impl Into<String>) -> Self {
        Self::Open { subject: subject.into(), text: text.into() }
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        match self {
            Self::Open { subject, .. }
            | Self::Sealed { subject, .. }
            | Self::Erased { subject, .. } => *subject,
        }
    }

    /// The text, unless it is sealed or forgotten.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Open { text, .. } => Some(text),
            Self::Sealed { .. } | Self::Erased { .. } => None,
        }
    }
}
