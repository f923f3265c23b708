//! What has happened to one delivery of a provider's message.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    ids::{ConversationId, CustomerId, MessageId},
    personal::Personal,
    words::Channel,
};

events! {
    /// A fact about one delivery.
    pub enum IntakeEvent, upcast = super::upcast::upcast {
        #[doc = "A provider delivered a message; its raw form is kept."]
        Received = "intake.received", 1;
        #[doc = "The delivery became a message of a conversation."]
        Parsed = "intake.parsed", 1;
        #[doc = "The delivery could not be understood and waits for a person."]
        Parked = "intake.parked", 1;
        #[doc = "The provider delivered the same message again; nothing else happened."]
        DuplicateReceived = "intake.duplicate_received", 1;
        #[doc = "A person decided that the delivery is not for this desk; it never comes back."]
        Discarded = "intake.discarded", 1;
    }
}

shapes! {
    /// A provider delivered a message.
    Received {
        /// On which channel.
        channel: Channel,
        /// Which of the desk's accounts on that channel.
        account: String,
        /// The provider's own id.
        external_id: Personal,
        /// As the provider sent it.
        raw: Personal,
    }
    /// It became a message.
    Parsed {
        /// Whose.
        customer: CustomerId,
        /// Of which conversation.
        conversation: ConversationId,
        /// Which message.
        message: MessageId,
    }
    /// It waits for a person.
    Parked {
        /// What could not be understood, without quoting it.
        why: String,
    }
    /// It came again.
    DuplicateReceived {
        /// How often it has come by now.
        deliveries: u32,
    }
    /// It is not for this desk.
    Discarded {
        /// Why.
        reason: Personal,
    }
}
