//! Keys: the master key wraps tenants' keys, those wrap data subjects' keys, those seal texts.
//!
//! Read this file (the master key, the one secret that stands outside of the database), then
//! `cipher` (what sealing is), `keyring` (who has which key, and rotation).

pub(crate) mod cipher;
pub(crate) mod keyring;
pub(crate) mod memory_rows;

use std::{
    fmt, fs, io,
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::error::LogError;

/// The bytes of any key here.
pub const KEY_BYTES: usize = 32;

/// A key that leaves memory clean when it is dropped.
pub(crate) type Secret = Zeroizing<[u8; KEY_BYTES]>;

/// The file of the master key can't be used: which, why, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFileError {
    /// It is not there, or this user may not read it.
    #[error(
        "the master key file {path} can't be read: {source}; restore it, or let the user that \
         this program runs as own it", path = path.display()
    )]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner can read it.
    #[error("the master key file {0} can be read by others: `chmod 600 {0}`", .path.display())]
    OpenToOthers {
        /// Which.
        path: PathBuf,
    },
    /// It holds no key.
    #[error(
        "the master key file {path} holds no master key, which is 32 bytes in base64 or in \
         hexadecimal; restore it from a backup: another key opens nothing of a desk that is there",
        path = path.display()
    )]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// A new one can't be kept.
    #[error(
        "the master key file {path} can't be written: {source}; let the user that this program \
         runs as write into its folder", path = path.display()
    )]
    Unsaved {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The key that wraps all others. Whoever has it and the database can read all texts.
#[derive(Clone)]
pub struct MasterKey(Secret);

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// Reads a key written as base64 or as 64 hexadecimal digits; white space around it is
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`LogError::Key`] where it is not 32 bytes in either form.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let text = text.trim();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
        let bytes = Zeroizing::new(bytes.ok_or(LogError::Key(
            "is malformed: the master key is neither base64 nor hexadecimal",
        ))?);
        let secret = bytes
            .as_slice()
            .try_into()
            .map_err(|_| LogError::Key("is malformed: the master key must have 32 bytes"))?;
        Ok(Self(Zeroizing::new(secret)))
    }

    /// A new key from the system's random source.
    ///
    /// # Errors
    ///
    /// [`LogError::Key`] where the system has no random source.
    pub fn generate() -> Result<Self, LogError> {
        cipher::random_secret().map(Self)
    }

    /// Reads the key from a file.
    ///
    /// # Errors
    ///
    /// [`MasterKeyFileError`] where the file is missing, unreadable, open to others or malformed.
    pub fn read_file(path: &Path) -> Result<Self, MasterKeyFileError> {
        let mut text = Zeroizing::new(String::new());
        let read = fs::File::open(path).and_then(|mut file| {
            file.read_to_string(&mut text)?;
            Ok(file.metadata()?.permissions().mode())
        });
        let path = path.to_owned();
        match read {
            Ok(mode) if mode & 0o077 != 0 => Err(MasterKeyFileError::OpenToOthers { path }),
            Ok(_) => Self::parse(&text).map_err(|_| MasterKeyFileError::Malformed { path }),
            Err(source) => Err(MasterKeyFileError::Unreadable { path, source }),
        }
    }

    /// Reads the key from a file, or makes one there that only its owner may read.
    ///
    /// Only for a new desk: where texts were sealed by a lost key, a new one opens nothing.
    ///
    /// # Errors
    ///
    /// [`MasterKeyFileError`] where the file is unreadable, malformed or cannot be written.
    pub fn read_or_create_file(path: &Path) -> Result<Self, MasterKeyFileError> {
        if path.exists() {
            return Self::read_file(path);
        }
        let unsaved = |source| MasterKeyFileError::Unsaved { path: path.to_owned(), source };
        let key = Self::generate().map_err(|error| unsaved(io::Error::other(error)))?;
        match key.write_new_file(path) {
            Ok(()) => Ok(key),
            // Another process made it at the same moment; theirs is the key.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read_file(path),
            Err(source) => Err(unsaved(source)),
        }
    }

    /// Written whole under another name first, so that nobody ever reads half a key.
    fn write_new_file(&self, path: &Path) -> io::Result<()> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let text = Zeroizing::new(format!("{}\n", self.to_base64().as_str()));
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&unfinished, path);
        fs::remove_file(&unfinished)?;
        linked
    }

    /// The key in base64.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }
}

/// The master key in force and those before it, which still open what they wrapped.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    current: MasterKey,
    previous: Vec<MasterKey>,
}

impl MasterKeys {
    /// One key, and earlier ones until everything is wrapped by the new one.
    #[must_use]
    pub fn new(current: MasterKey, previous: Vec<MasterKey>) -> Self {
        Self { current, previous }
    }

    fn wrapping(&self) -> &Secret {
        &self.current.0
    }

    fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.current).chain(&self.previous).map(|key| &key.0)
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        Self::new(key, Vec::new())
    }
}

#[cfg(test)]
mod tests;
