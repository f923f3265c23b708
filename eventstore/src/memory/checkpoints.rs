//! Checkpoints in memory.

use super::MemoryLog;
use crate::{
    checkpoint::{Checkpoints, Kept},
    error::LogError,
    merkle::Hash,
    recorded::Position,
};

impl Checkpoints for MemoryLog {
    async fn leaves(&self, after: Position, limit: usize) -> Result<Vec<Hash>, LogError> {
        let after = usize::try_from(after).unwrap_or(0);
        let state = self.state();
        Ok(state.events.iter().skip(after).take(limit).map(|event| event.leaf_hash).collect())
    }

    async fn checkpoint_up_to(&self, size: Position) -> Result<Option<Kept>, LogError> {
        let state = self.state();
        Ok(state.checkpoints.range(..=size).next_back().map(|(_, kept)| kept.clone()))
    }

    async fn keep_checkpoint(&self, kept: &Kept) -> Result<(), LogError> {
        self.state().checkpoints.entry(kept.size).or_insert_with(|| kept.clone());
        Ok(())
    }
}
