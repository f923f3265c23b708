//! Who asks, as a value: a bearer token in, a viewer out.
//!
//! Read [`verify`] (what a token must be), then [`local`] (the key of this desk's own tokens)
//! and [`oidc`] (the keys of another issuer).

pub mod local;
pub mod oidc;
#[cfg(test)]
mod tests;
pub mod verify;

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

pub use self::{local::LocalKey, verify::Refused};
use self::{
    oidc::Issuer,
    verify::{Claims, Expected},
};
use crate::{config::Auth, graphql::viewer::Viewer, keyfile::KeyFileError};

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

/// Checks tokens: local ones and those of an `OpenID` Connect issuer.
#[derive(Debug, Clone)]
pub struct Authenticator {
    settings: Arc<Auth>,
    local: Arc<LocalKey>,
    issuer: Option<Arc<Issuer>>,
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
        Self { settings: Arc::new(settings.clone()), local: Arc::new(local), issuer }
    }

    /// Checks a bearer token.
    ///
    /// # Errors
    ///
    /// Why it is not good; [`Refused::Unavailable`] where the issuer's keys can't be had.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, Refused> {
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
