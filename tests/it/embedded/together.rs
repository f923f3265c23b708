//! Several who use one private PostgreSQL: it lives as long as any of them, and no longer.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use allhours_eventstore::embedded::Server;
use tokio_postgres::Client;

use super::{Other, PATIENCE, connect, folder, keep_seven, kept, options, postmaster, start};
use crate::process::{Place, home, wait_until};

/// All live PostgreSQL processes of a data directory.
fn processes(folder: &Path) -> Vec<u32> {
    let Ok(cluster) = folder.join("postgres").canonicalize() else { return Vec::new() };
    let found = fs::read_dir("/proc").expect("processes").filter_map(|entry| {
        let entry = entry.expect("an entry").path();
        let works_there = fs::read_link(entry.join("cwd")).is_ok_and(|folder| folder == cluster);
        let pid = entry.file_name()?.to_str()?.parse().ok()?;
        works_there.then_some(pid)
    });
    found.collect()
}

/// Those among them that others were started by: one for each server.
pub(super) fn first_processes(folder: &Path) -> Vec<u32> {
    let all = processes(folder);
    let is_first = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // What has ended meanwhile says nothing, and is none.
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        parent.is_some_and(|parent| parent.trim().parse().is_ok_and(|it| !all.contains(&it)))
    };
    all.iter().copied().filter(is_first).collect()
}

/// Waits until the server of a data directory has ended by itself.
async fn wait_until_none(folder: &Path) {
    wait_until(PATIENCE, || async {
        let left = processes(folder);
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?} still run")) }
    })
    .await;
}

async fn one(client: &Client) -> Result<i32, tokio_postgres::Error> {
    Ok(client.query_one("select 1", &[]).await?.get(0))
}

#[tokio::test]
async fn whoever_started_it_leaves_it_to_those_who_still_use_it() {
    let folder = folder();
    let starter = Other::start(folder.path());
    let server = start(folder.path()).await;
    let client = connect(&server).await;
    keep_seven(&client).await;
    let first = postmaster(folder.path());
    assert_eq!(starter.stop(), "stopped");
    assert_eq!(kept(&client).await, 7, "not even a connection was lost");
    assert_eq!(postmaster(folder.path()), first);
    server.stop().await.expect("it stops");
    assert_eq!(processes(folder.path()), [0_u32; 0], "the last one stopped it");
}

#[tokio::test]
async fn whoever_started_it_and_is_killed_takes_it_from_nobody() {
    let folder = folder();
    let starter = Other::start(folder.path());
    let server = start(folder.path()).await;
    let client = connect(&server).await;
    keep_seven(&client).await;
    starter.kill();
    assert_eq!(kept(&client).await, 7, "not even a connection was lost");
    server.stop().await.expect("it stops");
    assert_eq!(processes(folder.path()), [0_u32; 0], "the last one stopped it");
}

#[tokio::test]
async fn a_server_that_dies_after_its_starter_left_is_started_again_by_who_stayed() {
    let folder = folder();
    let starter = Other::start(folder.path());
    let server = start(folder.path()).await;
    keep_seven(&connect(&server).await).await;
    assert_eq!(starter.stop(), "stopped");
    super::kill(postmaster(folder.path()));
    assert_eq!(kept(&super::reconnect(&server).await).await, 7);
    server.stop().await.expect("it stops");
    assert_eq!(processes(folder.path()), [0_u32; 0]);
}

#[tokio::test]
async fn a_killed_user_keeps_nobody_from_stopping_it() {
    let folder = folder();
    let server = start(folder.path()).await;
    Other::start(folder.path()).kill();
    server.stop().await.expect("it stops");
    assert_eq!(processes(folder.path()), [0_u32; 0]);
}

#[tokio::test]
async fn when_all_users_are_killed_it_stops_by_itself_and_in_good_order() {
    let folder = folder();
    let (first, second) = (Other::start(folder.path()), Other::start(folder.path()));
    first.kill();
    assert_ne!(processes(folder.path()), [0_u32; 0], "somebody uses it");
    second.kill();
    wait_until_none(folder.path()).await;
    assert!(!folder.path().join("postgres/postmaster.pid").exists(), "it wrote everything");
}

#[tokio::test]
async fn beside_a_server_that_it_cannot_see_nobody_starts_another() {
    if !super::is_root() {
        // Only root makes a container.
        return;
    }
    let folder = folder();
    let server = start(folder.path()).await;
    let client = connect(&server).await;
    keep_seven(&client).await;
    let pid_file = folder.path().join("postgres/postmaster.pid");
    let before = fs::read_to_string(&pid_file).expect("it runs");
    let mut elsewhere = Command::new("unshare");
    elsewhere.args(["--pid", "--fork", "--mount-proc"]).arg(env!("CARGO_BIN_EXE_embedded-user"));
    let elsewhere = Other::run(Other::with_folder(elsewhere, folder.path()));
    assert!(elsewhere.said.contains("out of sight"), "{}", elsewhere.said);
    elsewhere.stop();
    assert_eq!(kept(&client).await, 7, "nobody noticed");
    assert_eq!(fs::read_to_string(&pid_file).expect("it runs"), before);
    server.stop().await.expect("it stops");
    assert_eq!(processes(folder.path()), [0_u32; 0]);
}

#[tokio::test]
async fn whoever_comes_while_the_last_one_stops_it_finds_it_running() {
    const USERS: usize = 4;
    const ROUNDS: u32 = 8;
    let folder = folder();
    let options = options(folder.path());
    let uses = (0..USERS).map(async |number| {
        for round in 0..ROUNDS {
            let server = Server::start_or_attach(&options).await.expect("it starts");
            let client = connect(&server).await;
            // Some leave at once, so that most starts meet a stop.
            for _ in 0..(number * 20) {
                let answer = one(&client).await;
                assert!(matches!(answer, Ok(1)), "user {number}, round {round}: {answer:?}");
            }
            server.stop().await.expect("it lets go");
        }
    });
    futures_util::future::join_all(uses).await;
    assert_eq!(processes(folder.path()), [0_u32; 0]);
}

#[test]
fn users_that_come_and_go_and_are_killed_meet_one_server_and_leave_none() {
    const USERS: usize = 4;
    const ROUNDS: usize = 10;
    let folder = folder();
    let folder = folder.path();
    let uses = |number: usize| {
        for round in 0..ROUNDS {
            let other = Other::start(folder);
            assert_eq!(other.said, "ready", "user {number}, round {round}");
            assert_eq!(first_processes(folder).len(), 1, "user {number}, round {round}");
            // A fixed sequence, in which those who stop and those who are killed take turns to
            // be alone.
            if (number * 7 + round * 3) % 5 < 2 {
                other.kill();
            } else {
                assert_eq!(other.stop(), "stopped", "user {number}, round {round}");
            }
        }
    };
    std::thread::scope(|scope| {
        for number in 0..USERS {
            scope.spawn(move || uses(number));
        }
    });
    let start = Instant::now();
    while !processes(folder).is_empty() {
        assert!(start.elapsed() < PATIENCE, "{:?} still run", processes(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_run_together_without_a_server_do_not_break_each_other() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    place.run(&["demo"]).await;
    let commands: [&[&str]; 4] = [&["verify"], &["rebuild"], &["verify"], &["replay"]];
    for _ in 0..3 {
        let together = commands.iter().map(|command| place.output(command));
        for output in futures_util::future::join_all(together).await {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {errors}", output.status);
        }
        assert_eq!(processes(place.data()), [0_u32; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_beside_a_command_does_not_notice_its_end() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    place.run(&["demo"]).await;
    let command = Other::start(place.data());
    let server = place.serve(&[]).await;
    let caller = server.caller("agent").await;
    let first = postmaster(place.data());
    assert_eq!(command.stop(), "stopped");
    caller.open_conversations(1).await;
    assert_eq!(server.ready().await.expect("an answer").0, 200);
    assert_eq!(postmaster(place.data()), first);
    server.stop().await;
    assert_eq!(processes(place.data()), [0_u32; 0]);
}
