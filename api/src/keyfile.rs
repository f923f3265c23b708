//! Signing keys in the data folder: made once, readable by their owner only.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use zeroize::Zeroizing;

use crate::clock;

/// A key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file can't be read or written.
    #[error("the key {path} can't be used: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner can read it.
    #[error("the key {0} can be read by others; `chmod 600` it")]
    OpenToOthers(PathBuf),
    /// It is no key.
    #[error("the key {0} is not an Ed25519 key (PKCS #8)")]
    Malformed(PathBuf),
}

/// Reads the key of a file in `folder`; makes it when there is none. Two programs that do so at
/// once end with the same key.
///
/// # Errors
///
/// The file can't be read or written, is open to others, or holds no key.
pub fn open(folder: &Path, name: &str) -> Result<Ed25519KeyPair, KeyFileError> {
    let path = folder.join(name);
    let failed = |source| KeyFileError::File { path: path.clone(), source };
    if let Some(pair) = read(&path)? {
        return Ok(pair);
    }
    fs::create_dir_all(folder).map_err(failed)?;
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_| failed(io::Error::other("the system gave no random numbers")))?;
    let draft = folder.join(format!(".{name}.{}", clock::new_id()));
    write_private(&draft, made.as_ref()).map_err(failed)?;
    // Linking fails where another program was faster; then theirs is the key.
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        Ok(()) | Err(_) => {
            read(&path)?.ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))
        }
    }
}

/// The key of a file; `None` where there is no file.
fn read(path: &Path) -> Result<Option<Ed25519KeyPair>, KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if mode & 0o077 != 0 {
        return Err(KeyFileError::OpenToOthers(path.to_owned()));
    }
    let document = fs::read(path).map(Zeroizing::new).map_err(failed)?;
    let pair = Ed25519KeyPair::from_pkcs8(&document);
    pair.map(Some).map_err(|_| KeyFileError::Malformed(path.to_owned()))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
