//! Who serves on a data folder: one process at a time, which says in a file who it is and where
//! it listens. The file is locked as long as it serves; the kernel drops the lock with it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// The file in the data folder.
pub const FILE_NAME: &str = "serve.lock";

/// How long a lock is tried for: a process that was just killed still holds its own while the
/// kernel takes it apart.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it is waited between tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Why this process may not serve on a data folder.
#[derive(Debug, thiserror::Error)]
pub enum HolderError {
    /// Another one does.
    #[error(
        "another `allhours serve`{who} works on the data folder {path}; stop that one{how}, or \
         name another folder with --data-dir", path = path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
        /// Which process, and where it listens, if it has said so.
        who: String,
        /// How to stop it, if that is known.
        how: String,
    },
    /// The file can't be used.
    #[error("{path} can't be used: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a holder says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Card {
    pid: u32,
    listen: SocketAddr,
}

/// That this process is the one; until it is dropped.
#[derive(Debug)]
pub struct Holder {
    _locked: File,
}

impl Holder {
    /// Refuses where another process serves on the folder; makes nothing.
    ///
    /// # Errors
    ///
    /// See [`HolderError`].
    pub async fn look(folder: &Path) -> Result<(), HolderError> {
        let path = folder.join(FILE_NAME);
        match File::open(&path) {
            Ok(mut file) => lock(folder, &mut file).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(HolderError::File { path, source }),
        }
    }

    /// Becomes the one that serves on a folder that exists.
    ///
    /// # Errors
    ///
    /// See [`HolderError`].
    pub async fn take(folder: &Path, listen: SocketAddr) -> Result<Self, HolderError> {
        let path = folder.join(FILE_NAME);
        let failed = |source| HolderError::File { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        lock(folder, &mut file).await?;
        let card = serde_json::to_vec(&Card { pid: std::process::id(), listen });
        let card = card.map_err(|error| failed(error.into()))?;
        // Whoever looks meanwhile finds no card, or the old one; the lock is what counts.
        file.set_len(0).and_then(|()| file.write_all(&card)).map_err(failed)?;
        Ok(Self { _locked: file })
    }
}

async fn lock(folder: &Path, file: &mut File) -> Result<(), HolderError> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => return Err(taken(folder, file)),
            Err(TryLockError::Error(source)) => {
                return Err(HolderError::File { path: folder.join(FILE_NAME), source });
            }
        }
    }
}

fn taken(folder: &Path, file: &mut File) -> HolderError {
    let mut text = String::new();
    let card = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
    let (who, how) = match card {
        Some(Card { pid, listen }) => {
            (format!(" (process {pid}, listening on {listen})"), format!(" (`kill {pid}`)"))
        }
        None => (String::new(), String::new()),
    };
    HolderError::Taken { path: folder.to_owned(), who, how }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_serves_on_a_folder_and_who_comes_later_is_told_who_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let listen: SocketAddr = "127.0.0.1:8081".parse().unwrap();
        Holder::look(folder.path()).await.unwrap();
        assert!(!folder.path().join(FILE_NAME).exists(), "looking makes nothing");
        let holder = Holder::take(folder.path(), listen).await.unwrap();
        let taken = Holder::look(folder.path()).await.unwrap_err().to_string();
        let pid = std::process::id();
        assert!(taken.contains(&format!("process {pid}, listening on 127.0.0.1:8081")), "{taken}");
        assert!(Holder::take(folder.path(), listen).await.is_err());
        drop(holder);
        Holder::look(folder.path()).await.unwrap();
        Holder::take(folder.path(), listen).await.unwrap();
    }

    #[tokio::test]
    async fn who_is_about_to_let_go_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let listen: SocketAddr = "127.0.0.1:8081".parse().unwrap();
        let holder = Holder::take(folder.path(), listen).await.unwrap();
        let next = async { Holder::take(folder.path(), listen).await.map(drop) };
        let leaves = async {
            tokio::time::sleep(PAUSE * 2).await;
            drop(holder);
        };
        tokio::join!(next, leaves).0.unwrap();
    }
}
