//! Whose a desk is: nobody but its owner works on it, and it is nowhere by chance.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::process::Command;

use super::run::{Ran, run};
use crate::process::home;

const NOBODY: u32 = 65_534;

/// Somebody who is not root, with a program and a folder of their own.
struct Ordinary {
    folder: TempDir,
    program: PathBuf,
    /// Whether that is somebody else than we are: only root may become another one.
    other: bool,
}

impl Ordinary {
    fn new() -> Self {
        let folder = home();
        let path = folder.path();
        let other = path.metadata().expect("it is there").uid() == 0;
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("opened");
        // Where the program was built may be closed to others.
        let (ours, program) = (env!("CARGO_BIN_EXE_allhours-under-test"), path.join("program"));
        if fs::hard_link(ours, &program).is_err() {
            fs::copy(ours, &program).expect("a copy");
        }
        Self { folder, program, other }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command with these variables as its whole environment.
    async fn run(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let output = loop {
            let mut command = Command::new(&self.program);
            command.args(arguments).env_clear().envs(environment.iter().copied());
            command.env("PATH", "/usr/bin:/bin").env("TMPDIR", self.folder.path());
            command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
            if self.other {
                command.uid(NOBODY).gid(NOBODY);
            }
            match command.output().await {
                // What another test began at that moment may hold the copy open for writing.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                output => break output.expect("it runs"),
            }
        };
        Ran {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).expect("it writes text"),
            errors: String::from_utf8(output.stderr).expect("it writes text"),
        }
    }
}

/// What is in a folder and belongs to root.
fn of_root(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("it is there");
        if metadata.is_dir() {
            found.extend(of_root(&path));
        }
        if metadata.uid() == 0 {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_worked_on_by_its_owner_and_by_nobody_else() {
    let ordinary = Ordinary::new();
    if !ordinary.other {
        // Nobody can become another user then; the rule itself has a test beside it.
        return;
    }
    let data = ordinary.path("data");
    let named = data.display().to_string();
    ordinary.run(&[], &["demo", "--data-dir", &named]).await.well();
    let commands: &[&[&str]] = &[
        &["rebuild", "search"],
        &["verify"],
        &["demo"],
        &["migrate"],
        &["checkpoint"],
        &["checkpoint", "--new-key"],
        &["token", "--tenant", "demo", "--role", "agent"],
        &["serve", "--listen", "127.0.0.1:0"],
    ];
    let said = format!("the desk at {named} belongs to the user");
    for command in commands {
        let ran = run(&data, command).await;
        assert_eq!(ran.code, 1, "{command:?}: {ran:?}");
        assert!(ran.errors.contains(&said), "{command:?}: {ran:?}");
        assert!(ran.errors.contains("run it as that user"), "{command:?}: {ran:?}");
        assert_eq!(of_root(&data), [""; 0].map(PathBuf::from), "{command:?}");
    }
    let looked = run(&data, &["doctor"]).await;
    assert!(looked.code == 1 && looked.out.contains(&said), "{looked:?}");
    assert_eq!(of_root(&data), [""; 0].map(PathBuf::from));
    ordinary.run(&[], &["rebuild", "search", "--data-dir", &named]).await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_home_is_asked_where_the_data_shall_be() {
    let ordinary = Ordinary::new();
    for command in [&["migrate"][..], &["verify"], &["doctor"]] {
        let ran = ordinary.run(&[], command).await;
        assert_eq!(ran.code, 2, "{command:?}: {ran:?}");
        assert!(ran.errors.contains("--data-dir"), "{command:?}: {ran:?}");
        assert!(!ordinary.path("allhours").exists(), "{command:?}: in a folder for passing things");
    }
    // With a home there is a usual place; and some commands need none.
    let home = ordinary.path("home").display().to_string();
    let ran = ordinary.run(&[("HOME", &home)], &["verify"]).await;
    let place = format!("there is no desk at {home}/.local/share/allhours");
    assert!(ran.code == 1 && ran.errors.contains(&place), "{ran:?}");
    let ran = ordinary.run(&[], &["verify", "--bundle", "/nowhere"]).await;
    assert!(ran.errors.contains("there is no folder /nowhere"), "{ran:?}");
    ordinary.run(&[], &["man"]).await.well();
}
