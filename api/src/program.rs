//! What every command stands on: settings, database, keys, log, desk.
//!
//! Read [`Program`], then [`Store`] (the database below), `keys` (which keys, and from where) and
//! `owner` (whose desk it is).

mod keys;
mod owner;

use std::{fmt, fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use allhours_eventstore::{
    checkpoint::note::{BadKey, Signer},
    database::{
        self, Database, DatabaseError, DatabaseOptions,
        pooler::{Pooling, pooling},
    },
    embedded::{self, EmbeddedError, EmbeddedOptions, Server},
    error::LogError,
    keys::MasterKeyFileError,
    migrate::{MigrateError, Migrated, migrate},
    operator::holds_a_log,
    pg::PgLog,
};

use crate::{
    clock,
    config::{self, Settings},
    desk::Desk,
    keyfile::KeyFileError,
};

/// The master key's file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";
/// The file of the key that signs checkpoints, in the data folder.
pub const CHECKPOINT_KEY_FILE: &str = "checkpoint-key.p8";
/// What to do where that holds no key.
pub const CHECKPOINT_KEY_REMEDY: &str = "restore it; where it is lost, move the file away and let \
     `allhours checkpoint --new-key` make another one";
/// The search index in the data folder.
pub const SEARCH_DIR: &str = "search";

/// Why the program can't work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The data folder can't be made.
    #[error("the data folder {path} can't be made: {source}", path = path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The desk is another user's.
    #[error(
        "the desk at {folder} belongs to the user {owner}, and this is user {user}: run it as that \
         user", folder = folder.display()
    )]
    OtherOwner {
        /// The data folder.
        folder: PathBuf,
        /// Whose it is, by number.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// The address of the database does not read.
    #[error("setting `database.url` is not an address of a PostgreSQL server")]
    DatabaseUrl,
    /// There is no desk where one was looked for.
    #[error(
        "there is no desk {0}; `allhours serve` makes one, `--data-dir` or `--database-url` names \
         another place"
    )]
    NoDesk(DeskPlace),
    /// No private server.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// No connection.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// No migration.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// There are events, but the key that opens their texts is gone.
    #[error(
        "the master key is missing: there are events, but no {path}; restore that file or set \
         `keys.master`", path = path.display()
    )]
    MasterKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file of the key that opens all texts can't be used.
    #[error(transparent)]
    MasterKeyFile(#[from] MasterKeyFileError),
    /// It is a key, but not the one of this desk.
    #[error(
        "{from} is not the master key of this desk; restore the right one, or, where it was \
         renewed, name the one before in `keys.previous`"
    )]
    MasterKeyOther {
        /// Where the key comes from.
        from: String,
        /// What it does not open.
        source: LogError,
    },
    /// The desk is kept in a database elsewhere, and its keys are not here.
    #[error(
        "the keys of the desk are not here: {} is not there; copy the key files of the process \
         that serves it into a data folder, or set `keys.master` and `checkpoints.key`",
        .0.display()
    )]
    KeysElsewhere(PathBuf),
    /// There are signed checkpoints, but the key that signs them is gone.
    #[error(
        "the key that signs checkpoints is missing: there are signed ones, but no {path}; restore \
         that file or set `checkpoints.key`. Where it is lost, `allhours checkpoint --new-key` \
         makes another one", path = path.display()
    )]
    CheckpointKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// No log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The key that signs checkpoints can't be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The name of the log can't be used.
    #[error("setting `checkpoints.origin`: {0}")]
    Origin(#[from] BadKey),
}

/// Where a desk was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskPlace {
    /// In a data folder.
    Folder(PathBuf),
    /// In the database of the settings.
    Database,
}

impl fmt::Display for DeskPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(formatter, "at {}", path.display()),
            Self::Database => formatter.write_str("in the database of `database.url`"),
        }
    }
}

/// The database, and the private server that runs it, if it is one.
#[derive(Debug)]
pub struct Store {
    /// The database.
    pub database: Database,
    server: Option<Server>,
}

impl Store {
    /// Connects to the database of the settings, or starts or attaches to the embedded one, which
    /// is made where there is none.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub async fn open(settings: &Settings) -> Result<Self, ProgramError> {
        make_data_dir(settings)?;
        Self::connect(settings).await
    }

    /// The same, but only where there is a desk: nothing is made.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub async fn open_existing(settings: &Settings) -> Result<Self, ProgramError> {
        let folder = &settings.data.dir;
        owner::is_ours(folder)?;
        if settings.database.url.is_empty() && !embedded::is_there(folder) {
            return Err(ProgramError::NoDesk(place_of(settings)));
        }
        let store = Self::connect(settings).await?;
        let holds = holds_a_log(&store.database).await;
        // Elsewhere than where the desk is served, the keys must come with the settings.
        let keys_are_set = !settings.keys.master.is_empty() && !settings.checkpoints.key.is_empty();
        if matches!(holds, Ok(true)) && (folder.is_dir() || keys_are_set) {
            return Ok(store);
        }
        store.close().await?;
        Err(if holds? {
            ProgramError::KeysElsewhere(folder.clone())
        } else {
            ProgramError::NoDesk(place_of(settings))
        })
    }

    async fn connect(settings: &Settings) -> Result<Self, ProgramError> {
        config::install_tls();
        let mut options = options(settings);
        let (connect, server) = if settings.database.url.is_empty() {
            let mut embedded = EmbeddedOptions::new(&settings.data.dir);
            embedded.bin_dir = given(&settings.database.bin_dir);
            let server = Server::start_or_attach(&embedded).await?;
            (server.config(), Some(server))
        } else {
            (address(settings, &mut options)?, None)
        };
        let database = Database::connect(connect, options).await?;
        Ok(Self { database, server })
    }

    /// How connections to the server of the settings and its sessions go together; none where it
    /// is the embedded one, which nothing stands before.
    ///
    /// # Errors
    ///
    /// The server is away or refuses.
    pub async fn pooling(settings: &Settings) -> Result<Option<Pooling>, ProgramError> {
        if settings.database.url.is_empty() {
            return Ok(None);
        }
        config::install_tls();
        let mut options = options(settings);
        let database = Database::prepare(address(settings, &mut options)?, options)?;
        Ok(Some(pooling(&database, &clock::new_id().to_string()).await?))
    }

    /// Brings the database to the shape that this program expects.
    ///
    /// # Errors
    ///
    /// A step failed.
    pub async fn migrate(&self) -> Result<Migrated, ProgramError> {
        Ok(migrate(&self.database).await?)
    }

    /// Closes all connections, and stops the private server if it is ours.
    ///
    /// # Errors
    ///
    /// The server did not stop.
    pub async fn close(self) -> Result<(), ProgramError> {
        self.database.close();
        match self.server {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}

/// A desk that is open for work.
#[derive(Debug)]
pub struct Program {
    /// All settings.
    pub settings: Arc<Settings>,
    /// The database.
    pub store: Store,
    /// The log.
    pub log: PgLog,
    /// What carries out commands.
    pub desk: Desk<PgLog>,
    /// What signs checkpoints.
    pub signer: Arc<Signer>,
}

impl Program {
    /// Opens the desk of these settings, which is made where there is none; its database is
    /// migrated.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub async fn open(settings: Arc<Settings>) -> Result<Self, ProgramError> {
        let store = Store::open(&settings).await?;
        Self::of(settings, store).await
    }

    /// The same, but only where there is a desk.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub async fn open_existing(settings: Arc<Settings>) -> Result<Self, ProgramError> {
        let store = Store::open_existing(&settings).await?;
        Self::of(settings, store).await
    }

    async fn of(settings: Arc<Settings>, store: Store) -> Result<Self, ProgramError> {
        match Self::opened(&settings, &store).await {
            Ok((log, signer)) => {
                let (desk, signer) = (Desk::new(log.clone()), Arc::new(signer));
                Ok(Self { settings, store, log, desk, signer })
            }
            // The private server is stopped in good order, whatever stood in the way.
            Err(error) => {
                store.close().await?;
                Err(error)
            }
        }
    }

    async fn opened(settings: &Settings, store: &Store) -> Result<(PgLog, Signer), ProgramError> {
        store.migrate().await?;
        let log = keys::open_log(settings, &store.database).await?;
        match keys::signer(settings, &log).await {
            Ok(signer) => Ok((log, signer)),
            Err(error) => {
                log.stop().await;
                Err(error)
            }
        }
    }

    /// Where the master key in force comes from, in words.
    #[must_use]
    pub fn master_key_from(&self) -> String {
        keys::master_key_from(&self.settings)
    }

    /// Where the search index is.
    #[must_use]
    pub fn search_dir(&self) -> PathBuf {
        self.settings.data.dir.join(SEARCH_DIR)
    }

    /// Ends well: what was taken is answered, then all is closed.
    ///
    /// # Errors
    ///
    /// The private server did not stop.
    pub async fn close(self) -> Result<(), ProgramError> {
        let Self { log, desk, store, .. } = self;
        log.stop().await;
        // Their connections end before the server does.
        drop((desk, log));
        store.close().await
    }
}

fn place_of(settings: &Settings) -> DeskPlace {
    if settings.database.url.is_empty() {
        DeskPlace::Folder(settings.data.dir.clone())
    } else {
        DeskPlace::Database
    }
}

/// Makes the data folder. Others may pass through it, as the private server's user must, but not
/// look around.
///
/// # Errors
///
/// [`ProgramError::DataDir`], and [`ProgramError::OtherOwner`] where it is there.
pub fn make_data_dir(settings: &Settings) -> Result<(), ProgramError> {
    let path = &settings.data.dir;
    owner::is_ours(path)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(path)
        .map_err(|source| ProgramError::DataDir { path: path.clone(), source })
}

/// Refuses the desk of another user: what is made in its folder, its owner could not work with.
///
/// # Errors
///
/// [`ProgramError::OtherOwner`].
pub fn is_ours(settings: &Settings) -> Result<(), ProgramError> {
    owner::is_ours(&settings.data.dir)
}

fn options(settings: &Settings) -> DatabaseOptions {
    DatabaseOptions {
        reader_connections_max: settings.database.connections_max,
        tls_ca_file: given(&settings.database.tls_ca_file),
        ..DatabaseOptions::default()
    }
}

fn address(
    settings: &Settings,
    options: &mut DatabaseOptions,
) -> Result<database::Config, ProgramError> {
    database::url::parse(settings.database.url.reveal(), options)
        .map_err(|_| ProgramError::DatabaseUrl)
}

fn given(path: &std::path::Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}
