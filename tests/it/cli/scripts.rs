//! `scripts/run` as somebody at a terminal meets it; only what it builds is built already.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::process::home;

const READY_MAX: Duration = Duration::from_mins(1);
const ENDS_MAX: Duration = Duration::from_mins(1);
const LAST_LINE: &str = "Stop with Ctrl-C";

/// What the script would make by itself: the program, and the explorer's files.
fn prepare(home: &Path) {
    let (tools, built, explorer) = (home.join("tools"), home.join("built"), home.join("explorer"));
    for folder in [&tools, &built.join("release"), &explorer] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let cargo = tools.join("cargo");
    fs::write(&cargo, "#!/bin/sh\n").expect("a file");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it may be run");
    let program = env!("CARGO_BIN_EXE_allhours-under-test");
    symlink(program, built.join("release/allhours")).expect("a link");
    for name in ["react", "react-dom"] {
        fs::write(explorer.join(format!("{name}.production.min.js")), "//").expect("a file");
    }
    for name in ["graphiql.min.js", "graphiql.min.css"] {
        fs::write(explorer.join(name), "/**/").expect("a file");
    }
}

/// The script, called from `home`, for the desk in a folder of that.
fn script(home: &Path, desk: &str, listen: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in a folder");
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new(root.join("scripts/run"));
    command
        .env("PATH", format!("{}:{path}", home.join("tools").display()))
        .env("CARGO_TARGET_DIR", home.join("built"))
        .env("ALLHOURS_SERVER_EXPLORER_DIR", home.join("explorer"))
        .env("ALLHOURS_SERVER_LISTEN", listen)
        .env("ALLHOURS_DATA_DIR", desk)
        .current_dir(home)
        // As a shell does for what it starts at a terminal: Ctrl-C reaches all of it.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A script that runs, with all that it started; they end with the test.
struct Running {
    child: Child,
    group: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is left of one that has ended.
        let killed = std::process::Command::new("kill").args(["-KILL", "--", &self.group]).output();
        drop(killed);
    }
}

/// Starts the script; all that it says up to where it waits.
async fn begin(mut script: Command) -> (Running, String) {
    let child = script.stderr(Stdio::null()).spawn().expect("the script starts");
    let group = format!("-{}", child.id().expect("it runs"));
    let mut running = Running { child, group };
    let mut lines = BufReader::new(running.child.stdout.take().expect("it was asked for")).lines();
    let mut said = String::new();
    let saying = async {
        while let Some(line) = lines.next_line().await.expect("it says something") {
            said += &line;
            said.push('\n');
            if line.starts_with(LAST_LINE) {
                break;
            }
        }
    };
    tokio::time::timeout(READY_MAX, saying).await.expect("it is ready in time");
    (running, said)
}

/// Signals the script and its server, as a terminal does; how the script ends.
async fn end(mut running: Running, signal: &str) -> Option<i32> {
    let signal = format!("-{signal}");
    let sent = Command::new("kill").args([&signal, "--", &running.group]).status().await;
    assert!(sent.expect("kill runs").success());
    let ended = tokio::time::timeout(ENDS_MAX, running.child.wait()).await;
    ended.expect("it ends in time").expect("it can be waited for").code()
}

/// Runs the script where it cannot go on; its exit code, and what it said of why.
async fn refused(mut script: Command) -> (Option<i32>, String) {
    let output = tokio::time::timeout(ENDS_MAX, script.output()).await.expect("it ends in time");
    let output = output.expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "it shows nothing of another desk");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn free_port() -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
    port.expect("a port").port()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_script_shows_its_own_desk_or_says_why_there_is_none() {
    let home = home();
    let home = home.path().canonicalize().expect("it is there");
    prepare(&home);
    let everywhere = format!("0.0.0.0:{}", free_port());
    let here = everywhere.replace("0.0.0.0", "127.0.0.1");
    let (running, said) = begin(script(&home, "desk", &everywhere)).await;
    assert!(said.contains(&format!("http://{here}/graphql")), "{said}");
    assert!(!said.contains("0.0.0.0"), "{said}");
    // A relative folder is one of the caller's, and named for other shells.
    assert!(home.join("desk/postgres").is_dir());
    assert!(
        said.contains(&format!("allhours --data-dir {}", home.join("desk").display())),
        "{said}"
    );

    let elsewhere = format!("127.0.0.1:{}", free_port());
    for listen in [&here, &elsewhere] {
        let (code, why) = refused(script(&home, "desk", listen)).await;
        assert_eq!(code, Some(1), "{why}");
        assert!(why.contains("another `allhours serve`"), "{why}");
    }
    let (code, why) = refused(script(&home, "other", &here)).await;
    assert_eq!(code, Some(1), "{why}");
    assert!(why.contains("Address already in use"), "{why}");
    assert!(!why.contains("there is no desk"), "{why}");
    assert_eq!(end(running, "INT").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_script_ends_well_by_ctrl_c_and_with_its_terminal() {
    let home = home();
    let home = home.path().canonicalize().expect("it is there");
    prepare(&home);
    for signal in ["INT", "HUP", "TERM"] {
        let listen = format!("127.0.0.1:{}", free_port());
        let (running, _) = begin(script(&home, "desk", &listen)).await;
        assert_eq!(end(running, signal).await, Some(0), "{signal}");
        let pid_file = home.join("desk/postgres/postmaster.pid");
        assert!(!pid_file.exists(), "{signal}: the database has stopped as well");
    }
}
