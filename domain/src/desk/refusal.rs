//! Why a desk says no.

use crate::{decider::Refusal, fields::FieldType, text::Key};

/// A rule of the desk that a command would have broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskRefusal {
    /// Nobody ever opened it.
    #[error("there is no such desk")]
    NoSuchDesk,
    /// It is open already.
    #[error("the desk is open already")]
    AlreadyOpen,
    /// Too long a time for reopening.
    #[error("a message may reopen within {hours_max} hours at most, not {hours}")]
    ReopenWindowTooLong {
        /// As asked.
        hours: u32,
        /// The limit.
        hours_max: u32,
    },
    /// As many custom fields are in use as may be.
    #[error("a desk has {fields_max} custom fields at most")]
    TooManyFields {
        /// The limit.
        fields_max: usize,
    },
    /// Values of another type may stand under this key.
    #[error(
        "the field `{field}` was defined for {held} and can't take {asked}: what was set in it \
         stays; define a field with a new key"
    )]
    FieldTypeFixed {
        /// Which.
        field: Key,
        /// What it took until now.
        held: FieldType,
        /// As asked.
        asked: FieldType,
    },
    /// No custom field of this key is in use.
    #[error("the desk has no field `{field}`")]
    NoSuchField {
        /// As asked.
        field: Key,
    },
    /// A choice without words.
    #[error("a choice needs at least one word")]
    NoChoices,
    /// A choice of too many words.
    #[error("a choice has {choices_max} words at most, not {choices}")]
    TooManyChoices {
        /// As asked.
        choices: usize,
        /// The limit.
        choices_max: usize,
    },
    /// The same word twice.
    #[error("the choice offers `{choice}` twice")]
    ChoiceTwice {
        /// The word.
        choice: Key,
    },
    /// An export for nobody that is known.
    #[error("an export is for `auditor`, `analyst` or `features`, not `{form}`")]
    UnknownExportForm {
        /// As asked.
        form: Key,
    },
    /// A range that ends before it begins, or begins before the log.
    #[error("positions {from_position} to {to_position} are no range of the log")]
    NotARange {
        /// As asked.
        from_position: i64,
        /// As asked.
        to_position: i64,
    },
    /// Not a digest.
    #[error("`{digest}` is not a SHA-256 digest in hexadecimal")]
    NotADigest {
        /// As asked.
        digest: Key,
    },
    /// A key that is older than the newest one.
    #[error("key {generation} is older than key {newest}")]
    OlderKey {
        /// As asked.
        generation: i32,
        /// The newest one.
        newest: i32,
    },
}

impl Refusal for DeskRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDesk => "NO_SUCH_DESK",
            Self::AlreadyOpen => "ALREADY_OPEN",
            Self::ReopenWindowTooLong { .. } => "REOPEN_WINDOW_TOO_LONG",
            Self::TooManyFields { .. } => "TOO_MANY_FIELDS",
            Self::FieldTypeFixed { .. } => "FIELD_TYPE_FIXED",
            Self::NoSuchField { .. } => "NO_SUCH_FIELD",
            Self::NoChoices => "NO_CHOICES",
            Self::TooManyChoices { .. } => "TOO_MANY_CHOICES",
            Self::ChoiceTwice { .. } => "CHOICE_TWICE",
            Self::UnknownExportForm { .. } => "UNKNOWN_EXPORT_FORM",
            Self::NotARange { .. } => "NOT_A_RANGE",
            Self::NotADigest { .. } => "NOT_A_DIGEST",
            Self::OlderKey { .. } => "OLDER_KEY",
        }
    }
}
