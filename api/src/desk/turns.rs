//! Commands on one stream take turns within a process, so that they race only with other
//! processes: without it, a busy conversation would refuse writers as fast as it takes them.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use allhours_domain::ids::TenantId;
use allhours_eventstore::recorded::StreamId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Streams that share a lane wait for each other now and then; more lanes, fewer such waits.
const LANES: usize = 1_024;

/// Who is next on each stream.
#[derive(Clone)]
pub(super) struct Turns {
    lanes: Arc<[Arc<Mutex<()>>]>,
    hasher: RandomState,
}

/// A turn on some streams; it ends when this is dropped.
pub(super) struct Turn {
    _lanes: Vec<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        let lanes = (0..LANES).map(|_| Arc::default()).collect();
        Self { lanes, hasher: RandomState::new() }
    }

    /// Waits for a turn on all of these streams. First come, first served.
    pub(super) async fn wait(
        &self,
        tenant: TenantId,
        streams: impl Iterator<Item = StreamId>,
    ) -> Turn {
        let mut lanes: Vec<usize> = streams.map(|stream| self.lane(tenant, stream)).collect();
        // In one order for everybody, so that nobody waits in a circle.
        lanes.sort_unstable();
        lanes.dedup();
        let mut held = Vec::with_capacity(lanes.len());
        for lane in lanes {
            held.push(Arc::clone(&self.lanes[lane]).lock_owned().await);
        }
        Turn { _lanes: held }
    }

    fn lane(&self, tenant: TenantId, stream: StreamId) -> usize {
        let hash = self.hasher.hash_one((tenant.0, stream.id));
        usize::try_from(hash % LANES as u64).expect("below the number of lanes")
    }
}
