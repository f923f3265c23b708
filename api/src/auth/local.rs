//! The key that signs this desk's own tokens: made once, kept in the data folder.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use ring::{
    digest,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::json;
use uuid::Uuid;

use super::verify::Verifying;
use crate::{
    clock,
    config::Auth,
    graphql::viewer::Role,
    keyfile::{self, KeyFileError},
};

/// The file in the data folder.
pub const FILE_NAME: &str = "token-key.p8";
/// What to do where it holds no key.
const REMEDY: &str = "restore it, or remove it: the next start makes another one, and tokens of \
     this one are good no longer";

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
    pub fn open(data_dir: &Path) -> Result<Self, KeyFileError> {
        let pair = keyfile::open(data_dir, FILE_NAME, REMEDY)?;
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
