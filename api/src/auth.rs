//! Who asks, as a value: a bearer token in, a viewer out.
//!
//! Read [`verify`] (what a token must be), then [`local`] (the key of this desk's own tokens)
//! and [`oidc`] (the keys of another issuer).

pub mod local;
pub mod oidc;
#[cfg(test)]
mod tests;
pub mod verify;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

pub use self::{local::LocalKey, verify::Refused};
use self::{
    oidc::Issuer,
    verify::{Claims, Expected},
};
use crate::{clock, config::Auth, graphql::viewer::Viewer, keyfile::KeyFileError};

/// How many good tokens are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// How long a good token is taken at its word before its signature is looked at again: for so
/// long the key of an issuer may be gone and its tokens still be good.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// Somebody whose token was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub viewer: Viewer,
    /// Until when.
    pub expires_at: Timestamp,
    /// Tells tokens apart without holding one: the first half of its SHA-256.
    pub token: [u8; 16],
}

/// A token that was good, and when that was.
#[derive(Debug, Clone)]
struct Remembered {
    who: Authenticated,
    checked_at: Instant,
}

impl Remembered {
    fn is_good(&self) -> bool {
        self.checked_at.elapsed() < REMEMBERED_FOR && clock::now() < self.who.expires_at
    }
}

/// Checks tokens: local ones and those of an `OpenID` Connect issuer.
#[derive(Debug, Clone)]
pub struct Authenticator {
    settings: Arc<Auth>,
    local: Arc<LocalKey>,
    issuer: Option<Arc<Issuer>>,
    remembered: Arc<Cache<[u8; 32], Remembered>>,
}

impl Authenticator {
    /// With the local key of this data folder, made when there is none.
    ///
    /// # Errors
    ///
    /// The key can't be read, made, or is open to others.
    pub fn open(settings: &Auth, data_dir: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::new(settings, LocalKey::open(data_dir)?))
    }

    /// With this key.
    #[must_use]
    pub fn new(settings: &Auth, local: LocalKey) -> Self {
        let issuer = (!settings.oidc_issuer.is_empty()).then(|| Arc::new(Issuer::new(settings)));
        let remembered = Arc::new(Cache::new(REMEMBERED_MAX));
        let settings = Arc::new(settings.clone());
        Self { settings, local: Arc::new(local), issuer, remembered }
    }

    /// Checks a bearer token. One that was good a moment ago is known by its hash: a signature
    /// costs more than a small query.
    ///
    /// # Errors
    ///
    /// Why it is not good; [`Refused::Unavailable`] where the issuer's keys can't be had.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, Refused> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(known) = self.remembered.get(&hash).filter(Remembered::is_good) {
            return Ok(known.who);
        }
        self.remembered.remove(&hash);
        let who = self.checked(token).await?;
        let checked_at = clock::instant();
        self.remembered.insert(hash, Remembered { who: who.clone(), checked_at });
        Ok(who)
    }

    async fn checked(&self, token: &str) -> Result<Authenticated, Refused> {
        let opening = verify::open(token)?;
        let claims = match &self.issuer {
            Some(issuer) if opening.issuer == self.settings.oidc_issuer => {
                issuer.verify(token, &opening).await?
            }
            _ if opening.issuer == self.settings.issuer => self.verify_local(token, &opening)?,
            _ => return Err(Refused::Issuer),
        };
        claims.into_authenticated(token)
    }

    fn verify_local(&self, token: &str, opening: &verify::Opening) -> Result<Claims, Refused> {
        if opening.key_id != self.local.key_id() {
            return Err(Refused::UnknownKey);
        }
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.audience,
            leeway_s: self.settings.leeway_s,
        };
        verify::claims(token, self.local.verifying(), &expected)
    }
}
