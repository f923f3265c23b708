//! What stands in the table of deliveries.

use allhours_domain::{
    ids::{ConversationId, CustomerId, IntakeId, MessageId, TenantId},
    words::Channel,
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;

use crate::rows::table;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntakeStatus {
    /// It was taken in, and nothing more is known of it.
    Received,
    /// It is a message of a conversation.
    Parsed,
    /// It waits for a person.
    Parked,
    /// A person decided that it is not for this desk.
    Discarded,
}

impl IntakeStatus {
    /// Every status.
    pub const ALL: &[Self] = &[Self::Received, Self::Parsed, Self::Parked, Self::Discarded];

    /// The stored form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Parsed => "parsed",
            Self::Parked => "parked",
            Self::Discarded => "discarded",
        }
    }

    /// From the stored form.
    #[must_use]
    pub fn parse(stored: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == stored)
    }
}

crate::columns::word_columns! { IntakeStatus, }

table! {
    /// All deliveries of one message of a provider. The texts stand in the events named here.
    IntakeRow in "intakes" by (tenant_id: TenantId, id: IntakeId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which message of the provider.
        id: IntakeId,
        /// On which channel.
        channel: Channel,
        /// Which of the desk's accounts on that channel.
        account: String,
        /// What became of it.
        status: IntakeStatus,
        /// What could not be understood, if it was ever parked.
        why_parked: Option<String>,
        /// How often it has come.
        deliveries: i32,
        /// When it came first.
        received_at: Timestamp,
        /// When something happened to it last.
        updated_at: Timestamp,
        /// Whose message it became.
        customer_id: Option<CustomerId>,
        /// Of which conversation.
        conversation_id: Option<ConversationId>,
        /// Which message.
        message_id: Option<MessageId>,
        /// The event that holds what the provider sent, and the provider's own id of it.
        received_position: Position,
        /// The event that holds why it was discarded.
        discarded_position: Option<Position>,
        /// The version of the stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}
