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
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::error::LogError;

/// The bytes of any key here.
pub const KEY_BYTES: usize = 32;

/// A key that leaves memory clean when it is dropped.
pub(crate) type Secret = Zeroizing<[u8; KEY_BYTES]>;

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
    /// [`LogError::Key`] where the file is missing, unreadable, open to others or malformed.
    pub fn read_file(path: &Path) -> Result<Self, LogError> {
        let mut text = Zeroizing::new(String::new());
        let read = fs::File::open(path).and_then(|mut file| {
            file.read_to_string(&mut text)?;
            Ok(file.metadata()?.permissions().mode())
        });
        match read {
            Ok(mode) if mode & 0o077 != 0 => {
                Err(LogError::Key("can be read by others: `chmod 600` its file"))
            }
            Ok(_) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(LogError::Key("is missing: there is no master key file"))
            }
            Err(_) => Err(LogError::Key("is unreadable: the master key file cannot be read")),
        }
    }

    /// Reads the key from a file, or makes one there that only its owner may read.
    ///
    /// Only for a new desk: where texts were sealed by a lost key, a new one opens nothing.
    ///
    /// # Errors
    ///
    /// [`LogError::Key`] where the file is unreadable, malformed or cannot be written.
    pub fn read_or_create_file(path: &Path) -> Result<Self, LogError> {
        if path.exists() {
            return Self::read_file(path);
        }
        let key = Self::generate()?;
        match key.write_new_file(path) {
            Ok(()) => Ok(key),
            // Another process made it at the same moment; theirs is the key.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read_file(path),
            Err(_) => Err(LogError::Key("is unsaved: the master key file cannot be written")),
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
