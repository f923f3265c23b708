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
    #[error(
        "the key {path} can't be used: {source}; let the user that this program runs as own it",
        path = path.display()
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner can read it.
    #[error("the key {} can be read by others: `chmod 600 {}`", .0.display(), .0.display())]
    OpenToOthers(PathBuf),
    /// It is no key.
    #[error("the key {path} is not an Ed25519 key (PKCS #8); {remedy}", path = path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// Reads the key of a file in `folder`; makes it when there is none. Two programs that do so at
/// once end with the same key. `remedy` is said of a file that holds something else.
///
/// # Errors
///
/// The file can't be read or written, is open to others, or holds no key.
pub fn open(
    folder: &Path,
    name: &str,
    remedy: &'static str,
) -> Result<Ed25519KeyPair, KeyFileError> {
    let path = folder.join(name);
    let failed = |source| KeyFileError::File { path: path.clone(), source };
    if let Some(pair) = read(&path, remedy)? {
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
            read(&path, remedy)?.ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))
        }
    }
}

/// The key of a file; `None` where there is no file.
fn read(path: &Path, remedy: &'static str) -> Result<Option<Ed25519KeyPair>, KeyFileError> {
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
    pair.map(Some).map_err(|_| KeyFileError::Malformed { path: path.to_owned(), remedy })
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_key_file_names_it_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.p8");
        let shown = path.display().to_string();
        open(folder.path(), "key.p8", "ask ada").unwrap();
        let said = |what: &str| {
            let refused = open(folder.path(), "key.p8", "ask ada").unwrap_err().to_string();
            assert!(refused.contains(&shown) && refused.contains(what), "{what}: {refused}");
        };
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        said("ask ada");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        said(&format!("`chmod 600 {shown}`"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        said("can't be used: ");
    }
}
