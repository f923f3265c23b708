//! How far the projections are, whichever process moves them.

use std::{sync::Arc, time::Duration};

use allhours_eventstore::{database::Database, log::Log, recorded::Position};
use futures_util::future::select_all;
use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};

use crate::{
    error::ProjectionError,
    rows::column,
    runner::status::{self, ProjectionStatus, RunState},
    sql::sql,
};

/// How long to trust this process's own tasks before looking at the checkpoints, which another
/// process may have moved.
const POLL: Duration = Duration::from_millis(25);

/// What one task has seen of its projection.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) state: RunState,
    pub(super) position: Position,
    pub(super) last_error: Option<String>,
}

/// How far the projections are; cheap to clone.
#[derive(Debug, Clone)]
pub struct Progress {
    database: Database,
    seen: Arc<Vec<(&'static str, watch::Receiver<Seen>)>>,
}

impl Progress {
    pub(super) fn new(
        database: Database,
        seen: Vec<(&'static str, watch::Receiver<Seen>)>,
    ) -> Self {
        Self { database, seen: Arc::new(seen) }
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
        self.wait_for_these(&[], position, wait_max).await
    }

    /// Waits until these projections have come to `position` (all of them where none is
    /// named); says whether they did in time.
    ///
    /// # Errors
    ///
    /// An unknown name, or a failure of the database.
    pub async fn wait_for_these(
        &self,
        names: &[&str],
        position: Position,
        wait_max: Duration,
    ) -> Result<bool, ProjectionError> {
        if let Some(unknown) = names.iter().find(|name| self.seen.iter().all(|it| it.0 != **name)) {
            return Err(ProjectionError::Unknown((*unknown).to_owned()));
        }
        let deadline = Instant::now() + wait_max;
        let asked = |name: &str| names.is_empty() || names.contains(&name);
        let mut behind: Vec<_> =
            self.seen.iter().filter(|(name, _)| asked(name)).cloned().collect();
        loop {
            behind.retain(|(_, seen)| seen.borrow().position < position);
            if behind.is_empty() {
                return Ok(true);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(false);
            }
            let any = select_all(behind.iter_mut().map(|(_, seen)| Box::pin(seen.changed())));
            if tokio::time::timeout_at(deadline.min(now + POLL), any).await.is_err() {
                let live = self.live().await?;
                behind.retain(|(name, _)| {
                    live.iter().all(|(other, reached)| other != name || *reached < position)
                });
            }
        }
    }

    async fn live(&self) -> Result<Vec<(String, Position)>, ProjectionError> {
        let client = self.database.owner().await?;
        let statement = client.prepare_cached(sql!("checkpoints/live")).await?;
        let rows = client.query(&statement, &[]).await?;
        rows.iter()
            .map(|row| {
                let name = column(row, "checkpoints", "projection")?;
                Ok((name, column(row, "checkpoints", "position")?))
            })
            .collect()
    }

    /// How every projection does, at the instant `now`.
    ///
    /// # Errors
    ///
    /// A failure of the database or the log.
    pub async fn status(
        &self,
        log: &impl Log,
        now: Timestamp,
    ) -> Result<Vec<ProjectionStatus>, ProjectionError> {
        let seen = self.seen.iter().map(|(name, seen)| (*name, seen.borrow().clone())).collect();
        status::status(&self.database, log, now, seen).await
    }
}
