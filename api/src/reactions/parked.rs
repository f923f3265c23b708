//! Discards deliveries that waited for a person for too long, so that nothing of what was sent is
//! kept for ever about somebody whom no erasure can find.
//!
//! What is due is asked of the projection; discarding is a command like any other, whose id is
//! derived from the delivery, so that several processes discard each one once.

use std::time::Duration;

use allhours_domain::{actor::Actor, intake::Intake, text::Reason};
use allhours_eventstore::{database::Database, log::Log};
use allhours_projections::{
    error::ProjectionError,
    intakes::{self, Waiting},
};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{newest, rounds};
use crate::{
    clock,
    desk::{AnyRefusal, CommandContext, CommandError, Desk, stream_of},
};

/// The event that makes a delivery wait for a person.
const PARKED: &str = "intake.parked";
/// How many are discarded before the projection is asked again.
const PAGE: usize = 100;
/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Discards what was received more than so many days ago and still waits, until `stop`; nothing
/// where that is none.
pub async fn run<L: Log>(desk: Desk<L>, database: Database, days: u32, stop: CancellationToken) {
    if days == 0 {
        return;
    }
    let round = async || {
        if let Err(error) = look(&desk, &database, days).await {
            tracing::warn!(%error, "what waits for a person can't be read; trying again");
        }
        LOOK_EVERY
    };
    rounds(&stop, round).await;
}

/// Discards what is due now, at most a page of it.
async fn look<L: Log>(
    desk: &Desk<L>,
    database: &Database,
    days: u32,
) -> Result<(), ProjectionError> {
    let Some(before) = days_before(clock::now(), days) else { return Ok(()) };
    let due = {
        let client = database.owner().await?;
        intakes::parked_before(&client, before, PAGE).await?
    };
    for waiting in &due {
        match discard(desk, waiting, days).await {
            // A person was faster.
            Ok(()) | Err(CommandError::Refused(_) | CommandError::Stale(_)) => {}
            Err(CommandError::Log(error)) => {
                let intake = waiting.id;
                tracing::warn!(%error, %intake, "could not be discarded; trying again");
            }
        }
    }
    Ok(())
}

/// None where time does not reach back so far.
fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
}

async fn discard<L: Log>(
    desk: &Desk<L>,
    waiting: &Waiting,
    days: u32,
) -> Result<(), CommandError<AnyRefusal>> {
    let asked = format!("discard {} that waited for too long", waiting.id);
    let mut context = CommandContext::now(waiting.tenant_id, Actor::Timer("parked".to_owned()))
        .keyed(&asked)
        .asked(&asked);
    let stream = stream_of::<Intake>(waiting.id);
    if let Some(parked) = newest(desk.log(), waiting.tenant_id, stream, PARKED).await? {
        context = context.caused_by(parked.event_id, parked.correlation_id);
    }
    let reason = Reason::new(format!("nobody took it in for {days} days"));
    let reason = reason.expect("a short sentence is a reason");
    let done = desk.discard(&context, waiting.id, reason, None).await?;
    if !done.repeated {
        metrics::counter!("allhours_parked_discarded_total").increment(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_longer_than_time_reaches_back_is_never_due() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(days_before(now, 90), Some("2026-08-25T12:00:00Z".parse().unwrap()));
        assert_eq!(days_before(now, u32::MAX), None);
    }
}
