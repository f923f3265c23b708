//! The server's own folder: made once, and the programs that are run on it.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal},
};

use crate::embedded::{
    Binaries, EmbeddedError, EmbeddedOptions, NAME,
    place::{Place, User, file},
    presence::Presence,
};

/// Makes the cluster if there is none, and finds the binaries that fit it.
pub(super) fn prepare(place: &Place, options: &EmbeddedOptions) -> Result<Binaries, EmbeddedError> {
    let version_file = place.cluster().join("PG_VERSION");
    match fs::read_to_string(&version_file) {
        Ok(version) => Binaries::find(options.bin_dir.as_deref(), version.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let binaries = Binaries::find(options.bin_dir.as_deref(), None)?;
            create(&binaries, place, options)?;
            Ok(binaries)
        }
        Err(source) => Err(file("could not read", &version_file, source)),
    }
}

/// Makes a cluster with our user and database. It gets its name when it is complete, so that one
/// that was interrupted is never taken for whole.
fn create(
    binaries: &Binaries,
    place: &Place,
    options: &EmbeddedOptions,
) -> Result<(), EmbeddedError> {
    let unfinished = place.base.join("postgres.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)
            .map_err(|source| file("could not remove", &unfinished, source))?;
    }
    place.make_private(&unfinished)?;
    let mut initdb = command(binaries, "initdb", place.user);
    die_with_this_thread(&mut initdb);
    initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .arg(format!("--username={NAME}"))
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"])
        // Only the server's user and root can enter the socket's folder; there is no other way in.
        .args(["--auth-local=trust", "--auth-host=reject"]);
    if !options.durable {
        initdb.arg("--no-sync");
    }
    run(initdb, "initdb", "")?;
    let mut single = command(binaries, "postgres", place.user);
    die_with_this_thread(&mut single);
    single.arg("--single").arg("-D").arg(&unfinished);
    if !options.durable {
        single.args(["-c", "fsync=off"]);
    }
    single.arg("postgres");
    run(single, "postgres --single", &format!("create database {NAME}\n"))?;
    let cluster = place.cluster();
    fs::rename(&unfinished, &cluster)
        .and_then(|()| File::open(&place.base)?.sync_all())
        .map_err(|source| file("could not make", &cluster, source))
}

/// Starts the server, as the user of the place. It stops when nobody uses it any more, and
/// keeps what is `held` locked until it has.
pub(super) fn spawn(
    binaries: &Binaries,
    place: &Place,
    socket_dir: &Path,
    options: &EmbeddedOptions,
    presence: &Presence,
    held: File,
) -> Result<Child, EmbeddedError> {
    let mut postgres = command(binaries, "postgres", place.user);
    presence.outlive_none(&mut postgres)?;
    keep_open(&mut postgres, held);
    postgres.arg("-D").arg(place.cluster()).arg("-k").arg(socket_dir);
    for (name, value) in settings(options) {
        postgres.arg("-c").arg(format!("{name}={value}"));
    }
    // A Ctrl-C at the terminal is for us: the server stops when we have finished with it.
    postgres.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    postgres
        .spawn()
        .map_err(|source| file("could not start", &binaries.program("postgres"), source))
}

/// The program stops, orderly, when the thread that started it ends, be it by `kill -9`.
#[expect(unsafe_code, reason = "what runs between fork and exec has no safe form")]
fn die_with_this_thread(command: &mut Command) {
    let parent: Pid = getpid();
    let ask = move || {
        set_parent_process_death_signal(Some(Signal::INT))?;
        // Had we died before that was asked, nobody would ever tell it.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::Error::other("the parent is gone")) }
    };
    // SAFETY: two plain system calls, no allocation but for an error that ends the child, no lock.
    unsafe {
        command.pre_exec(ask);
    }
}

/// The program, and what it starts, keep the file open.
#[expect(unsafe_code, reason = "what runs between fork and exec has no safe form")]
fn keep_open(command: &mut Command, file: File) {
    let ask = move || Ok(fcntl_setfd(&file, FdFlags::empty())?);
    // SAFETY: a plain system call, no allocation but for an error that ends the child, no lock.
    unsafe {
        command.pre_exec(ask);
    }
}

/// What the server is told. Only warnings are logged, and never a statement or a value, since
/// these may be personal.
fn settings(options: &EmbeddedOptions) -> Vec<(&'static str, String)> {
    let mut settings: Vec<(&'static str, String)> = [
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("port", "5432"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_line_prefix", ""),
        ("log_min_messages", "warning"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_checkpoints", "off"),
        // Short statements by the thousand: compiling them costs more than it gives.
        ("jit", "off"),
        ("random_page_cost", "1.1"),
        ("wal_compression", "on"),
        ("max_wal_size", "2GB"),
        ("checkpoint_timeout", "15min"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec();
    settings.push(("max_connections", options.connections_max.to_string()));
    settings.push(("shared_buffers", format!("{}MB", options.shared_buffers_mib)));
    if !options.durable {
        // Commits stay synchronous: what was acknowledged survives a killed server even so.
        for name in ["fsync", "full_page_writes"] {
            settings.push((name, "off".to_owned()));
        }
    }
    settings
}

/// One of the server's programs, run as `user`, without what PG* variables would change.
fn command(binaries: &Binaries, program: &str, user: User) -> Command {
    let mut command = Command::new(binaries.program(program));
    command.env_clear().env("LC_ALL", "C.UTF-8").env("TZ", "UTC").current_dir("/");
    for kept in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    if user.other {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// Runs a program to its end; an error holds what it said.
fn run(mut command: Command, program: &str, input: &str) -> Result<(), EmbeddedError> {
    let failed = |output: String| EmbeddedError::Program { program: program.to_owned(), output };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early does not read; why it ended is what it said.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
