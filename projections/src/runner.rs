//! Keeps every projection current: one task each, at its own pace.
//!
//! Read `task` (what one does, batch by batch), `progress` (how to wait for a position), then
//! `status` (what operators see). Each batch locks its checkpoint first and moves it in the
//! transaction that holds its rows, so that several processes may share the work and nothing
//! is applied twice.

mod dead_letters;
mod measures;
mod place;
mod progress;
mod status;
mod task;
mod turn;

use std::time::Duration;

use allhours_eventstore::{database::Database, log::Log, recorded::Position, tail::Tail};
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::{
    dead_letters::{DeadLetter, DeadLetterKey, dead_letters},
    progress::Progress,
    status::{ProjectionStatus, RunState},
};
use self::{progress::Seen, task::Task};
use crate::{error::ProjectionError, fold::ALL, generations};

/// How projections are kept current.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// The most events of one batch.
    pub batch_events_max: usize,
    /// How long a projection without work waits before it looks by itself.
    pub poll: Duration,
    /// How long it waits after the first failure; twice as long after each further one.
    pub retry_min: Duration,
    /// The longest it waits between two tries.
    pub retry_max: Duration,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            batch_events_max: 1_000,
            poll: Duration::from_millis(250),
            retry_min: Duration::from_millis(50),
            retry_max: Duration::from_secs(10),
        }
    }
}

/// The tasks that keep the projections current; stop it before dropping it.
#[derive(Debug)]
pub struct Runner<L> {
    log: L,
    progress: Progress,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl<L: Log> Runner<L> {
    /// Makes the read tables that are missing, and starts. Tables of an older version of the
    /// program are built anew beside the old ones, which stay readable until then.
    ///
    /// # Errors
    ///
    /// The database is away, or was not migrated.
    pub async fn start(
        database: Database,
        log: L,
        options: RunnerOptions,
    ) -> Result<Self, ProjectionError> {
        Self::follow(database, Tail::start(log).await?, options).await
    }

    /// The same, with a tail of the log that others follow as well.
    ///
    /// # Errors
    ///
    /// The database is away, or was not migrated.
    pub async fn follow(
        database: Database,
        tail: Tail<L>,
        options: RunnerOptions,
    ) -> Result<Self, ProjectionError> {
        generations::prepare(&database).await?;
        let stop = CancellationToken::new();
        let mut seen = Vec::new();
        let mut tasks = Vec::new();
        for projection in ALL {
            measures::begin(projection.name);
            let sender = tokio::sync::watch::Sender::new(Seen::default());
            seen.push((projection.name, sender.subscribe()));
            let task = Task::new(
                projection,
                database.clone(),
                tail.clone(),
                options.clone(),
                sender,
                stop.clone(),
            );
            tasks.push(tokio::spawn(task.run()));
        }
        let progress = Progress::new(database, seen);
        Ok(Self { log: tail.log().clone(), progress, stop, tasks })
    }

    /// How far the projections are, to be waited for.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Waits until every projection has come to `position`; says whether they did in time.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn wait_for(
        &self,
        position: Position,
        wait_max: Duration,
    ) -> Result<bool, ProjectionError> {
        self.progress.wait_for(position, wait_max).await
    }

    /// How every projection does, at the instant `now`.
    ///
    /// # Errors
    ///
    /// A failure of the database or the log.
    pub async fn status(&self, now: Timestamp) -> Result<Vec<ProjectionStatus>, ProjectionError> {
        self.progress.status(&self.log, now).await
    }

    /// Ends every task after the batch it is at.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a projection's task ended early");
            }
        }
    }
}
