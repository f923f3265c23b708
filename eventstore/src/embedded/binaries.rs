//! Which PostgreSQL: the setting, PATH, the folders of the distributions, our own cache.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::embedded::EmbeddedError;

/// The oldest major version that the product runs on.
pub const MAJOR_MIN: u32 = 15;

/// The programs of one server version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder with `postgres` and `initdb`.
    pub folder: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Binaries {
    /// Finds a server: from `bin_dir` alone where given; of exactly the version `major` where
    /// there are data of that version already, else the first that is new enough.
    ///
    /// # Errors
    ///
    /// There is none; the error says where was looked.
    pub fn find(bin_dir: Option<&Path>, major: Option<u32>) -> Result<Self, EmbeddedError> {
        let folders = match bin_dir {
            Some(folder) => vec![folder.to_owned()],
            None => folders(),
        };
        folders.iter().filter_map(|folder| Self::in_folder(folder)).find(|it| it.fits(major)).ok_or(
            EmbeddedError::NoBinaries {
                wanted: major.map_or(format!("{MAJOR_MIN} or newer"), |major| major.to_string()),
                looked_in: folders.iter().map(|folder| folder.display().to_string()).collect(),
            },
        )
    }

    fn fits(&self, major: Option<u32>) -> bool {
        major.map_or(self.major >= MAJOR_MIN, |major| self.major == major)
    }

    /// The server in one folder; `None` where it is not whole.
    fn in_folder(folder: &Path) -> Option<Self> {
        // PATH often holds links: the server finds its own files beside the real program.
        let postgres = folder.join("postgres").canonicalize().ok()?;
        let folder = postgres.parent()?.to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let said = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&said.stdout))?;
        Some(Self { folder, major })
    }

    /// One of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The folders to look in, best first.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    folders.retain(|folder| folder.join("postgres").exists());
    folders.extend(newest_first("/usr/lib/postgresql", ""));
    folders.extend(newest_first("/usr", "pgsql-"));
    folders.extend(caches().iter().flat_map(|cache| newest_first(cache, "postgres-")));
    folders
}

/// Where `scripts/install-postgres` puts a server that the machine's packages do not have.
fn caches() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
    let system = PathBuf::from("/var/cache/allhours");
    user.map(|cache| cache.join("allhours")).into_iter().chain([system]).collect()
}

/// The `bin` folders of `parent`'s entries that are named `prefix` and a version.
fn newest_first(parent: impl AsRef<Path>, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = parent.as_ref().read_dir() else { return Vec::new() };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?;
            let version =
                version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`: 15.
fn major_version(said: &str) -> Option<u32> {
    let version = said.split("(PostgreSQL) ").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says_of_itself() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(major_version(debian), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18.6"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 19beta2"), Some(19));
        assert_eq!(major_version("nothing of the kind"), None);
    }

    #[test]
    fn newer_versions_come_first_by_number_not_by_letter() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["postgres-9.6", "postgres-18.6.3", "postgres-18.10.0", "target"] {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = newest_first(parent.path(), "postgres-");
        let names: Vec<_> =
            found.iter().map(|it| it.strip_prefix(parent.path()).unwrap().to_owned()).collect();
        let expected = ["postgres-18.10.0/bin", "postgres-18.6.3/bin", "postgres-9.6/bin"];
        assert_eq!(names, expected.map(PathBuf::from));
    }

    #[test]
    fn a_folder_without_a_server_is_named_in_the_error() {
        let empty = tempfile::tempdir().unwrap();
        let error = Binaries::find(Some(empty.path()), None).unwrap_err();
        assert!(error.to_string().contains(&empty.path().display().to_string()), "{error}");
        assert!(error.to_string().contains("15 or newer"), "{error}");
    }
}
