//! Signs how large the log is and what its root is, every so often while it grows.

use std::{sync::Arc, time::Duration};

use allhours_eventstore::{
    checkpoint::{self, Checkpoints, note::Signer},
    error::LogError,
};
use tokio_util::sync::CancellationToken;

use super::rounds;

/// Makes checkpoints until `stop`; none where `every` is zero. Several processes may do so: of
/// one size there is one.
pub async fn run<L: Checkpoints>(
    log: L,
    signer: Arc<Signer>,
    every: Duration,
    stop: CancellationToken,
) {
    if every.is_zero() {
        return;
    }
    let round = async || {
        if let Err(error) = sign(&log, &signer).await {
            tracing::warn!(%error, "no checkpoint could be made; trying again later");
        }
        every
    };
    rounds(&stop, round).await;
}

async fn sign<L: Checkpoints>(log: &L, signer: &Signer) -> Result<(), LogError> {
    let head = log.head().await?;
    if head > 0 {
        checkpoint::at(log, signer, head).await?;
    }
    Ok(())
}
