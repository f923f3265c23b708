//! The log in PostgreSQL.
//!
//! Read `batch` (what is sent for a batch of commands), `appender` (the one task of a process
//! that sends them), `read` (how events come back), `wake` (how readers learn of new events).

mod appender;
mod batch;
pub(crate) mod checkpoints;
pub(crate) mod key_rows;
mod read;
mod rotate;
pub(crate) mod row;
mod wake;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use allhours_domain::ids::{CommandId, TenantId};
use deadpool_postgres::Object;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use self::rotate::Rotated;
use self::{
    appender::{Appender, Job},
    key_rows::PgKeyRows,
    wake::{Grown, Wake},
};
use crate::{
    append::{Append, Receipt},
    database::{Database, DatabaseError},
    error::LogError,
    keys::{
        MasterKeys, cipher,
        keyring::{KeyRows, Keyring},
    },
    log::Log,
    opening::{Ciphertexts, Opening},
    prepare::prepare,
    recorded::{Position, Recorded, StreamId},
    sql,
};

/// How the log behaves. The defaults suit one process on one machine.
#[derive(Debug, Clone)]
pub struct PgLogOptions {
    /// The most appends that wait; one more is refused as busy.
    pub waiting_max: usize,
    /// The most commands written in one transaction.
    pub batch_commands_max: usize,
    /// The most transactions sent before the answer of the first one.
    pub batches_in_flight_max: usize,
    /// How long a commit may take before its outcome counts as unknown.
    pub commit_wait_max: Duration,
    /// How long to wait for the order lock that other processes hold in turn.
    pub lock_wait_max: Duration,
    /// Whether an acknowledged append is on disk. Off only for tests and for imports that
    /// start again from the beginning.
    pub durable: bool,
}

impl Default for PgLogOptions {
    fn default() -> Self {
        Self {
            waiting_max: 4_096,
            batch_commands_max: 256,
            batches_in_flight_max: 2,
            commit_wait_max: Duration::from_secs(5),
            lock_wait_max: Duration::from_secs(3),
            durable: true,
        }
    }
}

/// The log in PostgreSQL. Clones share one appender; the last one gone ends it.
#[derive(Debug, Clone)]
pub struct PgLog(Arc<Shared>, Arc<AtomicU64>);

#[derive(Debug)]
struct Shared {
    database: Database,
    keyring: Keyring<PgKeyRows>,
    waiting: RwLock<Option<mpsc::Sender<Job>>>,
    appender: Mutex<Option<JoinHandle<()>>>,
    wake: JoinHandle<()>,
    grown: Grown,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.wake.abort();
    }
}

impl PgLog {
    /// Starts the log of a migrated database.
    ///
    /// # Errors
    ///
    /// No connection, a database that was not migrated, or [`LogError::Key`] where the master
    /// key is not the one that this log's keys are wrapped by.
    pub async fn start(
        database: Database,
        keys: impl Into<MasterKeys>,
        options: PgLogOptions,
    ) -> Result<Self, LogError> {
        let head: Position = database.owner().await?.query_one(sql::LOG_HEAD, &[]).await?.get(0);
        let keyring = Keyring::new(keys.into(), PgKeyRows::new(database.clone()));
        keyring.check_master_key().await?;
        let grown = Grown::new(head);
        let written = watch::Sender::new(head);
        let (waiting, queue) = mpsc::channel(options.waiting_max);
        let appender = Appender::new(database.clone(), options, grown.clone(), written.clone());
        let wake = Wake::new(database.clone(), grown.clone(), written.subscribe());
        let shared = Arc::new(Shared {
            keyring,
            database,
            waiting: RwLock::new(Some(waiting)),
            appender: Mutex::new(Some(tokio::spawn(appender.run(queue)))),
            wake: tokio::spawn(wake.run()),
            grown,
        });
        Ok(Self(shared, Arc::default()))
    }

    /// Takes no more appends, and waits until those taken are answered.
    pub async fn stop(&self) {
        drop(self.0.waiting.write().unwrap_or_else(PoisonError::into_inner).take());
        let appender = self.0.appender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(appender) = appender
            && let Err(error) = appender.await
        {
            tracing::error!(%error, "the appender ended early");
        }
    }

    /// The database that holds the log.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn keyring(&self) -> &Keyring<impl KeyRows> {
        &self.0.keyring
    }

    async fn connection(&self) -> Result<Object, LogError> {
        Ok(self.0.database.owner().await?)
    }

    /// The same log, with a count of its own.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self(self.0.clone(), Arc::default())
    }

    /// How many statements reads have sent by this one and its clones.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    pub(crate) async fn rows(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, LogError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(statement).await?;
        Ok(connection.query(&statement, parameters).await?)
    }

    /// Rows of one tenant, by a connection that sees no other's.
    pub(crate) async fn rows_of(
        &self,
        tenant: TenantId,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, LogError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let connection = self.0.database.reader(tenant).await?;
        let statement = connection.prepare_cached(statement).await?;
        Ok(connection.query(&statement, parameters).await?)
    }

    async fn write(&self, append: Append) -> Result<Receipt, LogError> {
        let prepared = prepare(&self.0.keyring, append).await?;
        let (tenant, forget) = (prepared.tenant, prepared.forget_subjects.clone());
        let (answer, answered) = oneshot::channel();
        let job = Job { prepared, taken_at: Instant::now(), answer };
        {
            let waiting = self.0.waiting.read().unwrap_or_else(PoisonError::into_inner);
            let queue = waiting.as_ref().ok_or(LogError::Busy)?;
            queue.try_send(job).map_err(|_| LogError::Busy)?;
        }
        // The appender answers every job it takes; without one, it was torn down half way.
        let receipt = answered.await.unwrap_or(Err(LogError::Unknown(None)));
        match &receipt {
            Ok(_) => {
                for subject in forget {
                    self.0.keyring.drop_subject(tenant, subject);
                }
            }
            Err(LogError::SubjectErased(subject)) => {
                self.0.keyring.drop_subject(tenant, *subject);
            }
            Err(_) => {}
        }
        receipt
    }

    /// Adds who wrote last, and when, to a conflict. A conflict is one without it, too.
    async fn explain(&self, tenant: TenantId, error: LogError) -> LogError {
        let LogError::Conflict { stream, expected, actual, by: None, at: None } = error else {
            return error;
        };
        let last = self.rows(sql::LOG_LAST_OF_STREAM, &[&tenant.0, &stream.id]).await;
        let last = last.ok().and_then(|rows| rows.into_iter().next());
        let by = last.as_ref().and_then(|row| row.get::<_, &str>(1).parse().ok());
        let at = last.as_ref().map(|row| row.get(2));
        LogError::Conflict { stream, expected, actual, by, at }
    }
}

impl From<DatabaseError> for LogError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Pool(error) => Self::Pool(error),
            DatabaseError::Connection(error) => Self::Database(error),
            DatabaseError::Tls(_) => Self::Key("is missing: the connection cannot be encrypted"),
        }
    }
}

impl Log for PgLog {
    async fn append(&self, append: Append) -> Result<Receipt, LogError> {
        let (tenant, command, hash) = (append.tenant, append.command_id, append.request_hash);
        match self.write(append).await {
            // What can't be written now may have been written before: a repeated command is
            // answered, also where its subject was forgotten since.
            Err(LogError::SubjectErased(subject)) => {
                match self.answered(tenant, command, hash).await? {
                    Some(position) => {
                        Ok(Receipt { position, versions: Vec::new(), repeated: true })
                    }
                    None => Err(LogError::SubjectErased(subject)),
                }
            }
            Err(error) => Err(self.explain(tenant, error).await),
            Ok(receipt) => Ok(receipt),
        }
    }

    async fn load(
        &self,
        tenant: TenantId,
        stream: StreamId,
        after_version: i32,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&tenant.0, &stream.id, &after_version, &stream.stream_type.0, &read::limit(limit)];
        self.events_of(tenant, sql::LOG_LOAD, &parameters).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, LogError> {
        self.events(sql::LOG_READ, &[&after, &read::limit(limit)]).await
    }

    async fn open(&self, events: Vec<Recorded>) -> Result<Vec<Recorded>, LogError> {
        let opening = Opening::of(events)?;
        if opening.wanted.is_empty() {
            return opening.finish(&Ciphertexts::new(), &HashMap::new());
        }
        let ciphertexts = self.ciphertexts(&opening.wanted).await?;
        let keys = self.0.keyring.opening(opening.subjects()).await?;
        opening.finish(&ciphertexts, &keys)
    }

    async fn answered(
        &self,
        tenant: TenantId,
        command_id: CommandId,
        request_hash: [u8; 32],
    ) -> Result<Option<Position>, LogError> {
        let rows = self.rows(sql::LOG_ANSWERED, &[&tenant.0, &command_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let request_hash = cipher::keyed(&*self.0.keyring.index_key(tenant).await?, &request_hash);
        if row.get::<_, &[u8]>(1) == request_hash {
            Ok(Some(row.get(0)))
        } else {
            Err(LogError::CommandReused(command_id))
        }
    }

    async fn blind_index(&self, tenant: TenantId, text: &str) -> Result<Uuid, LogError> {
        Ok(cipher::blind(&*self.0.keyring.index_key(tenant).await?, text))
    }

    async fn head(&self) -> Result<Position, LogError> {
        let rows = self.rows(sql::LOG_HEAD, &[]).await?;
        let head = rows.first().map_or(0, |row| row.get(0));
        self.0.grown.raise(head);
        Ok(head)
    }

    fn grown(&self) -> watch::Receiver<Position> {
        self.0.grown.subscribe()
    }
}
