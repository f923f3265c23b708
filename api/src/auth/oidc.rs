//! The keys of an `OpenID` Connect issuer: fetched once, kept, fetched again within bounds.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;

use super::verify::{self, Claims, Expected, Opening, Refused, Verifying};
use crate::{causes::of_json, clock, config::Auth};

/// How long one answer of the issuer may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer of the issuer that is read.
const ANSWER_BYTES_MAX: usize = 262_144;
/// The shortest RSA modulus, in base64 characters: 2,048 bits.
const MODULUS_CHARACTERS_MIN: usize = 341;

#[derive(Debug, Default, Clone)]
struct Known {
    keys: Arc<HashMap<String, Verifying>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// An issuer whose tokens are accepted beside the local ones.
#[derive(Debug)]
pub struct Issuer {
    settings: Auth,
    known: RwLock<Known>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<serde_json::Value>,
}

impl Issuer {
    /// The issuer that the settings name.
    #[must_use]
    pub fn new(settings: &Auth) -> Self {
        Self {
            settings: settings.clone(),
            known: RwLock::default(),
            fetching: tokio::sync::Mutex::new(()),
        }
    }

    /// Checks a token of this issuer.
    ///
    /// # Errors
    ///
    /// Why it is not good.
    pub async fn verify(&self, token: &str, opening: &Opening) -> Result<Claims, Refused> {
        let verifying = self.key(&opening.key_id).await?;
        if verifying.algorithm != opening.algorithm {
            return Err(Refused::Algorithm);
        }
        let audience = if self.settings.oidc_audience.is_empty() {
            &self.settings.audience
        } else {
            &self.settings.oidc_audience
        };
        let leeway_s = self.settings.leeway_s;
        let expected = Expected { issuer: &self.settings.oidc_issuer, audience, leeway_s };
        let claims = verify::claims(token, &verifying, &expected)?;
        Ok(claims.renamed(&self.settings.oidc_tenant_claim, &self.settings.oidc_role_claim))
    }

    async fn key(&self, key_id: &str) -> Result<Verifying, Refused> {
        if let Some(key) = self.fresh_key(key_id) {
            return Ok(key);
        }
        // One fetch at a time; whoever waited for it finds its keys.
        let _turn = self.fetching.lock().await;
        if let Some(key) = self.fresh_key(key_id) {
            return Ok(key);
        }
        if self.may_fetch() {
            self.fetch().await;
        }
        let known = self.snapshot();
        match known.keys.get(key_id) {
            Some(key) => Ok(key.clone()),
            None if known.fetched.is_none() => Err(Refused::Unavailable),
            None => Err(Refused::UnknownKey),
        }
    }

    fn snapshot(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh_key(&self, key_id: &str) -> Option<Verifying> {
        let known = self.snapshot();
        let ttl = Duration::from_secs(self.settings.oidc_keys_ttl_s);
        known.fetched.filter(|at| at.elapsed() < ttl)?;
        known.keys.get(key_id).cloned()
    }

    fn may_fetch(&self) -> bool {
        let pause = Duration::from_secs(self.settings.oidc_keys_refresh_s);
        self.snapshot().tried.is_none_or(|at| at.elapsed() >= pause)
    }

    /// Fetches the keys; old ones stay where that fails.
    async fn fetch(&self) {
        let answer = self.download().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried = Some(clock::instant());
        match answer {
            Ok(keys) => {
                known.keys = Arc::new(keys);
                known.fetched = known.tried;
            }
            Err(why) => tracing::warn!(issuer = self.settings.oidc_issuer, why, "no keys fetched"),
        }
    }

    async fn download(&self) -> Result<HashMap<String, Verifying>, String> {
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        let base = self.settings.oidc_issuer.trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let discovery: Discovery = fetch_json(&client, &address).await?;
        if discovery.issuer != self.settings.oidc_issuer {
            return Err("the discovery document is another issuer's".to_owned());
        }
        if base.starts_with("https://") && !discovery.jwks_uri.starts_with("https://") {
            return Err("the keys are not served over https".to_owned());
        }
        let raw: RawKeys = fetch_json(&client, &discovery.jwks_uri).await?;
        let keys = raw.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Ok(usable(JwkSet { keys: keys.collect() }))
    }
}

async fn fetch_json<T: for<'de> Deserialize<'de>>(
    client: &reqwest::Client,
    address: &str,
) -> Result<T, String> {
    let failed = |error: reqwest::Error| error.to_string();
    let mut answer = client.get(address).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(format!("{address} answered {}", answer.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(format!("{address} answered more than {ANSWER_BYTES_MAX} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|error| format!("{address}: {}", of_json(&error)))
}

/// The keys that may check a token: public, for signing, of an allowed algorithm, long enough.
fn usable(set: JwkSet) -> HashMap<String, Verifying> {
    set.keys
        .into_iter()
        .filter_map(|jwk| {
            let algorithm = algorithm_of(&jwk)?;
            let key = DecodingKey::from_jwk(&jwk).ok()?;
            let id = jwk.common.key_id?;
            Some((id, Verifying { algorithm, key }))
        })
        .collect()
}

fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(rsa), None | Some(KeyAlgorithm::RS256)) => {
            (rsa.n.len() >= MODULUS_CHARACTERS_MIN).then_some(Algorithm::RS256)
        }
        (AlgorithmParameters::OctetKeyPair(_), None | Some(KeyAlgorithm::EdDSA)) => {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }
}
