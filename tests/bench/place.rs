//! Where the benchmarks run: a PostgreSQL of their own, durable, as the product starts it.

use std::path::PathBuf;

use allhours_eventstore::{
    database::{Database, DatabaseOptions},
    embedded::{Binaries, EmbeddedOptions, Server},
    keys::MasterKey,
    migrate,
    pg::{PgLog, PgLogOptions},
};
use tempfile::TempDir;

/// A server with a migrated database, and the folder it lives in.
pub struct Place {
    /// Everything of this run; removed at the end.
    pub folder: TempDir,
    /// The server; stopped at the end.
    pub server: Server,
    /// The master key of this run, for every log on it.
    key: PathBuf,
}

impl Place {
    /// Starts one.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("allhours-bench").tempdir();
        let folder = folder.expect("a temporary folder");
        let server = Server::start_or_attach(&EmbeddedOptions::new(folder.path().join("data")))
            .await
            .unwrap_or_else(|error| panic!("PostgreSQL does not start: {error:?}"));
        let key = folder.path().join("master.key");
        let place = Self { folder, server, key };
        let database = place.database().await;
        migrate::migrate(&database).await.expect("the migrations apply");
        place
    }

    /// Pools of their own, as another process would have.
    pub async fn database(&self) -> Database {
        let options = DatabaseOptions::default();
        Database::connect(self.server.config(), options).await.expect("the server answers")
    }

    /// A log of its own, as another process would have.
    pub async fn log(&self) -> PgLog {
        let key = MasterKey::read_or_create_file(&self.key).expect("the key can be written");
        PgLog::start(self.database().await, key, PgLogOptions::default())
            .await
            .expect("the log starts")
    }

    /// The folder with the server's own programs, `pgbench` among them.
    pub fn programs(&self) -> PathBuf {
        Binaries::find(None, None).expect("the programs were found before").folder
    }

    /// Stops the server and removes the folder.
    pub async fn stop(self) {
        self.server.stop().await.expect("the server stops");
    }
}
