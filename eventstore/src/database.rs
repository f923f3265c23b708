//! The database: two pools of connections, one for the log and its folds, one for readers.
//!
//! Read this file, then [`reader`] (a connection that sees one tenant only), [`tls`] (when
//! a connection is encrypted, and whom it trusts), [`url`] (the address of a server) and
//! [`pooler`] (what may stand between).

pub mod pooler;
pub mod reader;
pub mod tls;
pub mod url;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed;
use deadpool_postgres::{
    Client, ClientWrapper, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_postgres::{AsyncMessage, Notification};

use crate::{
    database::tls::{Encryption, TlsError},
    sql,
};

pub use reader::{Readers, TenantReader};
pub use tokio_postgres::Config;

/// The role that readers of one tenant act as; made by the migrations.
pub const READER_ROLE: &str = "allhours_reader";

/// What of the server warns that a commit is on its own disk, and perhaps on no other.
const REPLICATION_WAIT: &str = "SyncRepWaitForLSN";

/// How connections behave. The defaults suit one process on one machine.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// What the server shows as the name of our connections.
    pub application_name: String,
    /// The most connections of the pool for the log and its folds.
    pub owner_connections_max: usize,
    /// The most connections of the pool for readers.
    pub reader_connections_max: usize,
    /// How long a caller waits for a connection.
    pub wait_max: Duration,
    /// How long a new connection may take.
    pub connect_max: Duration,
    /// How long one statement of a pooled connection may run; zero for ever.
    pub statement_max: Duration,
    /// How long a statement may wait for a lock; zero for ever.
    pub lock_wait_max: Duration,
    /// How long a transaction may sit idle before the server ends it; zero for ever.
    pub idle_in_transaction_max: Duration,
    /// Certificates (PEM) to trust beside those that browsers trust.
    pub tls_ca_file: Option<PathBuf>,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            application_name: "allhours".to_owned(),
            owner_connections_max: 8,
            reader_connections_max: 10,
            wait_max: Duration::from_secs(5),
            connect_max: Duration::from_secs(5),
            statement_max: Duration::from_secs(30),
            lock_wait_max: Duration::from_secs(10),
            idle_in_transaction_max: Duration::from_mins(1),
            tls_ca_file: None,
        }
    }
}

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The encryption asked for cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No connection came free, or none could be made.
    #[error("no connection to the database")]
    Pool(#[from] PoolError),
    /// The server refused the connection or a setting.
    #[error("the database refused a connection")]
    Connection(#[from] tokio_postgres::Error),
}

/// The database of one process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    config: Config,
    options: DatabaseOptions,
    encryption: Encryption,
    owner: Pool,
    reader: managed::Pool<Readers>,
}

/// A connection outside of the pools, for as long as it is kept.
#[derive(Debug)]
pub struct Dedicated {
    /// The connection.
    pub client: tokio_postgres::Client,
    /// Moves the bytes; ends when the connection does.
    connection: JoinHandle<()>,
    unreplicated: Arc<AtomicBool>,
    /// Its other end goes with the connection.
    open: watch::Receiver<()>,
}

impl Dedicated {
    /// Waits until the connection has ended.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut open = self.open.clone();
        async move { while open.changed().await.is_ok() {} }
    }

    /// Whether the server has warned on this connection that it gave up to wait for a standby:
    /// what it then called committed may be lost with it. Known before the commit is answered.
    #[must_use]
    pub fn gave_up_replication(&self) -> bool {
        self.unreplicated.load(Ordering::Acquire)
    }
}

impl Drop for Dedicated {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Database {
    /// Prepares the pools and makes sure that one connection works.
    ///
    /// # Errors
    ///
    /// No encryption where the server is remote and none was declined, or no connection.
    pub async fn connect(config: Config, options: DatabaseOptions) -> Result<Self, DatabaseError> {
        let database = Self::prepare(config, options)?;
        drop(database.owner().await?);
        Ok(database)
    }

    /// Prepares the pools; connections are made when they are first needed.
    ///
    /// # Errors
    ///
    /// A certificate file that does not read.
    pub fn prepare(mut config: Config, options: DatabaseOptions) -> Result<Self, DatabaseError> {
        config.application_name(&options.application_name);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_max);
        }
        let encryption = Encryption::choose(&mut config, options.tls_ca_file.as_deref())?;
        let manager = || {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            Manager::from_config(config.clone(), encryption.clone(), recycling)
        };
        let owner = pool(manager(), &options, &OWNER, |client| client);
        let reader = pool(Readers(manager()), &options, &READER, |reader| &reader.client);
        Ok(Self { config, options, encryption, owner, reader })
    }

    /// A connection that may do everything, for the log and its folds.
    ///
    /// # Errors
    ///
    /// None came free in time, or none could be made.
    pub async fn owner(&self) -> Result<Client, PoolError> {
        self.owner.get().await
    }

    /// The pool behind [`Database::owner`].
    #[must_use]
    pub fn owner_pool(&self) -> &Pool {
        &self.owner
    }

    /// The pool behind [`Database::reader`]: for its figures, not for its connections.
    #[must_use]
    pub fn reader_pool(&self) -> &managed::Pool<Readers> {
        &self.reader
    }

    /// Where the connections go.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How the connections behave.
    #[must_use]
    pub fn options(&self) -> &DatabaseOptions {
        &self.options
    }

    /// A connection of its own, without limits of time, that does not count against the pools.
    ///
    /// # Errors
    ///
    /// The server is away or refuses.
    pub async fn dedicated(&self) -> Result<Dedicated, DatabaseError> {
        self.dedicated_with(None).await
    }

    /// The same, and notifications that the server sends on it go to `notifications`.
    /// When the connection ends, the channel closes.
    ///
    /// # Errors
    ///
    /// The server is away or refuses.
    pub async fn dedicated_with(
        &self,
        notifications: Option<mpsc::Sender<Notification>>,
    ) -> Result<Dedicated, DatabaseError> {
        let (client, mut connection) = self.config.connect(self.encryption.clone()).await?;
        let unreplicated = Arc::new(AtomicBool::new(false));
        let warned = Arc::clone(&unreplicated);
        let (held, open) = watch::channel(());
        let connection = tokio::spawn(async move {
            let _held = held;
            while let Some(message) =
                std::future::poll_fn(|context| connection.poll_message(context)).await
            {
                match message {
                    // A full channel loses a hint, never an event: hints are not promises.
                    Ok(AsyncMessage::Notification(notification)) => {
                        if let Some(notifications) = &notifications {
                            let _ = notifications.try_send(notification);
                        }
                    }
                    // By the place in the server's code: the words depend on its language.
                    Ok(AsyncMessage::Notice(notice)) => {
                        if notice.routine() == Some(REPLICATION_WAIT) {
                            warned.store(true, Ordering::Release);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a dedicated connection ended");
                        break;
                    }
                }
            }
        });
        Ok(Dedicated { client, connection, unreplicated, open })
    }

    /// Closes both pools: connections in use end when they are given back, no new ones are made.
    pub fn close(&self) {
        self.owner.close();
        self.reader.close();
    }
}

/// What sets the two pools apart.
struct Part {
    role: &'static str,
    read_only: &'static str,
    connections_max: fn(&DatabaseOptions) -> usize,
}

const OWNER: Part = Part {
    role: "none",
    read_only: "off",
    connections_max: |options| options.owner_connections_max,
};

const READER: Part = Part {
    role: READER_ROLE,
    read_only: "on",
    connections_max: |options| options.reader_connections_max,
};

fn pool<M: managed::Manager<Error = tokio_postgres::Error> + 'static>(
    manager: M,
    options: &DatabaseOptions,
    part: &'static Part,
    client_of: fn(&M::Type) -> &ClientWrapper,
) -> managed::Pool<M> {
    let limits = [
        options.statement_max.as_millis().to_string(),
        options.lock_wait_max.as_millis().to_string(),
        options.idle_in_transaction_max.as_millis().to_string(),
    ];
    let session = managed::Hook::async_fn(move |connection: &mut M::Type, _| {
        let [statement, lock, idle] = limits.clone();
        Box::pin(async move {
            client_of(connection)
                .query_one(
                    sql::DATABASE_SESSION,
                    &[&statement, &lock, &idle, &part.read_only, &part.role],
                )
                .await
                .map_err(managed::HookError::Backend)?;
            Ok(())
        })
    });
    managed::Pool::builder(manager)
        .max_size((part.connections_max)(options))
        .timeouts(Timeouts {
            wait: Some(options.wait_max),
            create: Some(options.connect_max * 2),
            recycle: Some(options.connect_max),
        })
        .runtime(Runtime::Tokio1)
        .post_create(session)
        .build()
        .expect("a pool with a runtime and timeouts is complete")
}
