//! Wakes conversations that were put aside, when their time has come.
//!
//! What is due is asked of the projection; waking is a command like any other, whose id is
//! derived from the conversation and the instant, so that a crash in between repeats nothing
//! and several processes wake each one once.

use std::time::Duration;

use allhours_domain::{
    actor::Actor,
    conversation::{Conversation, command},
    words::Cause,
};
use allhours_eventstore::{database::Database, log::Log};
use allhours_projections::{
    conversations::{self, DueSnooze},
    error::ProjectionError,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{newest, rounds};
use crate::{
    clock,
    desk::{CommandContext, CommandError, Desk, stream_of},
};

/// The event that puts a conversation aside.
const SNOOZED: &str = "conversation.snoozed";
/// How many are woken before the projection is asked again.
const PAGE: usize = 100;
/// The longest time between two looks: a snooze that was added meanwhile is that late at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The shortest time between two looks, while the projection takes in what was done.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(20);

/// Wakes what is due until `stop`.
pub async fn run<L: Log>(desk: Desk<L>, database: Database, stop: CancellationToken) {
    let round = async || match look(&desk, &database).await {
        Ok(pause) => pause,
        Err(error) => {
            tracing::warn!(%error, "what is due can't be read; trying again");
            LOOK_EVERY
        }
    };
    rounds(&stop, round).await;
}

/// Wakes what is due now, and says when to look again.
async fn look<L: Log>(desk: &Desk<L>, database: &Database) -> Result<Duration, ProjectionError> {
    let now = clock::now();
    let (due, next) = {
        let client = database.owner().await?;
        let due = conversations::due_snoozes(&client, now, PAGE).await?;
        (due, conversations::next_snooze(&client).await?)
    };
    for snooze in &due {
        wake(desk, snooze, now).await;
    }
    let until_next = next.map(|next| next.duration_since(now));
    let until_next = until_next.and_then(|until| Duration::try_from(until).ok());
    Ok(until_next.unwrap_or(LOOK_EVERY).clamp(LOOK_EVERY_MIN, LOOK_EVERY))
}

/// Wakes one. Whether it could be is not asked twice: it stays due until it was.
async fn wake<L: Log>(desk: &Desk<L>, snooze: &DueSnooze, now: Timestamp) {
    let asked = format!("wake {} due {}", snooze.id, snooze.snoozed_until);
    let mut context = CommandContext::now(snooze.tenant_id, Actor::Timer("snooze".to_owned()))
        .keyed(&asked)
        .asked(&asked);
    let command = command::Wake { cause: Cause::Timer, at: now };
    let stream = stream_of::<Conversation>(snooze.id);
    let woken = match newest(desk.log(), snooze.tenant_id, stream, SNOOZED).await {
        Ok(snoozed) => {
            if let Some(snoozed) = snoozed {
                context = context.caused_by(snoozed.event_id, snoozed.correlation_id);
            }
            desk.execute::<Conversation>(&context, snooze.id.0, command, None).await
        }
        Err(error) => Err(CommandError::Log(error)),
    };
    match woken {
        Ok(done) if done.repeated => {}
        Ok(_) => metrics::counter!("allhours_snoozes_woken_total").increment(1),
        // It was woken, closed or put aside anew meanwhile.
        Err(CommandError::Refused(_) | CommandError::Stale(_)) => {}
        Err(CommandError::Log(error)) => {
            tracing::warn!(%error, conversation = %snooze.id, "could not be woken; trying again");
        }
    }
}
