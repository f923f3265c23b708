//! Who uses the server: everybody who does holds a named pipe open, and a shared lock on it.
//!
//! The lock is how somebody who leaves learns whether others stay. The pipe is how the server
//! learns that nobody is left, however they ended: the kernel then signals it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::{
            fs::{MetadataExt, OpenOptionsExt, lchown},
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::Command,
};

use rustix::{
    fs::{CWD, FlockOperation, Mode, OFlags, fcntl_getfl, fcntl_setfl, flock, mkfifoat},
    io::{Errno, FdFlags, fcntl_setfd, retry_on_intr},
    process::getuid,
};

use crate::embedded::{EmbeddedError, place::file};

/// The command of `fcntl` that chooses the signal, which the crate `libc` does not name.
const F_SETSIG: libc::c_int = 10;

/// That this process uses the server. The kernel ends it with the process.
///
/// Whoever comes, or goes, does so in their turn: while holding the lock of [`turns`].
#[derive(Debug)]
pub(super) struct Presence {
    path: PathBuf,
    pipe: File,
}

/// The file whose lock is held by whoever comes or goes, starts the server or stops it.
pub(super) fn turns(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("postgres.lock");
    let failed = |source| file("could not open", &path, source);
    let made = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let turns = made.map_err(failed)?;
    give_to_owner(&path, data_dir).map_err(failed)?;
    Ok(turns)
}

impl Presence {
    /// Joins those who use the server of a data directory.
    pub(super) fn begin(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("postgres.users");
        match mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR) {
            Ok(()) => give_to_owner(&path, data_dir)
                .map_err(|source| file("could not give away", &path, source))?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(file("could not make", &path, error.into())),
        }
        // For reading as well: to open a pipe for writing alone waits for a reader.
        let pipe = OpenOptions::new().read(true).write(true).open(&path);
        let pipe = pipe.map_err(|source| file("could not open", &path, source))?;
        Ok(Self { path, pipe })
    }

    /// Whether nobody else uses the server. Until [`Self::share`] others do not count this user.
    pub(super) fn is_alone(&self) -> Result<bool, EmbeddedError> {
        match self.lock(FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(file("could not lock", &self.path, error.into())),
        }
    }

    /// Shows others that the server is used.
    pub(super) fn share(&self) -> Result<(), EmbeddedError> {
        self.lock(FlockOperation::LockShared)
            .map_err(|error| file("could not lock", &self.path, error.into()))
    }

    fn lock(&self, operation: FlockOperation) -> Result<(), Errno> {
        retry_on_intr(|| flock(&self.pipe, operation))
    }

    /// The program is sent SIGINT, by which PostgreSQL stops orderly, once nobody has the pipe
    /// open any more.
    #[expect(unsafe_code, reason = "what runs between fork and exec has no safe form")]
    pub(super) fn outlive_none(&self, command: &mut Command) -> Result<(), EmbeddedError> {
        let end = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&self.path)
            .map_err(|source| file("could not open", &self.path, source))?;
        let end = OwnedFd::from(end);
        let ask = move || {
            control(end.as_raw_fd(), libc::F_SETOWN, rustix::process::getpid().as_raw_pid())?;
            control(end.as_raw_fd(), F_SETSIG, libc::SIGINT)?;
            fcntl_setfl(&end, fcntl_getfl(&end)? | OFlags::ASYNC)?;
            // The program keeps it.
            Ok(fcntl_setfd(&end, FdFlags::empty())?)
        };
        // SAFETY: plain system calls, no allocation but for an error that ends the child, no lock.
        unsafe {
            command.pre_exec(ask);
        }
        Ok(())
    }
}

/// The calls of `fcntl` that nobody offers in a safe form.
#[expect(unsafe_code, reason = "a call of the system")]
fn control(end: RawFd, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: both commands that this is called with take a number, and touch no memory.
    if unsafe { libc::fcntl(end, name, value) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// What root makes in the data directory of another user is theirs to open as well.
fn give_to_owner(path: &Path, data_dir: &Path) -> io::Result<()> {
    if !getuid().is_root() {
        return Ok(());
    }
    let owner = data_dir.metadata()?;
    // Not what a link leads to: the directory is not ours.
    lchown(path, Some(owner.uid()), Some(owner.gid()))
}
