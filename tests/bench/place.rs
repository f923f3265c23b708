//! Where the benchmarks run: a PostgreSQL of their own, durable, as the product starts it.

use std::path::{Path, PathBuf};

use allhours_eventstore::{
    database::{Database, DatabaseOptions},
    embedded::{Binaries, EmbeddedOptions, Server},
    keys::MasterKey,
    migrate::migrate,
    pg::{PgLog, PgLogOptions},
};
use tempfile::TempDir;

/// A server with a migrated database, and the folder it lives in.
pub struct Place {
    /// Everything of this run; removed at the end by whoever made it.
    pub folder: Folder,
    /// The server; stopped at the end by whoever started it.
    pub server: Server,
}

/// A folder of our own, or of the process that started us.
pub enum Folder {
    /// Removed at the end.
    Own(TempDir),
    /// Left alone.
    Theirs(PathBuf),
}

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Theirs(folder) => folder,
        }
    }
}

impl Place {
    /// Starts one.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("allhours-bench").tempdir();
        let place = Self::at(Folder::Own(folder.expect("a temporary folder"))).await;
        migrate(&place.database().await).await.expect("the migrations apply");
        place
    }

    /// Attaches to the one that another process started.
    pub async fn attach(folder: &Path) -> Self {
        Self::at(Folder::Theirs(folder.to_owned())).await
    }

    async fn at(folder: Folder) -> Self {
        let options = EmbeddedOptions::new(folder.path().join("data"));
        let server = Server::start_or_attach(&options).await;
        let server = server.unwrap_or_else(|error| panic!("PostgreSQL does not start: {error:?}"));
        Self { folder, server }
    }

    /// The data directory, as the program takes it.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Pools of their own, as another process would have.
    pub async fn database(&self) -> Database {
        let options = DatabaseOptions::default();
        Database::connect(self.server.config(), options).await.expect("the server answers")
    }

    /// A log of its own, as another process would have.
    pub async fn log(&self) -> PgLog {
        let key = MasterKey::read_or_create_file(&self.data().join("master.key"));
        let key = key.expect("the key can be written");
        PgLog::start(self.database().await, key, PgLogOptions::default())
            .await
            .expect("the log starts")
    }

    /// The folder with the server's own programs, `pgbench` among them.
    pub fn programs() -> PathBuf {
        Binaries::find(None, None).expect("the programs were found before").folder
    }

    /// Stops the server, and gives the folder back.
    pub async fn stop_server(self) -> Folder {
        self.server.stop().await.expect("the server stops");
        self.folder
    }
}
