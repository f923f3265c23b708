//! The one task of a process that appends: it gathers all that queued while the last commits
//! ran into one transaction. No timer, no delay: batching comes from the queue alone.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    time::Duration,
};

use allhours_domain::ids::TenantId;
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use metrics::{Counter, Histogram, counter, histogram};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{self, Instant},
};
use tokio_postgres::{
    Error, Statement,
    error::{Severity, SqlState},
};
use uuid::Uuid;

use super::{
    PgLogOptions,
    batch::{Columns, Outcomes, outcomes},
    wake::{self, Grown},
};
use crate::{
    append::Receipt,
    database::{Database, Dedicated},
    error::LogError,
    prepare::Prepared,
    recorded::Position,
    sql,
};

/// How long to wait before the next try where no connection could be made.
const RECONNECT_WAIT: Duration = Duration::from_millis(100);

/// An append that waits, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub prepared: Prepared,
    pub taken_at: Instant,
    pub answer: oneshot::Sender<Result<Receipt, LogError>>,
}

/// The appending task.
pub(super) struct Appender {
    database: Database,
    options: PgLogOptions,
    grown: Grown,
    written: watch::Sender<Position>,
    figures: Figures,
}

struct Figures {
    batch_commands: Histogram,
    wait_seconds: Histogram,
    commit_seconds: Histogram,
    conflicts: Counter,
    repeated: Counter,
    unknown: Counter,
}

impl Figures {
    fn new() -> Self {
        Self {
            batch_commands: histogram!("allhours_log_batch_commands"),
            wait_seconds: histogram!("allhours_log_append_wait_seconds"),
            commit_seconds: histogram!("allhours_log_commit_seconds"),
            conflicts: counter!("allhours_log_conflicts_total"),
            repeated: counter!("allhours_log_repeated_commands_total"),
            unknown: counter!("allhours_log_unknown_outcomes_total"),
        }
    }
}

/// Whether the connection is still good after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Good,
    Lost,
}

impl Appender {
    /// `grown` is raised for readers in this process, `written` for hints to others.
    pub(super) fn new(
        database: Database,
        options: PgLogOptions,
        grown: Grown,
        written: watch::Sender<Position>,
    ) -> Self {
        Self { database, options, grown, written, figures: Figures::new() }
    }

    /// Runs until nobody can queue any more and all that queued is answered.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Job>) {
        let mut waiting = VecDeque::new();
        while wait_for_work(&mut queue, &mut waiting).await {
            match self.connect().await {
                Ok((connection, append)) => {
                    self.serve(&connection, &append, &mut queue, &mut waiting).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection to append by");
                    fill(&mut queue, &mut waiting, self.options.waiting_max);
                    for job in waiting.drain(..) {
                        answer(job, Err(LogError::Busy));
                    }
                    time::sleep(RECONNECT_WAIT).await;
                }
            }
        }
    }

    async fn connect(&self) -> Result<(Dedicated, Statement), LogError> {
        let connection = self.database.dedicated().await?;
        let durable = if self.options.durable { "on" } else { "off" };
        let lock_wait = self.options.lock_wait_max.as_millis().to_string();
        connection.client.query_one(sql::LOG_APPENDER_SESSION, &[&durable, &lock_wait]).await?;
        let append = connection.client.prepare(sql::LOG_APPEND).await?;
        self.wait_for_standby(&connection).await?;
        Ok((connection, append))
    }

    /// Waits until a standby that commits have to wait for has everything up to now. What an
    /// earlier connection left unknown may be committed here and not there, and a retry only
    /// reads: it would be acknowledged before it is safe.
    async fn wait_for_standby(&self, connection: &Dedicated) -> Result<(), LogError> {
        let written = connection.client.query_one(sql::LOG_BARRIER, &[]);
        match time::timeout(self.options.commit_wait_max, written).await {
            Ok(Ok(_)) if !connection.gave_up_replication() => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) | Err(_) => Err(LogError::Unknown(None)),
        }
    }

    /// Appends by one connection until it is lost or nothing can come any more.
    async fn serve(
        &self,
        connection: &Dedicated,
        append: &Statement,
        queue: &mut mpsc::Receiver<Job>,
        waiting: &mut VecDeque<Job>,
    ) {
        let mut flights = FuturesOrdered::new();
        let mut open = true;
        while open || !flights.is_empty() {
            let room = flights.len() < self.options.batches_in_flight_max;
            tokio::select! {
                // First, so that a batch just queued is sent before the next one is gathered.
                biased;
                Some(line) = flights.next(), if !flights.is_empty() => {
                    // What else is in flight on a lost connection ends as it does.
                    open &= line == Line::Good;
                }
                more = wait_for_work(queue, waiting), if open && room => {
                    if more {
                        fill(queue, waiting, self.options.batch_commands_max);
                        let batch = gather(waiting, self.options.batch_commands_max);
                        flights.push_back(self.fly(connection, append, batch));
                    } else {
                        open = false;
                    }
                }
            }
        }
    }

    /// Writes a batch and answers its commands.
    async fn fly(&self, connection: &Dedicated, append: &Statement, batch: Vec<Job>) -> Line {
        self.figures.batch_commands.record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        for job in &batch {
            self.figures.wait_seconds.record(job.taken_at.elapsed());
        }
        match self.send(connection, append, &batch).await {
            Ok(outcomes) => {
                self.settle(batch, outcomes);
                Line::Good
            }
            Err(Failure::NotWritten(error)) => self.refused(connection, append, batch, error).await,
            Err(Failure::Unknown(mut error)) => {
                tracing::warn!(error = ?error, commands = batch.len(), "the outcome is unknown");
                self.figures.unknown.increment(batch.len() as u64);
                for job in batch {
                    answer(job, Err(LogError::Unknown(error.take())));
                }
                Line::Lost
            }
        }
    }

    /// One command that the database refuses must not fail the others.
    async fn refused(
        &self,
        connection: &Dedicated,
        append: &Statement,
        mut batch: Vec<Job>,
        error: Error,
    ) -> Line {
        let locked_out = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if locked_out {
            for job in batch {
                answer(job, Err(LogError::Busy));
            }
            return Line::Good;
        }
        if batch.len() == 1
            && let Some(job) = batch.pop()
        {
            answer(job, Err(LogError::Database(error)));
            return Line::Good;
        }
        tracing::warn!(%error, "a batch was refused; its commands are tried one by one");
        let mut line = Line::Good;
        for job in batch {
            line = Box::pin(self.fly(connection, append, vec![job])).await;
        }
        line
    }

    fn send(
        &self,
        connection: &Dedicated,
        append: &Statement,
        batch: &[Job],
    ) -> impl Future<Output = Result<Outcomes, Failure>> {
        let begun = Instant::now();
        async move {
            let prepared = || batch.iter().map(|job| &job.prepared);
            let columns = Columns::of(prepared());
            let parameters = columns.parameters();
            let written = connection.client.query_one(append, &parameters);
            let row = match time::timeout(self.options.commit_wait_max, written).await {
                Ok(Ok(row)) => row,
                Ok(Err(error)) if surely_not_written(&error) => {
                    return Err(Failure::NotWritten(error));
                }
                Ok(Err(error)) => return Err(Failure::Unknown(Some(error))),
                Err(_) => return Err(Failure::Unknown(None)),
            };
            if connection.gave_up_replication() {
                return Err(Failure::Unknown(None));
            }
            self.figures.commit_seconds.record(begun.elapsed());
            outcomes(&row, prepared()).map_err(|error| Failure::Unknown(Some(error)))
        }
    }

    fn settle(&self, batch: Vec<Job>, outcomes: Outcomes) {
        for (job, outcome) in batch.into_iter().zip(outcomes.answers) {
            match &outcome {
                Ok(receipt) if receipt.repeated => self.figures.repeated.increment(1),
                Err(LogError::Conflict { .. }) => self.figures.conflicts.increment(1),
                Ok(_) | Err(_) => {}
            }
            answer(job, outcome);
        }
        self.grown.raise(outcomes.head);
        wake::raise(&self.written, outcomes.head);
    }
}

/// Why a batch has no outcomes.
enum Failure {
    /// The server rolled it back.
    NotWritten(Error),
    /// It may have been committed.
    Unknown(Option<Error>),
}

/// Whether this error is a server's word that it rolled the transaction back. What ends the
/// connection is not: it may come after the commit.
fn surely_not_written(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| error.parsed_severity() == Some(Severity::Error))
}

fn answer(job: Job, answer: Result<Receipt, LogError>) {
    // Where the caller has gone away, nobody waits for the answer; a retry will find it.
    let _ = job.answer.send(answer);
}

/// Waits until there is a job; false where there will be none any more.
async fn wait_for_work(queue: &mut mpsc::Receiver<Job>, waiting: &mut VecDeque<Job>) -> bool {
    if waiting.is_empty() {
        match queue.recv().await {
            Some(job) => waiting.push_back(job),
            None => return false,
        }
    }
    true
}

/// Takes what is queued, until `jobs_max` wait here.
fn fill(queue: &mut mpsc::Receiver<Job>, waiting: &mut VecDeque<Job>, jobs_max: usize) {
    while waiting.len() < jobs_max
        && let Ok(job) = queue.try_recv()
    {
        waiting.push_back(job);
    }
}

/// Takes the next batch: in order, no command id twice, no stream twice but where all only look at
/// it; what deletes is alone.
fn gather(waiting: &mut VecDeque<Job>, commands_max: usize) -> Vec<Job> {
    if waiting.front().is_some_and(|job| job.prepared.deletes()) {
        return waiting.pop_front().into_iter().collect();
    }
    let mut batch = Vec::with_capacity(waiting.len().min(commands_max));
    let mut later = VecDeque::new();
    // What is taken, and whether it is written.
    let mut taken: HashMap<(TenantId, Uuid), bool> = HashMap::with_capacity(waiting.len() * 2);
    while let Some(job) = waiting.pop_front() {
        let command = &job.prepared;
        let streams = || command.streams.iter().map(|part| (part.stream.id, part.events > 0));
        let keys = || {
            let all = streams().chain([(command.command_id.0, true)]);
            all.map(|(id, written)| ((command.tenant, id), written))
        };
        let clashes =
            keys().any(|(key, written)| taken.get(&key).is_some_and(|other| *other || written));
        // Also where it waits: what comes later on the same stream must not overtake it.
        for (key, written) in keys() {
            *taken.entry(key).or_default() |= written;
        }
        if clashes || command.deletes() || batch.len() == commands_max {
            later.push_back(job);
        } else {
            batch.push(job);
        }
    }
    *waiting = later;
    batch
}
