//! A fresh database for each test, copied from a migrated template.
//!
//! The first test of a process starts one private server in a temporary folder, without the
//! writes that make it survive a crash; all tests of the process share it. Databases are never
//! dropped, which would be slow: the whole folder goes when the process ends, however it ends.

use std::{
    fs,
    ops::Deref,
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use allhours_eventstore::{
    database::{Database, DatabaseOptions},
    embedded::{EmbeddedOptions, Server},
    migrate::migrate,
};
use tokio::sync::OnceCell;
use tokio_postgres::{Config, NoTls};

const FOLDER_PREFIX: &str = "allhours-tests-";
const TEMPLATE: &str = "template_migrated";

/// Waits until the test process has ended, then until its server has, and removes the folder.
const REMOVER: &str = r#"
cat > /dev/null
tries=0
while [ -e "$1/postgres/postmaster.pid" ] && [ "$tries" -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
rm -rf -- "$1"
"#;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Cluster {
    server: Server,
    /// Its input is held open as long as this process lives; the end of it starts the removal.
    _remover: Child,
}

/// A database that one test has to itself.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    database: Database,
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

/// A fresh, migrated database.
///
/// # Panics
///
/// Without a PostgreSQL on the machine, or where it does not start.
pub async fn database() -> TestDatabase {
    database_with(DatabaseOptions {
        owner_connections_max: 8,
        reader_connections_max: 4,
        ..DatabaseOptions::default()
    })
    .await
}

/// A fresh, migrated database, connected to with these options.
///
/// # Panics
///
/// Without a PostgreSQL on the machine, or where it does not start.
pub async fn database_with(options: DatabaseOptions) -> TestDatabase {
    let config = create(&format!("template {TEMPLATE} strategy file_copy")).await;
    let database = Database::connect(config, options).await.expect("a fresh database connects");
    TestDatabase { database }
}

/// A fresh database that no migration has seen: how to connect to it.
///
/// # Panics
///
/// Without a PostgreSQL on the machine, or where it does not start.
pub async fn empty_database() -> Config {
    create("template template0").await
}

async fn create(how: &str) -> Config {
    let cluster = CLUSTER.get_or_init(start).await;
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    execute(&cluster.server.config(), &format!("create database {name} {how}")).await;
    named(&cluster.server, &name)
}

async fn start() -> Cluster {
    let parent = std::env::temp_dir();
    sweep(&parent);
    let folder = parent.join(format!("{FOLDER_PREFIX}{}", std::process::id()));
    fs::DirBuilder::new().mode(0o711).create(&folder).expect("a folder of our own");
    let remover = remove_at_end(&folder);
    let options = EmbeddedOptions {
        durable: false,
        connections_max: 300,
        shared_buffers_mib: 64,
        ..EmbeddedOptions::new(&folder)
    };
    let server = Server::start_or_attach(&options).await.expect("PostgreSQL starts");
    execute(&server.config(), &format!("create database {TEMPLATE} template template0")).await;
    let template = Database::connect(named(&server, TEMPLATE), DatabaseOptions::default())
        .await
        .expect("the template connects");
    migrate(&template).await.expect("the template migrates");
    template.close();
    Cluster { server, _remover: remover }
}

fn named(server: &Server, database: &str) -> Config {
    let mut config = server.config();
    config.dbname(database);
    config
}

async fn execute(config: &Config, statement: &str) {
    let (client, connection) = config.connect(NoTls).await.expect("the server takes a connection");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect("the server takes the statement");
    drop(client);
    // Only when the connection is gone can the database that it was on be copied.
    connection.await.expect("the connection does not panic").expect("the connection ends well");
}

fn remove_at_end(folder: &Path) -> Child {
    Command::new("/bin/sh")
        .args(["-c", REMOVER, "remover"])
        .arg(folder)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts")
}

/// Removes folders of runs whose remover was killed as well.
fn sweep(parent: &Path) {
    let Ok(entries) = parent.read_dir() else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX)) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !PathBuf::from("/proc").join(pid).exists() {
            // Another process may sweep at the same time, and another user's is not ours.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
