//! What can be asked of a delivery.

use crate::{
    decider::commands,
    ids::{ConversationId, CustomerId, MessageId, SubjectId},
    text::{ExternalId, Key, RawMessage, Reason},
    words::Channel,
};

commands! {
    /// Something asked of a delivery.
    IntakeCommand;
    /// Takes in a delivery; a second one of the same key is recorded as a duplicate.
    Receive {
        /// On which channel.
        channel: Channel,
        /// Which of the desk's accounts.
        account: Key,
        /// The provider's own id.
        external_id: ExternalId,
        /// As the provider sent it.
        raw: RawMessage,
        /// Whom it is about: the customer, or the intake itself while nobody knows.
        subject: SubjectId,
    }
    /// Records which message it became. Refused unless it is received or parked.
    MarkParsed {
        /// Whose.
        customer: CustomerId,
        /// Of which conversation.
        conversation: ConversationId,
        /// Which message.
        message: MessageId,
    }
    /// Parks it for a person to see.
    Park {
        /// What could not be understood, without quoting it.
        why: Reason,
    }
    /// Decides that it is not for this desk.
    Discard {
        /// Why.
        reason: Reason,
    }
}
