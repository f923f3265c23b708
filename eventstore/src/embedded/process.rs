//! What a crash may leave behind: processes that still run, and a file that names dead ones.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::embedded::EmbeddedError;

/// How long a server that lost its owner has for each way of being ended.
const END_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// What a running server says of itself in `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) socket_dir: PathBuf,
    pub(super) ready: bool,
}

/// What `postmaster.pid` says; `None` where there is none or it is half written.
pub(super) fn pid_file(cluster: &Path) -> Option<Running> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    Some(Running {
        pid: lines.first()?.trim().parse().ok()?,
        socket_dir: PathBuf::from(lines.get(4)?),
        ready: lines.get(7)?.trim() == "ready",
    })
}

/// Whether process `pid` is a live server process of this cluster. A dead one that nobody has
/// waited for has no folder any more, and a stranger with the same number has another.
pub(super) fn serves(pid: u32, cluster: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let named =
        fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "postgres");
    named && fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == cluster)
}

/// All live server processes of this cluster.
fn all(cluster: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| serves(*pid, cluster))
        .collect()
}

/// Ends what an earlier owner left running, and removes the files that name it: PostgreSQL
/// itself refuses to start where these name a process that is dead but not waited for, or
/// a stranger. Only the holder of the lock may call this.
pub(super) fn clear(cluster: &Path, socket_dir: &Path) -> Result<(), EmbeddedError> {
    end_all(cluster)?;
    let files = [
        cluster.join("postmaster.pid"),
        socket_dir.join(".s.PGSQL.5432.lock"),
        socket_dir.join(".s.PGSQL.5432"),
    ];
    files.into_iter().try_for_each(remove)
}

fn end_all(cluster: &Path) -> Result<(), EmbeddedError> {
    // A server that lost its owner is already stopping by itself, or has to be told.
    let orphan = pid_file(cluster).map(|running| running.pid);
    for sign in [Signal::INT, Signal::QUIT, Signal::KILL] {
        let left = all(cluster);
        if left.is_empty() {
            return Ok(());
        }
        tracing::warn!(processes = ?left, "ending a PostgreSQL that lost its owner");
        // The first process ends the others in good order; it alone takes the gentle signals.
        let first = left.iter().copied().filter(|pid| Some(*pid) == orphan).collect::<Vec<_>>();
        let told = if first.is_empty() || sign == Signal::KILL { left } else { first };
        for pid in told {
            signal(pid, sign);
        }
        wait_until_none(cluster);
    }
    match all(cluster).first() {
        None => Ok(()),
        Some(pid) => Err(EmbeddedError::StillRunning { path: cluster.to_owned(), pid: *pid }),
    }
}

fn wait_until_none(cluster: &Path) {
    let start = Instant::now();
    while start.elapsed() < END_MAX && !all(cluster).is_empty() {
        std::thread::sleep(POLL);
    }
}

fn remove(path: PathBuf) -> Result<(), EmbeddedError> {
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::File { action: "could not remove", path, source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Sends a signal; that the process is gone already is no failure.
pub(super) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, ?pid, "a process could not be signalled");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_says_who_serves_where_and_whether_it_is_ready() {
        let cluster = tempfile::tempdir().unwrap();
        let path = cluster.path().join("postmaster.pid");
        fs::write(&path, "71\n/data\n1700000000\n5432\n/run/x\n\n 1 2\nready   \n").unwrap();
        let running = Running { pid: 71, socket_dir: PathBuf::from("/run/x"), ready: true };
        assert_eq!(pid_file(cluster.path()), Some(running));
        fs::write(&path, "71\n/data\n17000").unwrap();
        assert_eq!(pid_file(cluster.path()), None);
    }

    #[test]
    fn a_pid_file_that_names_a_stranger_is_removed_and_the_stranger_left_alone() {
        let cluster = tempfile::tempdir().unwrap();
        let mut stranger = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let text = format!("{}\n/data\n1700000000\n5432\n/run/x\n\n 1 2\nready\n", stranger.id());
        fs::write(cluster.path().join("postmaster.pid"), text).unwrap();
        let folder = cluster.path().canonicalize().unwrap();
        clear(&folder, &folder).unwrap();
        assert!(!cluster.path().join("postmaster.pid").exists());
        assert!(stranger.try_wait().unwrap().is_none());
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}
