//! The private PostgreSQL: starts, survives, is never there twice.

mod together;

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use allhours_eventstore::embedded::{EmbeddedOptions, Server};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, config::Host};

const PATIENCE: Duration = Duration::from_mins(1);
const NOBODY: u32 = 65_534;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn options(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions { durable: false, shared_buffers_mib: 16, ..EmbeddedOptions::new(folder) }
}

async fn start(folder: &Path) -> Server {
    Server::start_or_attach(&options(folder)).await.expect("it starts")
}

async fn connect(server: &Server) -> Client {
    let (client, connection) = server.config().connect(NoTls).await.expect("it takes connections");
    tokio::spawn(connection);
    client
}

/// Connects as soon as the server takes connections again.
async fn reconnect(server: &Server) -> Client {
    let start = Instant::now();
    loop {
        match server.config().connect(NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                return client;
            }
            Err(error) => assert!(start.elapsed() < PATIENCE, "it stays away: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn keep_seven(client: &Client) {
    client.batch_execute("create table kept as select 7 as number").await.expect("a table");
}

async fn kept(client: &Client) -> i32 {
    client.query_one("select number from kept", &[]).await.expect("a row").get(0)
}

/// The process of the server that runs in a data directory.
fn postmaster(folder: &Path) -> u32 {
    let text = fs::read_to_string(folder.join("postgres/postmaster.pid")).expect("it runs");
    text.lines().next().and_then(|pid| pid.trim().parse().ok()).expect("a process id")
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.expect("kill runs").success());
}

fn is_root() -> bool {
    // What this process makes belongs to the user it runs as.
    folder().path().metadata().expect("it is there").uid() == 0
}

/// Another process that uses the server of a folder.
struct Other {
    process: Child,
    said: String,
}

impl Other {
    fn command(program: &Path, folder: &Path) -> Command {
        Self::with_folder(Command::new(program), folder)
    }

    fn with_folder(mut command: Command, folder: &Path) -> Command {
        command.arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        // None of these may reach the server.
        command.env("PGPORT", "1").env("PGDATA", "/nonexistent").env("PGOPTIONS", "-c nonsense=1");
        command
    }

    fn start(folder: &Path) -> Self {
        Self::run(Self::command(Path::new(env!("CARGO_BIN_EXE_embedded-user")), folder))
    }

    fn run(mut command: Command) -> Self {
        let mut process = spawned(&mut command);
        let mut said = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("it was asked for"));
        output.read_line(&mut said).expect("it says something");
        process.stdout = Some(output.into_inner());
        Self { process, said: said.trim().to_owned() }
    }

    /// Ends its input, and tells what it said last.
    fn stop(mut self) -> String {
        drop(self.process.stdin.take());
        let mut said = String::new();
        let mut output = self.process.stdout.take().expect("it was asked for");
        output.read_to_string(&mut said).expect("it says something");
        self.process.wait().expect("it ends");
        said.trim().to_owned()
    }

    fn kill(mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it ends");
    }
}

#[tokio::test]
async fn data_survive_a_stop_and_a_start() {
    let folder = folder();
    let durable = EmbeddedOptions { durable: true, ..options(folder.path()) };
    let first = Server::start_or_attach(&durable).await.expect("it starts");
    keep_seven(&connect(&first).await).await;
    first.stop().await.expect("it stops");
    assert!(!folder.path().join("postgres/postmaster.pid").exists(), "it stopped in good order");
    let second = Server::start_or_attach(&durable).await.expect("it starts again");
    assert_eq!(kept(&connect(&second).await).await, 7);
    second.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_killed_server_is_started_again_by_who_uses_it() {
    let folder = folder();
    let server = start(folder.path()).await;
    keep_seven(&connect(&server).await).await;
    let killed = postmaster(folder.path());
    kill(killed);
    assert_eq!(kept(&reconnect(&server).await).await, 7);
    assert_ne!(postmaster(folder.path()), killed);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_next_start_recovers_from_a_killed_user() {
    let folder = folder();
    let other = Other::start(folder.path());
    let joined = start(folder.path()).await;
    keep_seven(&connect(&joined).await).await;
    joined.stop().await.expect("it lets go");
    other.kill();
    let server = start(folder.path()).await;
    assert_eq!(kept(&connect(&server).await).await, 7);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_next_start_recovers_when_user_and_server_were_killed_together() {
    let folder = folder();
    let other = Other::start(folder.path());
    let joined = start(folder.path()).await;
    keep_seven(&connect(&joined).await).await;
    joined.stop().await.expect("it lets go");
    // The dead server stays a zombie that the pid file names, until somebody waits for it.
    kill(postmaster(folder.path()));
    other.kill();
    let server = start(folder.path()).await;
    assert_eq!(kept(&connect(&server).await).await, 7);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn several_that_start_at_once_use_one_and_the_same_server() {
    let folder = folder();
    let options = options(folder.path());
    let starts = (0..3).map(|_| Server::start_or_attach(&options));
    let servers = futures_util::future::join_all(starts).await;
    let servers: Vec<_> = servers.into_iter().map(|it| it.expect("it starts")).collect();
    keep_seven(&connect(&servers[0]).await).await;
    for server in &servers {
        assert_eq!(kept(&connect(server).await).await, 7);
    }
    assert_eq!(together::first_processes(folder.path()), [postmaster(folder.path())]);
    for server in servers {
        server.stop().await.expect("it stops");
    }
}

#[tokio::test]
async fn a_folder_with_a_name_too_long_for_a_socket_will_do() {
    let folder = folder();
    let long = folder.path().join("a".repeat(120));
    fs::create_dir(&long).expect("a folder");
    let server = start(&long).await;
    connect(&server).await;
    let config = server.config();
    let [Host::Unix(socket)] = config.get_hosts() else { panic!("one socket") };
    assert!(socket.is_dir());
    server.stop().await.expect("it stops");
    assert!(!socket.exists(), "it leaves nothing behind");
}

#[tokio::test]
async fn a_folder_that_the_servers_user_cannot_reach_leads_elsewhere() {
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("closed");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let server = start(&data).await;
    keep_seven(&connect(&server).await).await;
    server.stop().await.expect("it stops");
    let server = start(&data).await;
    assert_eq!(kept(&connect(&server).await).await, 7);
    server.stop().await.expect("it stops");
    // Only root runs the server as somebody else.
    let link = fs::read_link(data.join("postgres"));
    assert_eq!(link.is_ok(), is_root());
    if let Ok(target) = link {
        fs::remove_dir_all(target.parent().expect("it has a folder")).expect("it goes");
    }
}

#[tokio::test]
async fn an_ordinary_user_needs_nobodys_leave() {
    if !is_root() {
        // Then every other test of this file is run by an ordinary user.
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("opened");
    // The helper's own folder may be closed to others.
    let program: PathBuf = folder.path().join("embedded-user");
    fs::copy(env!("CARGO_BIN_EXE_embedded-user"), &program).expect("a copy");
    let mut command = Other::command(&program, &folder.path().join("data"));
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let other = Other::run(command);
    assert_eq!(other.said, "ready");
    // Root may come and use it, as it is and after they have gone, and leaves it theirs.
    let server = start(&folder.path().join("data")).await;
    let client = connect(&server).await;
    keep_seven(&client).await;
    assert_eq!(other.stop(), "stopped");
    assert_eq!(kept(&client).await, 7);
    server.stop().await.expect("it stops");
    let mut command = Other::command(&program, &folder.path().join("data"));
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let other = Other::run(command);
    assert_eq!(other.said, "ready");
    assert_eq!(other.stop(), "stopped");
}

/// Starts the helper. Where it was copied just now, a process that another test began at that
/// moment may hold the copy open for writing until it is another program.
fn spawned(command: &mut Command) -> Child {
    for _ in 0..500 {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            started => return started.expect("the helper starts"),
        }
    }
    unreachable!("a copy that is written to for ever")
}
