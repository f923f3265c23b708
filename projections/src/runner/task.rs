//! What one projection's task does: batch by batch, until it is told to stop.

use std::{sync::Arc, time::Duration};

use allhours_eventstore::{
    database::Database,
    log::Log,
    recorded::{Position, Recorded},
    tail::Tail,
};
use futures_util::future::OptionFuture;
use tokio::{sync::watch, time::Instant};
use tokio_postgres::types::ToSql;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{Batch, Letter, move_checkpoint, told},
    connection::Connection,
    error::ProjectionError,
    fold::{Fold, PoisonPolicy, Projection},
    generations::schema,
    rebuild,
    rows::column,
    runner::{
        RunState, RunnerOptions,
        measures::Moved,
        place::{Live, Place},
        progress::Seen,
        turn::Turn,
    },
    sql::sql,
};

/// How long to leave the work to the process that holds it.
const STANDBY: Duration = Duration::from_millis(20);

/// One projection's task.
pub(super) struct Task<L> {
    projection: &'static Projection,
    database: Database,
    tail: Tail<L>,
    options: RunnerOptions,
    seen: watch::Sender<Seen>,
    grown: watch::Receiver<Position>,
    stop: CancellationToken,
    fold: Box<dyn Fold>,
    connection: Option<Connection>,
    generation: Option<i32>,
    place: Place,
    /// Read while the batch before was applied.
    ahead: Option<(Position, Vec<Arc<Recorded>>)>,
    failures: u32,
    /// Up to here one event at a time, to find the one that fails.
    singly_until: Position,
    /// The last event of the batch that was tried last.
    tried: Position,
    /// The event that fails, and why.
    poison: Option<(Position, String)>,
}

impl<L: Log> Task<L> {
    pub(super) fn new(
        projection: &'static Projection,
        database: Database,
        tail: Tail<L>,
        options: RunnerOptions,
        seen: watch::Sender<Seen>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            projection,
            database,
            grown: tail.heads(),
            tail,
            options,
            seen,
            stop,
            fold: (projection.fold)(),
            connection: None,
            generation: None,
            place: Place::unknown(),
            ahead: None,
            failures: 0,
            singly_until: 0,
            tried: 0,
            poison: None,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            match self.turn().await {
                Ok(Turn::Moved) => self.seems(RunState::Following),
                Ok(Turn::Idle) => {
                    self.seems(RunState::Following);
                    self.wait_for_events().await;
                }
                Ok(Turn::Held) => {
                    self.seems(RunState::Standby);
                    self.pause(STANDBY).await;
                }
                Ok(Turn::Older) => self.build_anew().await,
                Ok(Turn::Newer) => {
                    self.report(RunState::Halted, "its tables belong to a newer program");
                    self.pause(self.options.retry_max).await;
                }
                Err(error) => self.failed(error).await,
            }
        }
        self.note_last().await;
        self.seen.send_modify(|seen| seen.state = RunState::Stopped);
    }

    /// Leaves the checkpoint where the rows are: a second turn where the first found another
    /// generation.
    async fn note_last(&mut self) {
        for _ in 0..2 {
            if !self.place.is_ahead() && self.place.position >= self.tail.head() {
                return;
            }
            if let Err(error) = self.turn().await {
                tracing::debug!(%error, "a checkpoint stays behind");
                return;
            }
        }
    }

    /// Reads and applies one batch.
    async fn turn(&mut self) -> Result<Turn, ProjectionError> {
        let connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => {
                self.generation = None;
                self.doubts();
                Connection::following(&self.database).await?
            }
        };
        let turned = self.turn_on(&connection).await;
        if turned.is_ok() {
            self.connection = Some(connection);
        }
        turned
    }

    async fn turn_on(&mut self, connection: &Connection) -> Result<Turn, ProjectionError> {
        if self.generation.is_none() {
            return self.find_place(connection).await;
        }
        let Some(batch) = self.batch().await? else { return Ok(Turn::Idle) };
        let started = Instant::now();
        let Some(last) = batch.last() else { return Ok(Turn::Idle) };
        if !batch.concerns(self.projection) && !self.place.has_to_be_noted(&self.stop) {
            let position = last.position;
            self.moved(position, None, started);
            self.place.pass(position, batch);
            return Ok(Turn::Moved);
        }
        self.tried = last.position;
        let name: [&(dyn ToSql + Sync); 1] = [&self.projection.name];
        let (begun, locked) = tokio::join!(
            connection.run("begin"),
            connection.query(sql!("checkpoints/lock"), &name),
        );
        begun?;
        let live = locked?.first().map(Live::read).transpose()?;
        let ours = live.as_ref().is_some_and(|live| {
            Some(live.generation) == self.generation && live.position == self.place.noted
        });
        if !ours {
            connection.run("rollback").await?;
            let held = live.is_none();
            let found = self.find_place(connection).await?;
            return Ok(if held && matches!(found, Turn::Idle) { Turn::Held } else { found });
        }
        let age_seconds = self.apply(connection, &batch, last).await?;
        self.moved(last.position, Some(age_seconds), started);
        self.place.note(last.position);
        Ok(Turn::Moved)
    }

    /// What is to be done next; where there is nothing new, to note how far this is.
    async fn batch(&mut self) -> Result<Option<Batch>, ProjectionError> {
        let events = match self.ahead.take() {
            Some((after, events)) if after == self.place.position => events,
            _ if self.tail.head() <= self.place.position => {
                return Ok(if self.place.has_to_be_noted(&self.stop) {
                    self.place.take_unnoted()
                } else {
                    None
                });
            }
            _ => {
                self.place.gather(&self.stop).await;
                self.tail.after(self.place.position, self.limit()).await?
            }
        };
        Ok(Some(Batch::decode(events, |stream_type| self.projection.folds(stream_type))))
    }

    /// Until the checkpoint is read again, nobody is told that rows are there: a server that
    /// crashed may have taken back what it had not yet written down.
    fn doubts(&self) {
        self.seen.send_modify(|seen| seen.position = 0);
    }

    /// Applies a batch and commits, and reads the next page meanwhile.
    async fn apply(
        &mut self,
        connection: &Connection,
        batch: &Batch,
        last: &Recorded,
    ) -> Result<f64, ProjectionError> {
        let (limit, full) = (self.limit(), batch.len() >= self.limit());
        let parked = self.parked(last);
        let projection = self.projection;
        let generation = self.generation.unwrap_or_default();
        let fold = self.fold.as_mut();
        let applied = async {
            let letters = match parked {
                Some(letter) => vec![letter],
                None => batch.apply(projection, fold, connection).await?,
            };
            for letter in &letters {
                tracing::error!(
                    projection = projection.name,
                    position = letter.position,
                    why = letter.why,
                    "went on without an event"
                );
            }
            let age = move_checkpoint(connection, projection, generation, last, &letters).await?;
            connection.run("commit").await?;
            Ok::<_, ProjectionError>(age)
        };
        let next = async {
            let more = full && self.tail.head() > last.position;
            if more { self.tail.after(last.position, limit).await.ok() } else { None }
        };
        let (applied, next) = tokio::join!(applied, next);
        for table in self.fold.tables() {
            table.forget();
        }
        self.ahead = next.map(|events| (last.position, events));
        applied
    }

    /// Learns which generation is live and how far it is, perhaps by another process.
    async fn find_place(&mut self, connection: &Connection) -> Result<Turn, ProjectionError> {
        let mut live = None;
        for row in connection.query(sql!("checkpoints/live"), &[]).await? {
            if column::<String>(&row, "checkpoints", "projection")? == self.projection.name {
                live = Some(Live::read(&row)?);
            }
        }
        let Some(live) = live else {
            return Err(ProjectionError::Superseded("it has no live generation"));
        };
        if live.version < self.projection.version {
            return Ok(Turn::Older);
        }
        if live.version > self.projection.version {
            return Ok(Turn::Newer);
        }
        // Where nobody moved the checkpoint, what was passed since then still holds.
        let moved = Some(live.generation) != self.generation || live.position != self.place.noted;
        if Some(live.generation) != self.generation {
            connection.work_in(&schema(self.projection.name, live.generation)).await?;
            self.generation = Some(live.generation);
        }
        if moved {
            self.place.note(live.position);
        }
        let position = self.place.position;
        self.seen.send_modify(|seen| seen.position = position);
        Ok(if moved { Turn::Moved } else { Turn::Idle })
    }

    fn limit(&self) -> usize {
        if self.place.position < self.singly_until { 1 } else { self.options.batch_events_max }
    }

    /// The letter for this event, if it is the one that was found to fail.
    fn parked(&mut self, last: &Recorded) -> Option<Letter> {
        let (_, why) = self.poison.take_if(|(position, _)| *position == last.position)?;
        Some(Letter::new(last, why))
    }

    fn moved(&mut self, position: Position, age_seconds: Option<f64>, started: Instant) {
        let moved = Moved { from: self.place.position, to: position, head: *self.grown.borrow() };
        moved.measure(self.projection.name, age_seconds, started);
        self.failures = 0;
        self.seen.send_modify(|seen| {
            seen.position = position;
            seen.last_error = None;
        });
    }

    fn seems(&self, state: RunState) {
        self.seen.send_if_modified(|seen| {
            let changed = seen.state != state;
            seen.state = state;
            changed
        });
    }

    fn report(&self, state: RunState, why: &str) {
        self.seen.send_modify(|seen| {
            seen.state = state;
            seen.last_error = Some(why.to_owned());
        });
    }

    async fn failed(&mut self, error: ProjectionError) {
        let why = told(&error);
        metrics::counter!("allhours_projection_failures_total",
            "projection" => self.projection.name)
        .increment(1);
        // Whatever is in memory or was read ahead belongs to the batch that failed.
        self.ahead = None;
        self.doubts();
        for table in self.fold.tables() {
            table.forget();
        }
        if error.is_transient() {
            tracing::warn!(projection = self.projection.name, why, "a projection tries again");
            self.report(RunState::Retrying, &why);
            let wait = self.options.retry_min.saturating_mul(1 << self.failures.min(16));
            self.failures += 1;
            self.pause(wait.min(self.options.retry_max)).await;
            return;
        }
        let alone = self.place.position < self.singly_until;
        if !alone && !matches!(error, ProjectionError::Poison { .. }) {
            let events = i64::try_from(self.options.batch_events_max).unwrap_or(i64::MAX);
            self.singly_until = self.place.position.saturating_add(events);
        } else if alone
            && self.projection.poison == PoisonPolicy::Park
            && self.tried > self.place.position
        {
            self.poison = Some((self.tried, why));
        } else {
            tracing::error!(projection = self.projection.name, why, "a projection stopped");
            self.report(RunState::Halted, &why);
            self.pause(self.options.retry_max).await;
        }
    }

    /// Rebuilds for this version of the program; another process may be doing so already.
    async fn build_anew(&mut self) {
        self.seems(RunState::Rebuilding);
        let names = [self.projection.name];
        let log = self.tail.log();
        let mut quiet = |_| {};
        let rebuilt = tokio::select! {
            rebuilt = rebuild::rebuild(&self.database, log, &names, &mut quiet) => rebuilt,
            () = self.stop.cancelled() => return,
        };
        self.generation = None;
        if let Err(error) = rebuilt {
            let why = told(&error);
            tracing::warn!(projection = self.projection.name, why, "no rebuild");
            self.report(RunState::Rebuilding, &why);
            self.pause(self.options.retry_max).await;
        }
    }

    async fn wait_for_events(&mut self) {
        let ended = OptionFuture::from(self.connection.as_ref().map(Connection::ended));
        tokio::select! {
            () = self.stop.cancelled() => {}
            Some(()) = ended => self.doubts(),
            grown = self.grown.changed() => {
                // The log of a process that is stopping grows no more.
                if grown.is_err() {
                    tokio::time::sleep(self.options.poll).await;
                }
            }
            () = tokio::time::sleep(self.options.poll) => {}
        }
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
