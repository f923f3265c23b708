//! What stands in the tables of churn features.

use allhours_domain::{
    features::CustomerHistory,
    ids::{ConversationId, CustomerId, TenantId},
};
use allhours_eventstore::recorded::Position;

use crate::{
    columns::{Structure, Structured},
    rows::table,
};

impl Structure for CustomerHistory {}

table! {
    /// The history of a customer's profile, from which features follow as of any later instant.
    HistoryRow in "churn_features" by (tenant_id: TenantId, customer_id: CustomerId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Who.
        customer_id: CustomerId,
        /// The profile that goes on in place of this one, as the history says.
        merged_into: Option<CustomerId>,
        /// What happened to them and in their conversations.
        history: Structured<CustomerHistory>,
        /// The event that changed it last.
        updated_position: Position,
    }
}

table! {
    /// Whose conversation it is; only its first event says so.
    #[expect(clippy::struct_field_names, reason = "columns are named alike in every table")]
    OwnerRow in "churn_owners" by (tenant_id: TenantId, conversation_id: ConversationId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which conversation.
        conversation_id: ConversationId,
        /// Whose it is.
        customer_id: CustomerId,
    }
}
