//! What a crash may leave behind: processes that still run, and a file that names dead ones.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};

use crate::embedded::{EmbeddedError, place::file};

/// How long a server that lost its users has for each way of being ended.
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
///
/// That nothing can be told, as where no file can be opened, is an error: a server that is taken
/// for dead would be started a second time.
pub(super) fn serves(pid: u32, cluster: &Path) -> Result<bool, EmbeddedError> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let failed = |source| file("could not look at", &process, source);
    let name = told(fs::read_to_string(process.join("comm"))).map_err(failed)?;
    if name.is_none_or(|name| name.trim() != "postgres") {
        return Ok(false);
    }
    let folder = told(fs::read_link(process.join("cwd"))).map_err(failed)?;
    Ok(folder.is_some_and(|folder| folder == cluster))
}

/// What the system tells of a process; nothing of one that is gone, or another user's.
fn told<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM) => Ok(None),
            Some(_) | None => Err(error),
        },
    }
}

/// All live server processes of this cluster.
pub(super) fn all(cluster: &Path) -> Result<Vec<u32>, EmbeddedError> {
    let processes = Path::new("/proc");
    let failed = |source| file("could not look through", processes, source);
    let mut all = Vec::new();
    for entry in fs::read_dir(processes).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
            && serves(pid, cluster)?
        {
            all.push(pid);
        }
    }
    Ok(all)
}

/// Ends what earlier users left running, and removes the files that name it: PostgreSQL
/// itself refuses to start where these name a process that is dead but not waited for, or
/// a stranger. Only who has a turn may call this.
///
/// Gives a file of the cluster, locked: the next server is to hold it for as long as any process
/// of it lives. Where one holds it that can't be seen, as from another container, nothing is
/// touched.
pub(super) fn clear(cluster: &Path, socket_dir: &Path) -> Result<File, EmbeddedError> {
    end_all(cluster)?;
    let path = cluster.join("PG_VERSION");
    let held = OpenOptions::new().read(true).write(true).open(&path);
    let held = held.map_err(|source| file("could not open", &path, source))?;
    match held.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(EmbeddedError::OutOfSight { path: cluster.to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(file("could not lock", &path, source)),
    }
    let files = [
        cluster.join("postmaster.pid"),
        socket_dir.join(".s.PGSQL.5432.lock"),
        socket_dir.join(".s.PGSQL.5432"),
    ];
    files.iter().try_for_each(|path| remove(path))?;
    Ok(held)
}

fn end_all(cluster: &Path) -> Result<(), EmbeddedError> {
    // A server that lost its users is already stopping by itself, or has to be told.
    let orphan = pid_file(cluster).map(|running| running.pid);
    for sign in [Signal::INT, Signal::QUIT, Signal::KILL] {
        let left = all(cluster)?;
        if left.is_empty() {
            return Ok(());
        }
        tracing::warn!(processes = ?left, "ending a PostgreSQL that nobody uses any more");
        // The first process ends the others in good order; it alone takes the gentle signals.
        let first = left.iter().copied().filter(|pid| Some(*pid) == orphan).collect::<Vec<_>>();
        let told = if first.is_empty() || sign == Signal::KILL { left } else { first };
        for pid in told {
            signal(pid, sign);
        }
        wait_until_none(cluster)?;
    }
    match all(cluster)?.first() {
        None => Ok(()),
        Some(pid) => Err(EmbeddedError::StillRunning { path: cluster.to_owned(), pid: *pid }),
    }
}

/// Waits until none is left, for as long as that may take.
pub(super) fn wait_until_none(cluster: &Path) -> Result<(), EmbeddedError> {
    let start = Instant::now();
    while start.elapsed() < END_MAX && !all(cluster)?.is_empty() {
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(file("could not remove", path, error))
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
        fs::write(cluster.path().join("PG_VERSION"), "15\n").unwrap();
        let folder = cluster.path().canonicalize().unwrap();
        clear(&folder, &folder).unwrap();
        assert!(!cluster.path().join("postmaster.pid").exists());
        assert!(stranger.try_wait().unwrap().is_none());
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}
