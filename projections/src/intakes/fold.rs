//! How events change deliveries.

use allhours_domain::{
    catalogue::AnyEvent,
    ids::{IntakeId, TenantId},
    intake::{IntakeEvent, event::Received},
};
use allhours_eventstore::recorded::Recorded;

use crate::{
    columns::whole_microseconds,
    fold::Fold,
    intakes::{IntakeRow, IntakeStatus},
    rows::Rows,
    table::Table,
};

/// The rows of deliveries in memory.
#[derive(Debug, Default)]
pub struct Intakes {
    /// The deliveries.
    pub rows: Rows<IntakeRow>,
}

impl Fold for Intakes {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Intake(_) = event {
            self.rows.want(key(recorded));
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Intake(event) = event else { return };
        evolve(self.rows.change(&key(recorded)), recorded, event);
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows]
    }
}

fn key(recorded: &Recorded) -> (TenantId, IntakeId) {
    (recorded.tenant, IntakeId(recorded.stream.id))
}

impl IntakeRow {
    /// What a whole stream makes of it, for who can't wait for the table; none where nothing
    /// was delivered.
    #[must_use]
    pub fn folded(stream: &[(Recorded, IntakeEvent)]) -> Option<Self> {
        let mut row = None;
        for (recorded, event) in stream {
            evolve(&mut row, recorded, event);
        }
        row
    }
}

fn evolve(row: &mut Option<IntakeRow>, recorded: &Recorded, event: &IntakeEvent) {
    if let IntakeEvent::Received(event) = event {
        *row = Some(received(recorded, event));
    }
    let Some(row) = row else { return };
    match event {
        IntakeEvent::Received(_) => {}
        IntakeEvent::Parsed(event) => {
            row.status = IntakeStatus::Parsed;
            row.customer_id = Some(event.customer);
            row.conversation_id = Some(event.conversation);
            row.message_id = Some(event.message);
        }
        IntakeEvent::Parked(event) => {
            row.status = IntakeStatus::Parked;
            row.why_parked = Some(event.why.clone());
        }
        IntakeEvent::DuplicateReceived(event) => {
            row.deliveries = i32::try_from(event.deliveries).unwrap_or(i32::MAX);
        }
        IntakeEvent::Discarded(_) => {
            row.status = IntakeStatus::Discarded;
            row.discarded_position = Some(recorded.position);
        }
    }
    row.updated_at = whole_microseconds(recorded.occurred_at);
    row.version = recorded.version;
    row.updated_position = recorded.position;
}

fn received(recorded: &Recorded, event: &Received) -> IntakeRow {
    let at = whole_microseconds(recorded.occurred_at);
    IntakeRow {
        tenant_id: recorded.tenant,
        id: IntakeId(recorded.stream.id),
        channel: event.channel,
        account: event.account.clone(),
        status: IntakeStatus::Received,
        why_parked: None,
        deliveries: 1,
        received_at: at,
        updated_at: at,
        customer_id: None,
        conversation_id: None,
        message_id: None,
        received_position: recorded.position,
        discarded_position: None,
        version: 0,
        updated_position: 0,
    }
}
