//! The key that signs this desk's own tokens: made once, kept in the data folder.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::json;
use uuid::Uuid;

use super::verify::Verifying;
use crate::{clock, config::Auth, graphql::viewer::Role};

/// The file in the data folder.
pub const FILE_NAME: &str = "token-key.p8";

/// The local key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    /// The file can't be read or written.
    #[error("the token key {path} can't be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner can read it.
    #[error("the token key {0} can be read by others; `chmod 600` it")]
    OpenToOthers(PathBuf),
    /// It is no key.
    #[error("the token key {0} is not an Ed25519 key (PKCS #8)")]
    Malformed(PathBuf),
}

/// An Ed25519 key pair for tokens.
pub struct LocalKey {
    pair: Ed25519KeyPair,
    key_id: String,
    verifying: Verifying,
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LocalKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// For whom a token is made.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The tenant, by name or id.
    pub tenant: String,
    /// As what.
    pub role: Role,
    /// Who.
    pub subject: Uuid,
    /// For how long.
    pub ttl_s: u64,
}

impl LocalKey {
    /// Reads the key of this data folder; makes it when there is none. Two programs that do so
    /// at once end with the same key.
    ///
    /// # Errors
    ///
    /// The file can't be read or written, is open to others, or holds no key.
    pub fn open(data_dir: &Path) -> Result<Self, LocalKeyError> {
        let path = data_dir.join(FILE_NAME);
        let failed = |source| LocalKeyError::File { path: path.clone(), source };
        match read_private(&path) {
            Ok(document) => return Self::parse(&document, &path),
            Err(ReadError::OpenToOthers) => return Err(LocalKeyError::OpenToOthers(path)),
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(ReadError::Io(error)) => return Err(failed(error)),
        }
        fs::create_dir_all(data_dir).map_err(failed)?;
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| failed(io::Error::other("the system gave no random numbers")))?;
        let draft = data_dir.join(format!(".{FILE_NAME}.{}", clock::new_id()));
        write_private(&draft, made.as_ref()).map_err(failed)?;
        // Linking fails where another program was faster; then theirs is the key.
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft).map_err(failed)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
            Ok(()) | Err(_) => match read_private(&path) {
                Ok(document) => Self::parse(&document, &path),
                Err(ReadError::OpenToOthers) => Err(LocalKeyError::OpenToOthers(path)),
                Err(ReadError::Io(error)) => Err(failed(error)),
            },
        }
    }

    fn parse(document: &[u8], path: &Path) -> Result<Self, LocalKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document)
            .map_err(|_| LocalKeyError::Malformed(path.to_owned()))?;
        let public = pair.public_key().as_ref();
        let hash = digest::digest(&digest::SHA256, public);
        let key_id = hex::encode(&hash.as_ref()[..8]);
        let key = DecodingKey::from_ed_der(public);
        Ok(Self { pair, key_id, verifying: Verifying { algorithm: Algorithm::EdDSA, key } })
    }

    /// The id that tokens name this key by.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half.
    #[must_use]
    pub fn verifying(&self) -> &Verifying {
        &self.verifying
    }

    /// Makes a token, good from `now` on.
    #[must_use]
    pub fn sign(&self, settings: &Auth, grant: &Grant, now: Timestamp) -> String {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.key_id});
        let expires = now.as_second().saturating_add_unsigned(grant.ttl_s);
        let claims = json!({
            "iss": settings.issuer,
            "aud": settings.audience,
            "sub": grant.subject,
            "tenant": grant.tenant,
            "role": grant.role.as_str(),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": expires,
            "jti": clock::new_id(),
        });
        self.sign_parts(&header, &claims)
    }

    pub(super) fn sign_parts(
        &self,
        header: &serde_json::Value,
        claims: &serde_json::Value,
    ) -> String {
        let encoded = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

enum ReadError {
    Io(io::Error),
    OpenToOthers,
}

fn read_private(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, ReadError> {
    let mode = fs::metadata(path).map_err(ReadError::Io)?.mode();
    if mode & 0o077 != 0 {
        return Err(ReadError::OpenToOthers);
    }
    fs::read(path).map(zeroize::Zeroizing::new).map_err(ReadError::Io)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
