//! Process managers: events in, commands out. What they send is derived from what they saw,
//! so that doing it again after a crash changes nothing.

pub mod checkpoints;
pub mod parked;
pub mod snooze;
pub mod unattended;

use std::time::Duration;

use allhours_domain::ids::TenantId;
use allhours_eventstore::{
    error::LogError,
    log::Log,
    recorded::{Recorded, StreamId},
};
use tokio_util::sync::CancellationToken;

/// How many events of a stream are read at once.
const PAGE: usize = 1_000;

/// One round after another until `stop`; each says how long to wait before the next.
async fn rounds<F: Future<Output = Duration>>(stop: &CancellationToken, round: impl Fn() -> F) {
    while !stop.is_cancelled() {
        let pause = round().await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The newest event of this name in a stream: what a reaction answers to.
async fn newest<L: Log>(
    log: &L,
    tenant: TenantId,
    stream: StreamId,
    name: &str,
) -> Result<Option<Recorded>, LogError> {
    let mut newest = None;
    let mut after = 0;
    loop {
        let page = log.load(tenant, stream, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(newest) };
        after = last.version;
        newest = page.into_iter().rfind(|event| event.name == name).or(newest);
    }
}
