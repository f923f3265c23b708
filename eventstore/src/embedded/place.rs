//! Where the server lives, and as which user it runs.
//!
//! PostgreSQL refuses to run as root: started by root it runs as `postgres`, or `nobody`. That
//! user must be able to reach the folder. Where the data directory is below a folder that is
//! closed to it, such as `/root`, the server's folder stands in `/var/lib/allhours`, and a link
//! in the data directory leads there.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};
use rustix::process::{getgid, getuid};

use crate::embedded::EmbeddedError;

/// The longest folder that a socket's name fits behind: 107 bytes less `/.s.PGSQL.5432`.
const SOCKET_DIR_LENGTH_MAX: usize = 107 - 14;

/// Where a folder is made that the data directory cannot hold.
const ELSEWHERE: &str = "/var/lib/allhours";

/// Who the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether that is somebody else than we are.
    pub(super) other: bool,
}

/// Where everything is. All paths are without links.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder that holds the cluster's folder.
    pub(super) base: PathBuf,
    pub(super) user: User,
}

/// The cluster's folder as seen from the data directory; a link where it stands elsewhere.
pub(super) fn entry(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

impl Place {
    /// The cluster's folder; it exists once it is complete.
    pub(super) fn cluster(&self) -> PathBuf {
        self.base.join("postgres")
    }

    /// Finds the place of an existing cluster, or chooses one.
    pub(super) fn find(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let entry = entry(data_dir);
        match fs::symlink_metadata(&entry) {
            Ok(found) if found.is_symlink() && !entry.exists() => Self::unfinished(&entry),
            Ok(_) => Self::existing(&entry),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::choose(data_dir),
            Err(source) => Err(file("could not look at", &entry, source)),
        }
    }

    fn existing(entry: &Path) -> Result<Self, EmbeddedError> {
        let failed = |source| file("could not open", entry, source);
        let cluster = entry.canonicalize().map_err(failed)?;
        let metadata = cluster.metadata().map_err(failed)?;
        let (owner, me) = (metadata.uid(), getuid().as_raw());
        if owner == 0 || (me != 0 && me != owner) {
            return Err(EmbeddedError::NotOurs { path: cluster, owner, me });
        }
        let user = User { uid: owner, gid: metadata.gid(), other: owner != me };
        let base = cluster.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self { base, user })
    }

    /// A link that was made for a cluster that was then never finished.
    fn unfinished(entry: &Path) -> Result<Self, EmbeddedError> {
        let failed = |source| file("could not follow", entry, source);
        let target = fs::read_link(entry).map_err(failed)?;
        let base = target.parent().unwrap_or(Path::new("/")).canonicalize().map_err(failed)?;
        Ok(Self { base, user: service_user()? })
    }

    fn choose(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let user = service_user()?;
        if user.other {
            // The data directory is ours to open for passing through; what is above is not.
            open_for_passing(data_dir)
                .map_err(|source| file("could not open", data_dir, source))?;
        }
        if !user.other || passable(data_dir, user) {
            return Ok(Self { base: data_dir.to_owned(), user });
        }
        let base = folder_elsewhere()?;
        let (target, link) = (base.join("postgres"), entry(data_dir));
        symlink(&target, &link).map_err(|source| file("could not link", &link, source))?;
        tracing::info!(
            folder = %target.display(),
            "the data directory is closed to the user that PostgreSQL runs as; its folder is elsewhere"
        );
        Ok(Self { base, user })
    }

    /// The folder of the socket, made and closed to others: inside of the base where its name is
    /// short enough for a socket, else in `/tmp` under a name that follows from the base.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, EmbeddedError> {
        let inside = self.base.join("socket");
        let folder = if inside.as_os_str().len() <= SOCKET_DIR_LENGTH_MAX {
            inside
        } else {
            let name = digest(&SHA256, self.base.as_os_str().as_encoded_bytes());
            PathBuf::from(format!("/tmp/allhours-{}", hex::encode(&name.as_ref()[..8])))
        };
        self.make_private(&folder)?;
        Ok(folder)
    }

    /// Removes the socket's folder where it is not inside of the base; it is empty by now.
    pub(super) fn leave(&self, socket_dir: &Path) {
        if !socket_dir.starts_with(&self.base)
            && let Err(error) = fs::remove_dir(socket_dir)
        {
            tracing::debug!(%error, folder = %socket_dir.display(), "a folder stays behind");
        }
    }

    /// Makes a folder that only the server's user may enter.
    pub(super) fn make_private(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let failed = |source| file("could not make", folder, source);
        match fs::create_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let metadata = fs::symlink_metadata(folder).map_err(failed)?;
                let ours = [self.user.uid, getuid().as_raw()].contains(&metadata.uid());
                if !metadata.is_dir() || !ours {
                    let taken = io::Error::other("somebody else has put something there");
                    return Err(failed(taken));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        if self.user.other {
            chown(folder, Some(self.user.uid), Some(self.user.gid)).map_err(failed)?;
        }
        Ok(())
    }
}

/// The user that the server runs as: ourselves, unless we are root.
fn service_user() -> Result<User, EmbeddedError> {
    let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
    if uid != 0 {
        return Ok(User { uid, gid, other: false });
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| user_named(&users, name))
        .ok_or(EmbeddedError::NoUser)
}

/// From a line of the form `postgres:x:101:104:...`.
fn user_named(users: &str, name: &str) -> Option<User> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(User { uid, gid, other: true })
    })
}

fn open_for_passing(folder: &Path) -> io::Result<()> {
    let mode = folder.metadata()?.permissions().mode();
    if mode & 0o001 == 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o111))?;
    }
    Ok(())
}

/// Whether `user` may pass through `folder` and all above it.
fn passable(folder: &Path, user: User) -> bool {
    folder.ancestors().all(|folder| {
        folder.metadata().is_ok_and(|metadata| {
            let bit = if metadata.uid() == user.uid {
                0o100
            } else if metadata.gid() == user.gid {
                0o010
            } else {
                0o001
            };
            metadata.mode() & bit != 0
        })
    })
}

/// A new folder for a cluster that the data directory cannot hold.
fn folder_elsewhere() -> Result<PathBuf, EmbeddedError> {
    let parent = PathBuf::from(ELSEWHERE);
    let made = |path: &Path| {
        fs::create_dir_all(&parent)?;
        open_for_passing(&parent)?;
        fs::create_dir(path)?;
        open_for_passing(path)
    };
    let mut number: u32 = 1;
    loop {
        let path = parent.join(format!("cluster-{number}"));
        match made(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(file("could not make", &path, source)),
        }
    }
}

pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> EmbeddedError {
    EmbeddedError::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name_and_root_is_never_taken() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\n\
                     postgres:x:101:104:x,,,:/var/lib/postgresql:/bin/bash\nnobody:x:0:0::/:\n";
        assert_eq!(user_named(users, "postgres").unwrap().uid, 101);
        assert_eq!(user_named(users, "postgres").unwrap().gid, 104);
        assert_eq!(user_named(users, "nobody"), None);
        assert_eq!(user_named(users, "postgr"), None);
    }

    #[test]
    fn a_closed_folder_above_is_noticed() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("data");
        fs::create_dir(&folder).unwrap();
        let stranger = User { uid: 4_000_000, gid: 4_000_000, other: true };
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!passable(&folder, stranger));
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(passable(&folder, stranger));
    }
}
