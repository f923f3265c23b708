//! How far a task is: in the rows, and as its checkpoint says.

use std::time::Duration;

use allhours_eventstore::recorded::Position;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{batch::Batch, error::ProjectionError, rows::column};

/// How long a checkpoint may stay behind where no row changed.
const NOTE_AFTER: Duration = Duration::from_millis(200);

/// How long events gather where one batch follows another: a batch of many costs hardly more
/// than a batch of one.
const GATHER: Duration = Duration::from_millis(40);

/// The live generation, as its checkpoint says.
pub(super) struct Live {
    pub(super) generation: i32,
    pub(super) version: i32,
    pub(super) position: Position,
}

impl Live {
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, ProjectionError> {
        Ok(Self {
            generation: column(row, "checkpoints", "generation")?,
            version: column(row, "checkpoints", "version")?,
            position: column(row, "checkpoints", "position")?,
        })
    }
}

/// How far a task is. Events that change no row move it without a word to the checkpoint, which
/// follows with the next one that does, or soon.
pub(super) struct Place {
    /// All events up to this one are in the rows, or change none.
    pub(super) position: Position,
    /// Where the checkpoint stands.
    pub(super) noted: Position,
    noted_at: Instant,
    /// The newest events that changed no row, while the checkpoint is behind.
    unnoted: Option<Batch>,
}

impl Place {
    pub(super) fn unknown() -> Self {
        Self { position: 0, noted: 0, noted_at: Instant::now(), unnoted: None }
    }

    /// Goes on without a word to the checkpoint.
    pub(super) fn pass(&mut self, position: Position, batch: Batch) {
        self.position = position;
        self.unnoted = Some(batch);
    }

    /// The checkpoint says so.
    pub(super) fn note(&mut self, position: Position) {
        self.position = position;
        self.noted = position;
        self.noted_at = Instant::now();
        self.unnoted = None;
    }

    /// Waits until the batch before is old enough for another one.
    pub(super) async fn gather(&self, stop: &CancellationToken) {
        let _ = stop.run_until_cancelled(sleep_until(self.noted_at + GATHER)).await;
    }

    /// Whether the checkpoint may be behind no longer.
    pub(super) fn has_to_be_noted(&self, stop: &CancellationToken) -> bool {
        self.noted_at.elapsed() >= NOTE_AFTER || stop.is_cancelled()
    }

    /// Whether the checkpoint is behind.
    pub(super) fn is_ahead(&self) -> bool {
        self.unnoted.is_some()
    }

    /// What the checkpoint has not been told.
    pub(super) fn take_unnoted(&mut self) -> Option<Batch> {
        self.unnoted.take()
    }
}
