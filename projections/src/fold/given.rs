//! Events of one stream, folded: what tests of folds begin with.

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    ids::{CommandId, CorrelationId, EventId, TenantId},
};
use allhours_eventstore::recorded::{Recorded, StreamId, StreamType};
use jiff::Timestamp;
use uuid::Uuid;

use super::Fold;

/// Whose events they are.
pub const TENANT: TenantId = TenantId(Uuid::from_u128(1));
/// The id of the stream.
pub const ID: Uuid = Uuid::from_u128(7);

/// The instant of a position.
pub fn at(position: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + position * 60).unwrap()
}

/// The events of one stream at positions from 1, a minute apart.
pub fn after<F: Fold + Default, E: Into<AnyEvent>>(stream: &'static str, events: Vec<E>) -> F {
    let mut fold = F::default();
    for table in fold.tables() {
        table.set_complete(true);
    }
    for (position, event) in (1_i64..).zip(events) {
        let recorded = Recorded {
            position,
            tenant: TENANT,
            stream: StreamId { stream_type: StreamType(stream), id: ID },
            version: i32::try_from(position).unwrap(),
            event_id: EventId(Uuid::nil()),
            name: String::new(),
            schema_version: 1,
            command_id: CommandId(Uuid::nil()),
            correlation_id: CorrelationId(Uuid::nil()),
            causation_id: None,
            traceparent: None,
            actor: Actor::System("test".to_owned()),
            occurred_at: at(position),
            recorded_at: at(position),
            payload: String::new(),
            leaf_hash: [0; 32],
        };
        fold.apply(&recorded, &event.into());
    }
    fold
}
