//! What a token must be: signed by a known key with an allowed algorithm, meant for us, in time.

use allhours_domain::ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, dangerous::insecure_decode_claims, errors::ErrorKind,
};
use ring::digest;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Authenticated;
use crate::{
    clock,
    graphql::viewer::{Role, Viewer},
    tenant::tenant_id,
};

/// The algorithms a token may be signed with. Nothing symmetric, never `none`.
pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::RS256];

/// The longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 8_192;

/// Why a token was refused. Never tells the caller more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No token at all.
    #[error("a bearer token is needed")]
    Missing,
    /// Not a signed token, or its header asks for what is never done.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with an algorithm that is not allowed.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// Of an issuer that is not trusted.
    #[error("the token's issuer is not trusted")]
    Issuer,
    /// Signed by a key that nobody knows.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature does not fit")]
    Signature,
    /// Meant for somebody else.
    #[error("the token is meant for somebody else")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// A claim that is needed is missing or does not read.
    #[error("a claim of the token is missing or malformed")]
    Claims,
    /// The issuer's keys can't be had just now.
    #[error("the issuer's keys are not available just now")]
    Unavailable,
}

impl Refused {
    /// All that are counted: what is unavailable is no fault of a token.
    pub const COUNTED: [Self; 10] = [
        Self::Missing,
        Self::Malformed,
        Self::Algorithm,
        Self::Issuer,
        Self::UnknownKey,
        Self::Signature,
        Self::Audience,
        Self::Expired,
        Self::NotYet,
        Self::Claims,
    ];
}

/// What an unchecked token says of itself: only good for choosing a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Who says to have issued it.
    pub issuer: String,
    /// Which key it names.
    pub key_id: String,
    /// Which algorithm it names; one of [`ALGORITHMS`].
    pub algorithm: Algorithm,
}

#[derive(Deserialize)]
struct Unchecked {
    iss: String,
}

/// Looks at a token without believing it.
///
/// # Errors
///
/// It is no signed token, its header brings its own key, or names an algorithm not allowed.
pub fn open(token: &str) -> Result<Opening, Refused> {
    if token.is_empty() {
        return Err(Refused::Missing);
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => Refused::Algorithm,
        _ => Refused::Malformed,
    })?;
    // A key, or the address of one, that comes with the token proves nothing.
    let brings_a_key = header.jwk.is_some()
        || header.jku.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    // Where it says of what kind it is, it is one that lets in (RFC 7519 leaves that open).
    let typ = header.typ.map(|typ| typ.to_ascii_lowercase());
    let lets_in = matches!(typ.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt"));
    if brings_a_key || !lets_in {
        return Err(Refused::Malformed);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refused::Algorithm);
    }
    let unchecked: Unchecked = insecure_decode_claims(token).map_err(|_| Refused::Malformed)?;
    let key_id = header.kid.ok_or(Refused::UnknownKey)?;
    Ok(Opening { issuer: unchecked.iss, key_id, algorithm: header.alg })
}

/// What a token of an issuer must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who issued it.
    pub issuer: &'a str,
    /// For whom it is meant.
    pub audience: &'a str,
    /// How far clocks may differ.
    pub leeway_s: u64,
}

/// A key to check signatures with, and the only algorithm it is good for.
#[derive(Clone)]
pub struct Verifying {
    /// The algorithm: of the key, never of the token.
    pub algorithm: Algorithm,
    /// The public key.
    pub key: DecodingKey,
}

impl std::fmt::Debug for Verifying {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Verifying")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The claims of a token whose signature, issuer, audience and times were checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    iss: String,
    sub: String,
    /// Seconds since 1970; a `NumericDate` may have a fraction (RFC 7519, section 2).
    exp: f64,
    tenant: Option<String>,
    role: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Checks signature, algorithm, issuer, audience and times.
///
/// # Errors
///
/// Which of them does not hold.
pub fn claims(
    token: &str,
    verifying: &Verifying,
    expected: &Expected<'_>,
) -> Result<Claims, Refused> {
    let mut validation = Validation::new(verifying.algorithm);
    validation.leeway = expected.leeway_s;
    validation.validate_nbf = true;
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let checked = jsonwebtoken::decode::<Claims>(token, &verifying.key, &validation);
    checked.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Refused::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::MissingAlgorithm => Refused::Algorithm,
        ErrorKind::ExpiredSignature => Refused::Expired,
        ErrorKind::ImmatureSignature => Refused::NotYet,
        ErrorKind::InvalidIssuer => Refused::Issuer,
        ErrorKind::InvalidAudience => Refused::Audience,
        ErrorKind::InvalidToken | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => Refused::Malformed,
        _ => Refused::Claims,
    })
}

impl Claims {
    /// With tenant and role taken from claims of other names.
    #[must_use]
    pub fn renamed(mut self, tenant: &str, role: &str) -> Self {
        let text = |claims: &Map<String, Value>, name: &str| {
            claims.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        if tenant != "tenant" {
            self.tenant = text(&self.others, tenant);
        }
        if role != "role" {
            self.role = text(&self.others, role);
        }
        self
    }

    pub(super) fn into_authenticated(self, token: &str) -> Result<Authenticated, Refused> {
        let tenant = self.tenant.filter(|name| !name.is_empty()).ok_or(Refused::Claims)?;
        let tenant = tenant_id(&tenant);
        let role = self.role.as_deref().and_then(Role::parse).ok_or(Refused::Claims)?;
        if self.sub.is_empty() {
            return Err(Refused::Claims);
        }
        let expires_at = SignedDuration::try_from_secs_f64(self.exp)
            .and_then(Timestamp::from_duration)
            .map_err(|_| Refused::Claims)?;
        let id = subject_id(tenant, &self.iss, &self.sub);
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&hash.as_ref()[..16]);
        Ok(Authenticated { viewer: Viewer { tenant, role, id }, expires_at, token: short })
    }
}

/// The id of whoever an issuer calls `subject`: itself if it is one, otherwise derived.
#[must_use]
pub fn subject_id(tenant: TenantId, issuer: &str, subject: &str) -> Uuid {
    let derived = || clock::derived_id(tenant.0, &format!("{issuer}\n{subject}"));
    Uuid::parse_str(subject).unwrap_or_else(|_| derived())
}
