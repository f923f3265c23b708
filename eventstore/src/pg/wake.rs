//! How readers learn of new events: at once within the process, by a hint and a poll between.
//!
//! The hint (`NOTIFY`) is sent in a transaction of its own, never in an append's: there it
//! would make all commits of the server wait for each other.

use std::time::Duration;

use metrics::{Gauge, gauge};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant, MissedTickBehavior},
};

use crate::{
    database::{Database, Dedicated},
    error::LogError,
    recorded::Position,
    sql,
};

/// How often the head is asked for in any case.
const POLL_MS: u64 = 250;
/// How often other processes get a hint at most.
const HINT_MS: u64 = 20;
/// Hints that may wait to be read; more are worth nothing.
const HINTS_MAX: usize = 16;

/// Sets the position if it is higher than the one known.
pub(super) fn raise(grown: &watch::Sender<Position>, position: Position) {
    grown.send_if_modified(|known| {
        let higher = *known < position;
        *known = position.max(*known);
        higher
    });
}

/// The head of the log as far as this process knows it: readers wake by it, and a figure shows
/// it, whoever wrote what came.
#[derive(Debug, Clone)]
pub(super) struct Grown {
    known: watch::Sender<Position>,
    figure: Gauge,
}

impl Grown {
    pub(super) fn new(head: Position) -> Self {
        let grown =
            Self { known: watch::Sender::new(0), figure: gauge!("allhours_log_head_position") };
        grown.raise(head);
        grown
    }

    /// Sets the position if it is higher than the one known.
    pub(super) fn raise(&self, position: Position) {
        self.known.send_if_modified(|known| {
            let higher = *known < position;
            if higher {
                *known = position;
                // While the position is locked, so that a lower one never comes after.
                #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events")]
                self.figure.set(position as f64);
            }
            higher
        });
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Position> {
        self.known.subscribe()
    }
}

/// The task that keeps `grown` current.
pub(super) struct Wake {
    database: Database,
    grown: Grown,
    written: watch::Receiver<Position>,
}

impl Wake {
    /// `written`: what this process has appended, and others shall hear of.
    pub(super) fn new(
        database: Database,
        grown: Grown,
        written: watch::Receiver<Position>,
    ) -> Self {
        Self { database, grown, written }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.listen().await {
                tracing::warn!(%error, "no longer hears of new events of other processes");
            }
            time::sleep(Duration::from_millis(POLL_MS)).await;
        }
    }

    /// Listens on one connection until it fails.
    async fn listen(&mut self) -> Result<(), LogError> {
        let (hints, mut heard) = mpsc::channel(HINTS_MAX);
        let connection = self.database.dedicated_with(Some(hints)).await?;
        let session: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&"off", &"3000"];
        connection.client.query_one(sql::LOG_APPENDER_SESSION, &session).await?;
        connection.client.batch_execute(sql::LOG_LISTEN).await?;
        let newest = connection.client.prepare(sql::LOG_HEAD).await?;
        let notify = connection.client.prepare(sql::LOG_NOTIFY).await?;
        let mut poll = time::interval(Duration::from_millis(POLL_MS));
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hint_from = Instant::now();
        loop {
            tokio::select! {
                hint = heard.recv() => match hint {
                    Some(hint) => if let Ok(position) = hint.payload().parse() {
                        self.grown.raise(position);
                    },
                    None => return Ok(()),
                },
                _ = poll.tick() => {
                    let row = connection.client.query_one(&newest, &[]).await?;
                    self.grown.raise(row.get(0));
                }
                written = written_after(&mut self.written, hint_from) => {
                    let Some(position) = written else { std::future::pending().await };
                    hint_from = Instant::now() + Duration::from_millis(HINT_MS);
                    self.hint(&connection, &notify, position).await?;
                }
            }
        }
    }

    async fn hint(
        &self,
        connection: &Dedicated,
        notify: &tokio_postgres::Statement,
        position: Position,
    ) -> Result<(), LogError> {
        connection.client.query_one(notify, &[&position.to_string()]).await?;
        Ok(())
    }
}

/// The newest position written, once there is one that was not seen, and not before `from`;
/// `None` where nothing will be written any more.
async fn written_after(written: &mut watch::Receiver<Position>, from: Instant) -> Option<Position> {
    time::sleep_until(from).await;
    written.changed().await.ok()?;
    Some(*written.borrow_and_update())
}
