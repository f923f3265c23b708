//! Where a conversation stands.

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Somebody has to do something.
    Open,
    /// It waits for the customer or for somebody outside.
    Waiting,
    /// Put aside until an instant.
    Snoozed,
    /// Resolved; a message of the customer may reopen it.
    Resolved,
    /// Closed for good.
    Closed,
    /// Merged into another one, which goes on in its place.
    Merged,
}

impl Status {
    /// Every status, in the order of a conversation's life.
    pub const ALL: &[Self] =
        &[Self::Open, Self::Waiting, Self::Snoozed, Self::Resolved, Self::Closed, Self::Merged];

    /// The stored form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Merged => "merged",
        }
    }

    /// From the stored form.
    #[must_use]
    pub fn parse(stored: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == stored)
    }
}

crate::columns::word_columns! { Status, }
