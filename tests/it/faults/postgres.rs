//! A PostgreSQL of one's own beside the program: durable, restarted, and looked into.

use std::{fs, path::Path};

use allhours_eventstore::embedded::{EmbeddedOptions, Server};
use tokio_postgres::{Client, Config, NoTls};

use crate::process::signal;

/// A server that the program is told of by its address.
pub struct Postgres {
    server: Server,
    folder: std::path::PathBuf,
}

impl Postgres {
    /// Starts one.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(EmbeddedOptions::new(folder), folder).await
    }

    /// Starts one that waits for no disk, where none is to fail.
    pub async fn start_hasty(folder: &Path) -> Self {
        let options = EmbeddedOptions { durable: false, ..EmbeddedOptions::new(folder) };
        Self::start_with(options, folder).await
    }

    async fn start_with(options: EmbeddedOptions, folder: &Path) -> Self {
        let server = Server::start_or_attach(&options).await;
        Self { server: server.expect("PostgreSQL starts"), folder: folder.to_owned() }
    }

    /// Its address, as the program takes it.
    pub fn url(&self) -> String {
        let config = self.server.config();
        let socket = config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Unix(path) => Some(path.display().to_string()),
            tokio_postgres::config::Host::Tcp(_) => None,
        });
        let socket = socket.expect("it has a socket");
        format!("host='{socket}' dbname='allhours' user='allhours'")
    }

    /// A connection that may do everything.
    pub async fn connect(&self) -> Client {
        connect(&self.server.config()).await
    }

    /// Ends it as an administrator's fast restart does: sessions are cut, everything is written.
    /// What keeps it starts it again.
    pub async fn restart(&self) {
        signal(first_process(&self.folder), "INT").await;
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.stop().await.expect("it stops");
    }
}

/// The first process of the PostgreSQL in a data directory.
pub fn first_process(data: &Path) -> u32 {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).expect("it runs");
    file.lines().next().and_then(|line| line.trim().parse().ok()).expect("a number")
}

/// A connection to the PostgreSQL inside of a data directory.
pub async fn connect_inside(data: &Path) -> Client {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).expect("it runs");
    let mut config = Config::new();
    config.host_path(file.lines().nth(4).expect("the socket's folder"));
    connect(config.user("allhours").dbname("allhours")).await
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the server takes a connection");
    tokio::spawn(connection);
    client
}
