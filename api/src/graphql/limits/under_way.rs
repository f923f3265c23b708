//! How much may be carried out at once. What a document reads is held until its answer is written,
//! so that what all together hold follows from what they cost.

use std::{sync::Arc, time::Duration};

use metrics::{Gauge, gauge};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::Denied;
use crate::graphql::error::Code;

/// How long a document waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// What is carried out in this process.
#[derive(Debug, Clone)]
pub struct UnderWay {
    cost: Arc<Semaphore>,
    cost_max: u32,
    wait_max: Duration,
}

/// The part of one document, until it is dropped.
#[derive(Debug)]
pub struct Part {
    _cost: OwnedSemaphorePermit,
    _told: Told,
}

/// What is told at `/metrics`.
#[derive(Debug)]
struct Told(f64);

impl Told {
    fn gauge() -> Gauge {
        gauge!("allhours_graphql_cost_under_way")
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        Self::gauge().decrement(self.0);
    }
}

impl UnderWay {
    /// Nothing yet; documents of `cost_max` together may run at once.
    #[must_use]
    pub fn new(cost_max: u64) -> Self {
        let permits = usize::try_from(cost_max).unwrap_or(usize::MAX);
        let permits = permits.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        let cost_max = u32::try_from(permits).unwrap_or(u32::MAX);
        Self { cost: Arc::new(Semaphore::new(permits)), cost_max, wait_max: WAIT_MAX }
    }

    /// Waits for a document's turn, in the order of asking. One that costs more than may run at
    /// once runs alone.
    pub(in crate::graphql) async fn begin(&self, cost: u64) -> Result<Part, Denied> {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX).min(self.cost_max);
        let turn = Arc::clone(&self.cost).acquire_many_owned(cost);
        match time::timeout(self.wait_max, turn).await {
            Ok(Ok(permit)) => {
                Told::gauge().increment(f64::from(cost));
                Ok(Part { _cost: permit, _told: Told(f64::from(cost)) })
            }
            Ok(Err(_)) | Err(_) => {
                let message = "more is being read than fits; try again in a moment".to_owned();
                Err(Denied(Code::Unavailable, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn documents_run_together_up_to_their_cost_and_wait_in_order_but_not_for_ever() {
        let under_way = UnderWay::new(10);
        let (first, second) = (under_way.begin(6).await, under_way.begin(4).await);
        let first = first.expect("there is room");
        let second = second.expect("there is room still");
        let impatient = UnderWay { wait_max: Duration::from_millis(20), ..under_way.clone() };
        let denied = impatient.begin(1).await.expect_err("there is none");
        assert!(matches!(denied, Denied(Code::Unavailable, _)));

        let large = tokio::spawn({
            let under_way = under_way.clone();
            async move { under_way.begin(1_000).await }
        });
        tokio::task::yield_now().await;
        drop(second);
        let small = tokio::spawn(async move { under_way.begin(1).await.map(drop) });
        tokio::task::yield_now().await;
        assert!(!small.is_finished(), "the large one came first");
        drop(first);
        let large = large.await.expect("it ran").expect("alone");
        assert!(!small.is_finished());
        drop(large);
        small.await.expect("it ran").expect("at last");
    }
}
