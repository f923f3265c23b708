//! The thread that uses the server: joins its users, starts it again where it dies, leaves.
//!
//! Whoever comes or goes does so in their turn, one after the other. Who comes and finds nobody
//! starts the server anew; who goes and leaves nobody waits for its end. In between, all users
//! watch it, and whichever has a turn first starts it again.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::sync::oneshot;

use crate::embedded::{
    EmbeddedError, EmbeddedOptions, cluster,
    lines::Lines,
    place::{Place, file},
    presence::{self, Presence},
    process,
};

/// How often a server that starts or stops is looked at, and whether it is our turn.
const CHANGE_POLL: Duration = Duration::from_millis(10);
/// How often a server that runs is looked at.
const SERVER_POLL: Duration = Duration::from_millis(100);
/// How long an orderly stop may take before the server is told to stop at once.
const STOP_MAX: Duration = Duration::from_mins(1);
/// A server that ran for less than this when it died is started again after a pause, which
/// doubles each time it happens.
const STABLE_AFTER: Duration = Duration::from_secs(10);
const RESTART_PAUSE_MIN: Duration = Duration::from_millis(50);
const RESTART_PAUSE_DOUBLINGS_MAX: u32 = 6;

/// What the keeper and the handle share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    stopping: AtomicBool,
    /// The server's first process, while its end is waited for.
    ending: Mutex<Option<u32>>,
}

impl Shared {
    pub(super) fn ask_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn ending(&self) -> MutexGuard<'_, Option<u32>> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals a server that ends. The lock is held meanwhile, so that the number is still its own.
    fn hurry(&self) {
        if let Some(pid) = *self.ending() {
            process::signal(pid, Signal::QUIT);
        }
    }
}

/// Waits for a keeper that was asked to stop, and hurries the server where that takes too long.
pub(super) fn end(keeper: JoinHandle<()>, shared: &Shared) -> std::thread::Result<()> {
    let start = Instant::now();
    while !keeper.is_finished() && start.elapsed() < STOP_MAX {
        std::thread::sleep(CHANGE_POLL);
    }
    if !keeper.is_finished() {
        tracing::warn!("PostgreSQL takes too long to stop; it is told to stop at once");
        shared.hurry();
    }
    keeper.join()
}

type Ready = oneshot::Sender<Result<PathBuf, EmbeddedError>>;

/// The server that is used.
struct Used {
    place: Place,
    socket_dir: PathBuf,
    /// Its first process.
    pid: u32,
    /// The same, where we started it, and what listens to it.
    child: Option<(Child, Option<JoinHandle<()>>)>,
}

impl Used {
    /// Whether it has ended for certain.
    fn has_ended(&self) -> bool {
        matches!(process::serves(self.pid, &self.place.cluster()), Ok(false))
    }

    /// Leaves no zombie of a server that has ended, and tells how it ended where that is known.
    fn bury(&mut self) -> String {
        let Some((mut child, listener)) = self.child.take() else {
            return "unknown to us".to_owned();
        };
        let status = child.wait();
        if let Some(listener) = listener {
            drop(listener.join());
        }
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

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
        // Nobody listens any more where the caller gave up; then the handle asks to stop, too.
        match self.join() {
            Err(error) => drop(ready.send(Err(error))),
            Ok((turns, presence, mut used)) => {
                drop(ready.send(Ok(used.socket_dir.clone())));
                self.watch(&turns, &presence, &mut used);
                self.leave(&turns, &presence, used);
            }
        }
    }

    /// Joins those who use the server; who is alone starts it.
    fn join(&self) -> Result<(File, Presence, Used), EmbeddedError> {
        let data_dir = &self.options.data_dir;
        std::fs::create_dir_all(data_dir)
            .map_err(|source| file("could not make", data_dir, source))?;
        let data_dir =
            data_dir.canonicalize().map_err(|source| file("could not open", data_dir, source))?;
        let turns = presence::turns(&data_dir)?;
        self.wait_for_turn(&turns)?;
        let presence = Presence::begin(&data_dir)?;
        let place = Place::find(&data_dir)?;
        // A server that nobody used until now has been told to stop, though it may not know yet.
        let found = if presence.is_alone()? { None } else { self.found(&place)? };
        let used = match found {
            Some(used) => used,
            None => self.start(place, &presence)?,
        };
        presence.share()?;
        pass_on(&turns)?;
        Ok((turns, presence, used))
    }

    /// Sees to it that the server runs, until asked to stop.
    fn watch(&self, turns: &File, presence: &Presence, used: &mut Used) {
        let mut since = Instant::now();
        let mut quick_ends = 0;
        while !self.shared.stopping() {
            self.pause(SERVER_POLL);
            if !used.has_ended() || self.shared.stopping() {
                continue;
            }
            if used.child.is_some() {
                let status = used.bury();
                tracing::error!(%status, "the private PostgreSQL died; starting it again");
            }
            if since.elapsed() < STABLE_AFTER {
                self.pause(RESTART_PAUSE_MIN * 2_u32.pow(quick_ends));
                quick_ends = (quick_ends + 1).min(RESTART_PAUSE_DOUBLINGS_MAX);
            } else {
                quick_ends = 0;
            }
            match self.renew(turns, presence, used.place.clone()) {
                Ok(renewed) => *used = renewed,
                Err(EmbeddedError::Stopped) => {}
                Err(error) => tracing::error!(%error, "PostgreSQL could not be started"),
            }
            since = Instant::now();
        }
    }

    /// Finds the server that another user has started again meanwhile, or does so itself.
    fn renew(
        &self,
        turns: &File,
        presence: &Presence,
        place: Place,
    ) -> Result<Used, EmbeddedError> {
        self.wait_for_turn(turns)?;
        let used = match self.found(&place) {
            Ok(None) => self.start(place, presence),
            Ok(Some(used)) => Ok(used),
            Err(error) => Err(error),
        };
        pass_on(turns)?;
        used
    }

    /// Leaves the users of the server; the last one stops it, and waits for its end.
    fn leave(&self, turns: &File, presence: &Presence, mut used: Used) {
        let start = Instant::now();
        let mut is_our_turn = turns.try_lock().is_ok();
        while !is_our_turn && start.elapsed() < STOP_MAX {
            std::thread::sleep(CHANGE_POLL);
            is_our_turn = turns.try_lock().is_ok();
        }
        // Who goes without a turn does not wait; the kernel tells the server where nobody is left.
        if !is_our_turn || !presence.is_alone().unwrap_or(false) {
            return;
        }
        let cluster = used.place.cluster();
        // Another user may have started it again, and gone, before we noticed.
        if let Some(running) = process::pid_file(&cluster) {
            used.pid = running.pid;
        }
        if !used.has_ended() {
            *self.shared.ending() = Some(used.pid);
            process::signal(used.pid, Signal::INT);
            while !used.has_ended() {
                std::thread::sleep(CHANGE_POLL);
            }
            *self.shared.ending() = None;
        }
        if let Err(error) = process::wait_until_none(&cluster) {
            tracing::warn!(%error, "PostgreSQL may not have ended yet");
        }
        used.bury();
        used.place.leave(&used.socket_dir);
    }

    /// Returns early where the handle is dropped.
    fn pause(&self, at_most: Duration) {
        let _ = self.woken.recv_timeout(at_most);
    }

    fn wait_for_turn(&self, turns: &File) -> Result<(), EmbeddedError> {
        let start = Instant::now();
        loop {
            match turns.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(source)) => {
                    return Err(file("could not lock", &self.options.data_dir, source));
                }
                Err(TryLockError::WouldBlock) if self.shared.stopping() => {
                    return Err(EmbeddedError::Stopped);
                }
                Err(TryLockError::WouldBlock) if start.elapsed() > self.options.start_max => {
                    let output = "another process is starting or stopping it".to_owned();
                    return Err(EmbeddedError::NotReady { waited: start.elapsed(), output });
                }
                Err(TryLockError::WouldBlock) => self.pause(CHANGE_POLL),
            }
        }
    }

    /// The server that runs, once it is ready; none where there is none, or no longer.
    fn found(&self, place: &Place) -> Result<Option<Used>, EmbeddedError> {
        let cluster = place.cluster();
        let start = Instant::now();
        loop {
            match process::pid_file(&cluster) {
                Some(running) if process::serves(running.pid, &cluster)? => {
                    if running.ready {
                        let (socket_dir, pid) = (running.socket_dir, running.pid);
                        let place = place.clone();
                        return Ok(Some(Used { place, socket_dir, pid, child: None }));
                    }
                }
                Some(_) | None => {
                    if process::all(&cluster)?.is_empty() {
                        return Ok(None);
                    }
                }
            }
            if self.shared.stopping() {
                return Err(EmbeddedError::Stopped);
            }
            if start.elapsed() > self.options.start_max {
                let output = "another process has started it".to_owned();
                return Err(EmbeddedError::NotReady { waited: start.elapsed(), output });
            }
            self.pause(CHANGE_POLL);
        }
    }

    /// Clears up, and starts the server.
    fn start(&self, place: Place, presence: &Presence) -> Result<Used, EmbeddedError> {
        let binaries = cluster::prepare(&place, &self.options)?;
        let socket_dir = place.socket_dir()?;
        let held = process::clear(&place.cluster(), &socket_dir)?;
        let options = &self.options;
        let mut child = cluster::spawn(&binaries, &place, &socket_dir, options, presence, held)?;
        let pid = child.id();
        let lines = Lines::default();
        let shared = Arc::clone(&self.shared);
        let listener =
            child.stderr.take().map(|stderr| lines.listen(stderr, move || shared.stopping()));
        if let Err(error) = self.until_ready(&mut child, &place.cluster(), &lines) {
            if matches!(child.try_wait(), Ok(None)) {
                process::signal(pid, Signal::QUIT);
            }
            Used { place, socket_dir, pid, child: Some((child, listener)) }.bury();
            return Err(error);
        }
        tracing::debug!(version = binaries.major, "the private PostgreSQL is ready");
        Ok(Used { place, socket_dir, pid, child: Some((child, listener)) })
    }

    /// Waits until the server takes connections, or somebody asks to stop.
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
            if !matches!(child.try_wait(), Ok(None)) {
                // Its last words may still be on their way.
                std::thread::sleep(CHANGE_POLL);
                let program = "postgres".to_owned();
                return Err(EmbeddedError::Program { program, output: lines.last() });
            }
            if start.elapsed() > self.options.start_max {
                let waited = start.elapsed();
                return Err(EmbeddedError::NotReady { waited, output: lines.last() });
            }
            std::thread::sleep(CHANGE_POLL);
        }
    }
}

/// Ends a turn.
fn pass_on(turns: &File) -> Result<(), EmbeddedError> {
    turns.unlock().map_err(|source| file("could not unlock", Path::new("postgres.lock"), source))
}
