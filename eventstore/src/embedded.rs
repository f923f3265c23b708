//! A PostgreSQL of our own, for those who bring none.
//!
//! It runs from the machine's server binaries, in a folder inside of the data directory, reachable
//! by a Unix socket only. Nobody owns it: the first who needs it starts it, whoever comes then
//! uses it as well, whichever user notices first that it died starts it again, and the last one
//! stops it, whoever started it. Where the last one is killed, the kernel tells it to stop.
//!
//! Read [`binaries`] (which server), [`place`] (where, and as which user), [`process`] (what a
//! crash may leave running), [`presence`] (who uses it), [`cluster`] (its folder, its settings),
//! then [`keeper`] (the thread that does it all) and [`lines`] (what the server says).

mod binaries;
mod cluster;
mod keeper;
mod lines;
mod place;
mod presence;
mod process;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;
use tokio_postgres::Config;

use crate::embedded::keeper::{Keeper, Shared};

pub use binaries::{Binaries, MAJOR_MIN};

/// The user and the database inside of the server.
const NAME: &str = "allhours";

/// What a private server needs to know.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The data directory of the product; the server lives in `postgres` inside of it.
    pub data_dir: PathBuf,
    /// The folder with `postgres` and `initdb`; found by itself where not given.
    pub bin_dir: Option<PathBuf>,
    /// Whether what was committed survives a crash of the machine; that of the server it always
    /// does. Off only for tests.
    pub durable: bool,
    /// The most connections that the server takes.
    pub connections_max: u16,
    /// Memory that the server keeps pages in.
    pub shared_buffers_mib: u32,
    /// How long the start may take, with the recovery after a crash.
    pub start_max: Duration,
}

impl EmbeddedOptions {
    /// The settings that the product runs with.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            durable: true,
            connections_max: 100,
            shared_buffers_mib: 256,
            start_max: Duration::from_mins(2),
        }
    }
}

/// Whether a data directory holds a private server's folder, which need not run.
#[must_use]
pub fn is_there(data_dir: &Path) -> bool {
    place::entry(data_dir).is_dir()
}

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No binaries of a server that is new enough, or that fits the data.
    #[error(
        "no PostgreSQL {wanted} was found (looked in {}); install one by `scripts/install-postgres`, \
         or name a server by DATABASE_URL",
        looked_in.join(", ")
    )]
    NoBinaries {
        /// Which version was looked for: `15 or newer`, or exactly that of the data.
        wanted: String,
        /// Where.
        looked_in: Vec<String>,
    },
    /// The data belong to somebody else.
    #[error("{} belongs to user {owner}, not to user {me}; run as the user who made it", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// The number of the user it belongs to.
        owner: u32,
        /// Our own number.
        me: u32,
    },
    /// Started as root, and the machine has no user to run the server as.
    #[error("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")]
    NoUser,
    /// A file or folder could not be used.
    #[error("{action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which program.
        program: String,
        /// The last lines that it said.
        output: String,
    },
    /// The server did not become ready in time.
    #[error("PostgreSQL was not ready after {} s: {output}", waited.as_secs())]
    NotReady {
        /// How long was waited.
        waited: Duration,
        /// The last lines that it said, or what else held it up.
        output: String,
    },
    /// Processes of an earlier server could not be ended.
    #[error("an earlier PostgreSQL still runs on {} (process {pid})", path.display())]
    StillRunning {
        /// The folder of the server.
        path: PathBuf,
        /// One of the processes.
        pid: u32,
    },
    /// A server runs that this process can't see, and so neither use nor end.
    #[error(
        "another PostgreSQL runs on {}, out of sight of this process; it may belong to another \
         container", path.display()
    )]
    OutOfSight {
        /// The folder of the server.
        path: PathBuf,
    },
    /// Whoever wanted the server does not want it any more.
    #[error("asked to stop before PostgreSQL was ready")]
    Stopped,
    /// The thread that keeps the server ended without a word; a bug.
    #[error("the keeper of the private PostgreSQL is gone")]
    KeeperGone,
}

/// The use of a private server. Dropped, it ends by itself, and the server where this was the
/// last one, but nobody waits for that; [`Server::stop`] does.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
    /// Wakes a keeper that pauses; closes when the server is dropped.
    wake: Option<mpsc::Sender<()>>,
    config: Config,
}

impl Server {
    /// Starts the server of a data directory, or joins those who use the one that runs there.
    ///
    /// # Errors
    ///
    /// See [`EmbeddedError`].
    pub async fn start_or_attach(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let shared = Arc::new(Shared::default());
        let (wake, woken) = mpsc::channel();
        let (ready, started) = oneshot::channel();
        let keeper = Keeper::new(options.clone(), Arc::clone(&shared), woken);
        let keeper = std::thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keeper.run(ready))
            .map_err(|source| EmbeddedError::File {
                action: "could not start a thread for",
                path: options.data_dir.clone(),
                source,
            })?;
        // From here on a caller that gives up ends the use by dropping this.
        let mut server =
            Self { shared, keeper: Some(keeper), wake: Some(wake), config: Config::new() };
        let socket_dir = started.await.map_err(|_| EmbeddedError::KeeperGone)??;
        server.config.host_path(socket_dir).user(NAME).dbname(NAME);
        Ok(server)
    }

    /// How to connect.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Ends the use. The last one stops the server, and waits until it has written everything.
    ///
    /// # Errors
    ///
    /// The keeper died; a bug.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.ask_to_stop();
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        let shared = Arc::clone(&self.shared);
        let ended = tokio::task::spawn_blocking(move || {
            keeper::end(keeper, &shared).map_err(|_| EmbeddedError::KeeperGone)
        });
        ended.await.map_err(|_| EmbeddedError::KeeperGone)?
    }

    fn ask_to_stop(&mut self) {
        self.shared.ask_to_stop();
        self.wake = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}
