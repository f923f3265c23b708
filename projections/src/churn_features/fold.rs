//! How events change the history of a customer: those of their profile and of their
//! conversations. What they mean is defined in the domain, for training and for serving.

use allhours_domain::{
    catalogue::AnyEvent,
    conversation::ConversationEvent,
    features::Fact,
    ids::{ConversationId, CustomerId, TenantId},
};
use allhours_eventstore::recorded::Recorded;

use crate::{
    churn_features::{HistoryRow, rows::OwnerRow},
    columns::Structured,
    fold::Fold,
    rows::Rows,
    table::Table,
};

/// The histories in memory.
#[derive(Debug, Default)]
pub struct ChurnFeatures {
    /// A row for each customer.
    pub histories: Rows<HistoryRow>,
    /// Whose the conversations are.
    owners: Rows<OwnerRow>,
}

impl Fold for ChurnFeatures {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Customer(_) = event {
            self.histories.want((recorded.tenant, CustomerId(recorded.stream.id)));
        }
        if let AnyEvent::Conversation(event) = event {
            let owner = owner_key(recorded);
            self.owners.want(owner);
            let known = self.owners.get(&owner).map(|row| row.customer_id);
            if let Some(customer) = opened_by(event).or(known) {
                self.histories.want((recorded.tenant, customer));
            }
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Customer(event) = event {
            self.observe(recorded, CustomerId(recorded.stream.id), Fact::Customer(event));
        }
        if let AnyEvent::Conversation(event) = event {
            let owner = owner_key(recorded);
            if let Some(customer_id) = opened_by(event) {
                let (tenant_id, conversation_id) = owner;
                *self.owners.change(&owner) =
                    Some(OwnerRow { tenant_id, conversation_id, customer_id });
            }
            if let Some(customer) = self.owners.get(&owner).map(|row| row.customer_id) {
                self.observe(recorded, customer, Fact::Conversation(owner.1, event));
            }
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.histories, &mut self.owners]
    }
}

fn owner_key(recorded: &Recorded) -> (TenantId, ConversationId) {
    (recorded.tenant, ConversationId(recorded.stream.id))
}

fn opened_by(event: &ConversationEvent) -> Option<CustomerId> {
    if let ConversationEvent::Opened(event) = event { Some(event.customer) } else { None }
}

impl ChurnFeatures {
    fn observe(&mut self, recorded: &Recorded, customer: CustomerId, fact: Fact<'_>) {
        let key = (recorded.tenant, customer);
        let row = self.histories.change(&key).get_or_insert_with(|| HistoryRow {
            tenant_id: recorded.tenant,
            customer_id: customer,
            merged_into: None,
            history: Structured::default(),
            updated_position: 0,
        });
        row.history.observe(fact, recorded.occurred_at);
        row.merged_into = row.history.merged_into();
        row.updated_position = recorded.position;
    }
}
