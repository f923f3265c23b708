//! Redaction: texts are deleted for good, and that they were there stays known.
//!
//! Forgetting is owed however a conversation stands: also a closed or merged one redacts.

use super::{Conversation, ConversationRefusal, Decision};
use crate::{
    conversation::{
        Kept,
        command::{Redact, RedactField, RedactSubject},
        event::{FieldRedacted, MessageRedacted, SubjectRedacted},
    },
    personal::Personal,
};

impl Conversation {
    pub(super) fn redact(&self, command: Redact) -> Decision {
        let Redact { message, reason } = command;
        let origin = self.must_exist()?;
        match self.message(message) {
            None => Err(ConversationRefusal::UnknownMessage { message }),
            Some(known) if known.moved => Err(ConversationRefusal::UnknownMessage { message }),
            Some(known) if known.redacted => Ok(vec![]),
            Some(_) => {
                let reason = Personal::about(origin.customer, reason);
                Ok(vec![MessageRedacted { message, reason }.into()])
            }
        }
    }

    pub(super) fn redact_subject(&self, command: RedactSubject) -> Decision {
        let RedactSubject { went_on_in, reason } = command;
        let origin = self.must_exist()?;
        match self.subject {
            None => Err(ConversationRefusal::NoSubject),
            Some(Kept::Redacted) => Ok(vec![]),
            Some(Kept::Here) => {
                let deliveries_to = std::iter::once(origin.id).chain(went_on_in).collect();
                let reason = Personal::about(origin.customer, reason);
                Ok(vec![SubjectRedacted { deliveries_to, reason }.into()])
            }
        }
    }

    pub(super) fn redact_field(&self, command: RedactField) -> Decision {
        let RedactField { field, reason } = command;
        let origin = self.must_exist()?;
        match self.texts.get(&field) {
            None => Err(ConversationRefusal::NoText { field }),
            Some(Kept::Redacted) => Ok(vec![]),
            Some(Kept::Here) => {
                let reason = Personal::about(origin.customer, reason);
                Ok(vec![FieldRedacted { field, reason }.into()])
            }
        }
    }
}
