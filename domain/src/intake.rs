//! An intake: all deliveries of one message of a provider, so that it counts once.
//!
//! Read `command`, then `event`, then `decide`. Its stream is derived from the provider's
//! key (channel, account, external id); a key that was ever seen never counts as new again.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
#[cfg(test)]
mod tests;
pub mod upcast;

use serde::{Deserialize, Serialize};

pub use self::{command::IntakeCommand, event::IntakeEvent, refusal::IntakeRefusal};
use crate::ids::{ConversationId, MessageId, SubjectId};

/// What past events say about one delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    standing: Standing,
    deliveries: u32,
    /// Whom the texts of this delivery are about.
    subject: Option<SubjectId>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    New,
    Received,
    Parked,
    Parsed {
        conversation: ConversationId,
        message: MessageId,
    },
    Discarded,
}

impl Intake {
    /// Whether it was never delivered before.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.standing == Standing::New
    }

    /// Whether it waits for a person.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.standing == Standing::Parked
    }

    /// Whether a person decided that it is not for this desk.
    #[must_use]
    pub fn is_discarded(&self) -> bool {
        self.standing == Standing::Discarded
    }

    /// How often it has come.
    #[must_use]
    pub fn deliveries(&self) -> u32 {
        self.deliveries
    }

    /// The message that it became.
    #[must_use]
    pub fn parsed(&self) -> Option<(ConversationId, MessageId)> {
        match self.standing {
            Standing::Parsed { conversation, message } => Some((conversation, message)),
            Standing::New | Standing::Received | Standing::Parked | Standing::Discarded => None,
        }
    }

    /// Total and free of rules: what was recorded has happened.
    fn fold(&mut self, event: &IntakeEvent) {
        match event {
            IntakeEvent::Received(received) => {
                self.standing = Standing::Received;
                self.deliveries = 1;
                self.subject = Some(received.raw.subject());
            }
            IntakeEvent::Parsed(parsed) => {
                let event::Parsed { customer: _, conversation, message } = *parsed;
                self.standing = Standing::Parsed { conversation, message };
            }
            IntakeEvent::Parked(_) => self.standing = Standing::Parked,
            IntakeEvent::DuplicateReceived(duplicate) => self.deliveries = duplicate.deliveries,
            IntakeEvent::Discarded(_) => self.standing = Standing::Discarded,
        }
    }
}
