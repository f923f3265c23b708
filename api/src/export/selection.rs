//! Which events an export holds.

use allhours_domain::ids::TenantId;
use allhours_eventstore::recorded::{Position, Recorded};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::circle::Circle;

/// Which events. Stands in the manifest as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// Of which tenant.
    pub tenant: TenantId,
    /// From this position on.
    pub from: Position,
    /// Up to this one.
    pub to: Position,
    /// Written down at this instant or later.
    pub since: Option<Timestamp>,
    /// Written down before this instant.
    pub until: Option<Timestamp>,
    /// About this customer or agent only, as `subject.json` says.
    pub subject: Option<Uuid>,
    /// Of this conversation only.
    pub conversation: Option<Uuid>,
}

/// A selection that can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The range runs backwards or begins before the log.
    #[error("there are no positions from {from} to {to}")]
    Range {
        /// As asked.
        from: Position,
        /// As asked.
        to: Position,
    },
}

impl Selection {
    /// Refuses what no event can fit.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn checked(self) -> Result<Self, SelectionError> {
        let Self { from, to, .. } = self;
        if from < 1 || to < from { Err(SelectionError::Range { from, to }) } else { Ok(self) }
    }

    /// Whether an event belongs to it; the circle is that of the subject, if there is one.
    #[must_use]
    pub fn fits(&self, event: &Recorded, circle: Option<&Circle>) -> bool {
        event.tenant == self.tenant
            && (self.from..=self.to).contains(&event.position)
            && self.since.is_none_or(|since| event.recorded_at >= since)
            && self.until.is_none_or(|until| event.recorded_at < until)
            && circle.is_none_or(|circle| circle.holds(event))
            && self.conversation.is_none_or(|id| {
                event.stream.stream_type.0 == "conversation" && event.stream.id == id
            })
    }

    /// Whether it is a whole range of one tenant, so that streams have no gaps in it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Self { since, until, subject, conversation, .. } = self;
        since.is_none() && until.is_none() && subject.is_none() && conversation.is_none()
    }
}
