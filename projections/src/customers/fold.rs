//! How events change customers.

use allhours_domain::{
    catalogue::AnyEvent,
    customer::{CustomerEvent, event::Identified},
    ids::{CustomerId, TenantId},
};
use allhours_eventstore::recorded::Recorded;

use crate::{
    columns::{Structured, whole_microseconds},
    customers::{CustomerRow, LinkedIdentity},
    fold::Fold,
    rows::Rows,
    table::Table,
};

/// The rows of customers in memory.
#[derive(Debug, Default)]
pub struct Customers {
    /// The customers.
    pub rows: Rows<CustomerRow>,
}

impl Fold for Customers {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Customer(_) = event {
            self.rows.want(key(recorded));
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Customer(event) = event else { return };
        let row = self.rows.change(&key(recorded));
        if let CustomerEvent::Identified(event) = event {
            *row = Some(identified(recorded, event));
        }
        if let Some(row) = row {
            row.evolve(recorded, event);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows]
    }
}

fn key(recorded: &Recorded) -> (TenantId, CustomerId) {
    (recorded.tenant, CustomerId(recorded.stream.id))
}

fn identified(recorded: &Recorded, event: &Identified) -> CustomerRow {
    CustomerRow {
        tenant_id: recorded.tenant,
        id: CustomerId(recorded.stream.id),
        tier: event.tier,
        language: event.language.clone(),
        name_position: event.display_name.as_ref().map(|_| recorded.position),
        consents: Structured::default(),
        identities: Structured::default(),
        merged_into: None,
        erased: false,
        identified_at: whole_microseconds(recorded.occurred_at),
        version: 0,
        updated_position: 0,
    }
}

impl CustomerRow {
    fn evolve(&mut self, recorded: &Recorded, event: &CustomerEvent) {
        match event {
            CustomerEvent::Identified(_)
            | CustomerEvent::MergeReceived(_)
            | CustomerEvent::MergeUndone(_) => {}
            CustomerEvent::ProfileChanged(event) => {
                self.name_position = event.display_name.as_ref().map(|_| recorded.position);
                self.language.clone_from(&event.language);
            }
            CustomerEvent::IdentityLinked(event) => {
                let linked = LinkedIdentity {
                    channel: event.channel,
                    address_position: recorded.position,
                    verified: event.verified,
                };
                self.identities.insert(event.identity, linked);
            }
            CustomerEvent::IdentityUnlinked(event) => {
                self.identities.remove(&event.identity);
            }
            CustomerEvent::TierSet(event) => self.tier = event.to,
            CustomerEvent::ConsentSet(event) => {
                self.consents.insert(event.purpose, event.granted);
            }
            CustomerEvent::MergedInto(event) => self.merged_into = Some(event.target),
            CustomerEvent::Unmerged(_) => self.merged_into = None,
            CustomerEvent::Erased(_) => self.forget(),
        }
        self.version = recorded.version;
        self.updated_position = recorded.position;
    }

    /// What told the person from others goes; that there was one stays.
    fn forget(&mut self) {
        self.erased = true;
        self.name_position = None;
        self.language = None;
        self.identities.clear();
        self.consents.clear();
    }
}
