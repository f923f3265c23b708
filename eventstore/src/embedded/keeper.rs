//! The thread that keeps the server: takes the lock, clears up, starts, starts again, stops.
//!
//! It is one thread for the life of the server, since the kernel tells the server to stop when
//! the *thread* that started it ends, which is what happens to all threads of a killed process.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStderr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, waitid},
};
use tokio::sync::oneshot;

use crate::embedded::{
    EmbeddedError, EmbeddedOptions, cluster,
    place::{Place, entry, file},
    process,
};

/// How often a starting server, or the owner of a server, is looked at.
const START_POLL: Duration = Duration::from_millis(10);
/// How often an attached process looks whether the owner is gone.
const OWNER_POLL: Duration = Duration::from_millis(200);
/// How long an orderly stop may take before the server is told to stop at once.
const STOP_MAX: Duration = Duration::from_mins(1);
/// A server that ran for less than this when it died is started again after a pause, which
/// doubles each time it happens.
const STABLE_AFTER: Duration = Duration::from_secs(10);
const RESTART_PAUSE_MIN: Duration = Duration::from_millis(50);
const RESTART_PAUSE_DOUBLINGS_MAX: u32 = 6;
/// How many of the server's last lines are kept for an error.
const LINES_KEPT: usize = 20;

/// What the keeper and the handle share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    stopping: AtomicBool,
    owner: AtomicBool,
    /// The server's process while it is ours and not yet waited for.
    running: Mutex<Option<u32>>,
}

impl Shared {
    pub(super) fn is_owner(&self) -> bool {
        self.owner.load(Ordering::Acquire)
    }

    pub(super) fn ask_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.tell(Signal::INT);
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn running(&self) -> MutexGuard<'_, Option<u32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals the server. The lock is held meanwhile, so that the number is still its own.
    fn tell(&self, signal: Signal) {
        if let Some(pid) = *self.running() {
            process::signal(pid, signal);
        }
    }
}

/// Waits for a keeper that was asked to stop, and hurries the server where that takes too long.
pub(super) fn end(keeper: JoinHandle<()>, shared: &Shared) -> std::thread::Result<()> {
    let start = Instant::now();
    while !keeper.is_finished() && start.elapsed() < STOP_MAX {
        std::thread::sleep(START_POLL);
    }
    if !keeper.is_finished() {
        tracing::warn!("PostgreSQL takes too long to stop; it is told to stop at once");
        shared.tell(Signal::QUIT);
    }
    keeper.join()
}

type Ready = oneshot::Sender<Result<PathBuf, EmbeddedError>>;
type Lines = Arc<Mutex<VecDeque<String>>>;

/// The state of the thread.
pub(super) struct Keeper {
    options: EmbeddedOptions,
    shared: Arc<Shared>,
    woken: mpsc::Receiver<()>,
}

impl Keeper {
    pub(super) fn new(
        options: EmbeddedOptions,
        shared: Arc<Shared>,
        woken: mpsc::Receiver<()>,
    ) -> Self {
        Self { options, shared, woken }
    }

    /// Runs until asked to stop, or until the first start fails; tells `ready` of the first start.
    pub(super) fn run(self, ready: Ready) {
        let mut ready = Some(ready);
        let mut quick_ends = 0;
        let start = Instant::now();
        let lock = match self.lock_file() {
            Ok(lock) => lock,
            Err(error) => return answer(&mut ready, Err(error)),
        };
        while !self.shared.stopping() {
            match lock.try_lock() {
                Ok(()) => {
                    self.shared.owner.store(true, Ordering::Release);
                    let started = Instant::now();
                    match self.own(&mut ready) {
                        Err(error) if ready.is_some() => return answer(&mut ready, Err(error)),
                        Err(error) => tracing::error!(%error, "PostgreSQL could not be started"),
                        Ok(()) => {}
                    }
                    if started.elapsed() < STABLE_AFTER {
                        self.pause(RESTART_PAUSE_MIN * 2_u32.pow(quick_ends));
                        quick_ends = (quick_ends + 1).min(RESTART_PAUSE_DOUBLINGS_MAX);
                    } else {
                        quick_ends = 0;
                    }
                }
                Err(TryLockError::WouldBlock) => {
                    if ready.is_none() {
                        self.pause(OWNER_POLL);
                    } else if let Some(socket_dir) = self.other_owner() {
                        answer(&mut ready, Ok(socket_dir));
                    } else if start.elapsed() > self.options.start_max {
                        let output = "another process owns the data directory".to_owned();
                        let waited = start.elapsed();
                        let error = EmbeddedError::NotReady { waited, output };
                        return answer(&mut ready, Err(error));
                    } else {
                        self.pause(START_POLL);
                    }
                }
                Err(TryLockError::Error(source)) => {
                    let error = file("could not lock", &self.options.data_dir, source);
                    return answer(&mut ready, Err(error));
                }
            }
        }
    }

    /// Returns early where the handle is dropped.
    fn pause(&self, at_most: Duration) {
        let _ = self.woken.recv_timeout(at_most);
    }

    fn lock_file(&self) -> Result<File, EmbeddedError> {
        let data_dir = &self.options.data_dir;
        std::fs::create_dir_all(data_dir)
            .map_err(|source| file("could not make", data_dir, source))?;
        let path = data_dir.join("postgres.lock");
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| file("could not open", &path, source))
    }

    /// The socket's folder of a server that another process owns, once it is ready.
    fn other_owner(&self) -> Option<PathBuf> {
        let cluster = entry(&self.options.data_dir).canonicalize().ok()?;
        let running = process::pid_file(&cluster)?;
        (running.ready && process::serves(running.pid, &cluster)).then_some(running.socket_dir)
    }

    /// Runs the server once, from clearing up to its end.
    fn own(&self, ready: &mut Option<Ready>) -> Result<(), EmbeddedError> {
        let data_dir = &self.options.data_dir;
        let data_dir =
            data_dir.canonicalize().map_err(|source| file("could not open", data_dir, source))?;
        let place = Place::find(&data_dir)?;
        let binaries = cluster::prepare(&place, &self.options)?;
        let socket_dir = place.socket_dir()?;
        process::clear(&place.cluster(), &socket_dir)?;
        let mut child = {
            // Whoever asks to stop meanwhile finds the process, or is found to have asked.
            let mut running = self.shared.running();
            if self.shared.stopping() {
                return Ok(());
            }
            let child = cluster::spawn(&binaries, &place, &socket_dir, &self.options)?;
            *running = Some(child.id());
            child
        };
        let lines = Lines::default();
        let listener = child.stderr.take().map(|stderr| listen(stderr, Arc::clone(&lines)));
        let outcome = self.until_ready(&mut child, &place.cluster(), &lines);
        if outcome.is_ok() {
            tracing::debug!(version = binaries.major, "the private PostgreSQL is ready");
            answer(ready, Ok(socket_dir.clone()));
        } else {
            self.shared.tell(Signal::QUIT);
        }
        let status = wait(&mut child, &self.shared);
        if let Some(listener) = listener {
            drop(listener.join());
        }
        if self.shared.stopping() {
            place.leave(&socket_dir);
        } else if outcome.is_ok() {
            tracing::error!(%status, "the private PostgreSQL died; starting it again");
        }
        outcome
    }

    /// Waits until the server takes connections.
    fn until_ready(
        &self,
        child: &mut Child,
        cluster: &Path,
        lines: &Lines,
    ) -> Result<(), EmbeddedError> {
        let start = Instant::now();
        loop {
            let ready = process::pid_file(cluster)
                .is_some_and(|running| running.ready && running.pid == child.id());
            if ready || self.shared.stopping() {
                return Ok(());
            }
            if ended(child, WaitIdOptions::NOHANG) {
                // Its last words may still be on their way.
                std::thread::sleep(START_POLL);
                let program = "postgres".to_owned();
                return Err(EmbeddedError::Program { program, output: last(lines) });
            }
            if start.elapsed() > self.options.start_max {
                let waited = start.elapsed();
                return Err(EmbeddedError::NotReady { waited, output: last(lines) });
            }
            std::thread::sleep(START_POLL);
        }
    }
}

/// Waits for the end of the server. Its number is forgotten before it is reaped, so that no
/// signal goes to a stranger who gets the number next.
fn wait(child: &mut Child, shared: &Shared) -> String {
    while !ended(child, WaitIdOptions::empty()) {}
    *shared.running() = None;
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Whether the server has ended; it is not reaped.
fn ended(child: &Child, how: WaitIdOptions) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | how;
    match waitid(WaitId::Pid(Pid::from_child(child)), options) {
        Ok(status) => status.is_some(),
        Err(error) => error != Errno::INTR,
    }
}

fn answer(ready: &mut Option<Ready>, outcome: Result<PathBuf, EmbeddedError>) {
    if let Some(ready) = ready.take() {
        // Nobody listens any more where the caller gave up; then the handle asks to stop, too.
        let _ = ready.send(outcome);
    }
}

/// Passes on what the server says, and remembers the last of it.
fn listen(stderr: ChildStderr, lines: Lines) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        // A line without an end must not fill the memory.
        while reader.by_ref().take(8_192).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            tell(&text);
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == LINES_KEPT {
                lines.pop_front();
            }
            lines.push_back(text);
        }
    })
}

/// What PostgreSQL says of a client that went while it was being answered: every program that
/// ends does so, and nobody has to do anything about it.
const CLIENT_GONE: &str = "FATAL:  connection to client lost";

fn tell(text: &str) {
    let levels = ["WARNING:", "ERROR:", "FATAL:", "PANIC:"];
    if text != CLIENT_GONE && levels.iter().any(|level| text.contains(level)) {
        tracing::warn!(target: "postgres", "{text}");
    } else {
        tracing::debug!(target: "postgres", "{text}");
    }
}

fn last(lines: &Lines) -> String {
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}
