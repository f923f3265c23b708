//! Good tokens open the door; each kind of bad one is refused for its own reason.

use std::{
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{local::Grant, *};
use crate::{clock, config, graphql::viewer::Role, tenant::tenant_id};

const RSA_FOR_TESTS: &[u8] = include_bytes!("fixtures/issuer-rsa-2048-for-tests.der");

struct Desk {
    folder: tempfile::TempDir,
    settings: config::Auth,
    authenticator: Authenticator,
    key: LocalKey,
}

fn settings() -> config::Auth {
    config::load(&config::Overrides::default(), &[]).unwrap().auth
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings();
    let authenticator = Authenticator::open(&settings, folder.path()).unwrap();
    let key = LocalKey::open(folder.path()).unwrap();
    Desk { folder, settings, authenticator, key }
}

impl Desk {
    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.key.key_id()})
    }

    fn claims() -> Value {
        let now = clock::now().as_second();
        json!({
            "iss": "allhours", "aud": "allhours", "sub": Uuid::from_u128(5), "tenant": "demo",
            "role": "agent", "iat": now, "nbf": now, "exp": now + 60,
        })
    }

    async fn refuses(&self, token: &str, why: Refused) {
        assert_eq!(self.authenticator.authenticate(token).await, Err(why), "{token}");
    }

    /// A token that is good but for one claim; null takes the claim out.
    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = Self::claims();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        self.key.sign_parts(&self.header(), &claims)
    }

    /// A token that is good but for one entry of its header.
    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header();
        header[name] = value;
        self.key.sign_parts(&header, &Self::claims())
    }
}

#[tokio::test]
async fn a_local_token_names_tenant_role_and_person() {
    let desk = desk();
    let grant = Grant {
        tenant: "demo".into(),
        role: Role::Auditor,
        subject: Uuid::from_u128(9),
        ttl_s: 60,
    };
    let now = clock::now();
    let token = desk.key.sign(&desk.settings, &grant, now);
    let who = desk.authenticator.authenticate(&token).await.unwrap();
    let viewer = Viewer { tenant: tenant_id("demo"), role: Role::Auditor, id: Uuid::from_u128(9) };
    assert_eq!(who.viewer, viewer);
    assert_eq!(who.expires_at.as_second(), now.as_second() + 60);
}

#[tokio::test]
async fn a_token_may_name_its_times_in_parts_of_a_second() {
    let desk = desk();
    let end = clock::now().as_second() + 60;
    let token = desk.with_claim("exp", json!(Value::from(end).as_f64().unwrap() + 0.25));
    let who = desk.authenticator.authenticate(&token).await.unwrap();
    assert_eq!(who.expires_at.as_millisecond(), end * 1_000 + 250);
    for claim in ["nbf", "iat"] {
        let token = desk.with_claim(claim, json!(Value::from(end).as_f64().unwrap() - 60.5));
        desk.authenticator.authenticate(&token).await.unwrap();
    }
    desk.refuses(&desk.with_claim("exp", json!(1e300)), Refused::Claims).await;
}

#[tokio::test]
async fn a_malformed_token_is_refused() {
    let desk = desk();
    desk.refuses("", Refused::Missing).await;
    let good = desk.key.sign_parts(&desk.header(), &Desk::claims());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for token in ["x", "a.b", "a.b.c", "..", signed, &"x".repeat(9_000)] {
        desk.refuses(token, Refused::Malformed).await;
    }
    desk.refuses(&format!("{signed}."), Refused::Signature).await;
}

#[tokio::test]
async fn a_token_of_an_algorithm_not_allowed_is_refused() {
    let desk = desk();
    for alg in ["none", "None"] {
        desk.refuses(&desk.with_header("alg", json!(alg)), Refused::Malformed).await;
    }
    for alg in ["HS256", "HS512", "ES256", "PS256", "RS512"] {
        desk.refuses(&desk.with_header("alg", json!(alg)), Refused::Algorithm).await;
    }
    // The key decides which algorithm is right, not the token.
    desk.refuses(&desk.with_header("alg", json!("RS256")), Refused::Algorithm).await;
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    let desk = desk();
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": desk.key.key_id()});
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encoded(&header), encoded(&Desk::claims()));
    let public = desk.key.verifying().key.try_get_as_bytes().unwrap();
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
    let tag = ring::hmac::sign(&secret, signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
    desk.refuses(&token, Refused::Algorithm).await;
}

#[tokio::test]
async fn a_token_that_brings_its_own_key_is_refused() {
    let desk = desk();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
    let address = json!("https://evil.example/keys");
    desk.refuses(&desk.with_header("jwk", jwk), Refused::Malformed).await;
    desk.refuses(&desk.with_header("jku", address.clone()), Refused::Malformed).await;
    desk.refuses(&desk.with_header("x5u", address), Refused::Malformed).await;
    desk.refuses(&desk.with_header("crit", json!(["exp"])), Refused::Malformed).await;
}

#[tokio::test]
async fn a_token_need_not_say_of_what_kind_it_is() {
    let desk = desk();
    let mut header = desk.header();
    header.as_object_mut().unwrap().remove("typ");
    let token = desk.key.sign_parts(&header, &Desk::claims());
    assert!(desk.authenticator.authenticate(&token).await.is_ok());
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    let desk = desk();
    desk.refuses(&desk.with_header("typ", json!("dpop+jwt")), Refused::Malformed).await;
    desk.refuses(&desk.with_header("typ", json!("id_token")), Refused::Malformed).await;
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let (desk, other) = (desk(), self::desk());
    let token = other.key.sign_parts(&other.header(), &Desk::claims());
    desk.refuses(&token, Refused::UnknownKey).await;
    let forged = other.key.sign_parts(&desk.header(), &Desk::claims());
    desk.refuses(&forged, Refused::Signature).await;
    for kid in ["../../etc/passwd", "' or 1=1 --", ""] {
        desk.refuses(&desk.with_header("kid", json!(kid)), Refused::UnknownKey).await;
    }
}

#[tokio::test]
async fn a_token_whose_claims_were_changed_is_refused() {
    let desk = desk();
    let good = desk.key.sign_parts(&desk.header(), &Desk::claims());
    let parts: Vec<&str> = good.split('.').collect();
    let mut claims = Desk::claims();
    claims["role"] = json!("admin");
    let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
    desk.refuses(&format!("{}.{changed}.{}", parts[0], parts[2]), Refused::Signature).await;
}

#[tokio::test]
async fn a_token_meant_for_others_or_out_of_its_time_is_refused() {
    let desk = desk();
    let now = clock::now().as_second();
    desk.refuses(&desk.with_claim("iss", json!("https://evil.example")), Refused::Issuer).await;
    desk.refuses(&desk.with_claim("aud", json!("other")), Refused::Audience).await;
    desk.refuses(&desk.with_claim("exp", json!(now - 3_600)), Refused::Expired).await;
    desk.refuses(&desk.with_claim("nbf", json!(now + 3_600)), Refused::NotYet).await;
}

#[tokio::test]
async fn a_token_that_was_good_is_refused_once_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let settings = config::Auth { leeway_s: 0, ..settings() };
    let authenticator = Authenticator::open(&settings, folder.path()).unwrap();
    let key = LocalKey::open(folder.path()).unwrap();
    let mut claims = Desk::claims();
    claims["exp"] = json!(clock::now().as_second() + 2);
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.key_id()});
    let token = key.sign_parts(&header, &claims);
    authenticator.authenticate(&token).await.unwrap();
    let over = async {
        while let Ok(who) = authenticator.authenticate(&token).await {
            assert!(clock::now() <= who.expires_at + Duration::from_secs(1), "it goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), over).await.expect("it ends");
    assert_eq!(authenticator.authenticate(&token).await, Err(Refused::Expired));
}

#[tokio::test]
async fn a_token_without_a_claim_that_is_needed_is_refused() {
    let desk = desk();
    for claim in ["exp", "sub", "tenant", "role"] {
        desk.refuses(&desk.with_claim(claim, Value::Null), Refused::Claims).await;
    }
    desk.refuses(&desk.with_claim("aud", Value::Null), Refused::Claims).await;
    desk.refuses(&desk.with_claim("role", json!("root")), Refused::Claims).await;
    desk.refuses(&desk.with_claim("exp", json!("tomorrow")), Refused::Claims).await;
}

#[test]
fn the_local_key_is_made_once_and_is_its_owners_alone() {
    let desk = desk();
    let path = desk.folder.path().join(local::FILE_NAME);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = LocalKey::open(desk.folder.path()).unwrap();
    assert_eq!(again.key_id(), desk.key.key_id());

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = LocalKey::open(desk.folder.path());
    assert!(matches!(refused, Err(crate::keyfile::KeyFileError::OpenToOthers(_))), "{refused:?}");
}

#[test]
fn programs_that_start_at_once_end_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let open = || LocalKey::open(folder.path()).unwrap().key_id().to_owned();
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        opened.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

struct FakeIssuer {
    address: String,
    fetches: Arc<AtomicUsize>,
}

/// A small `OpenID` Connect issuer on this machine, with one RSA key.
async fn issuer() -> FakeIssuer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let fetches = Arc::new(AtomicUsize::new(0));
    let discovery = json!({"issuer": address, "jwks_uri": format!("{address}/keys")});
    let keys = |State(fetches): State<Arc<AtomicUsize>>| async move {
        fetches.fetch_add(1, Ordering::SeqCst);
        let pair = RsaKeyPair::from_der(RSA_FOR_TESTS).unwrap();
        let public = ring::signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Json(json!({"keys": [
            {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256",
             "n": text(&public.n), "e": text(&public.e)},
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
            {"kty": "unheard of", "kid": "odd"},
        ]}))
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(|| async move { Json(discovery) }))
        .route("/keys", get(keys))
        .with_state(Arc::clone(&fetches));
    tokio::spawn(async move { axum::serve(listener, router).await });
    FakeIssuer { address, fetches }
}

fn rs256(kid: &str, claims: &Value) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encoded(&header), encoded(claims));
    let pair = RsaKeyPair::from_der(RSA_FOR_TESTS).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn trusting(issuer: &FakeIssuer) -> Authenticator {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.oidc_issuer.clone_from(&issuer.address);
    settings.oidc_role_claim = "desk_role".to_owned();
    Authenticator::open(&settings, folder.path()).unwrap()
}

fn issued(issuer: &FakeIssuer) -> Value {
    let mut claims = Desk::claims();
    claims["iss"] = json!(issuer.address);
    claims["sub"] = json!("auth0|ada");
    claims["desk_role"] = json!("supervisor");
    claims
}

#[tokio::test]
async fn a_token_of_the_trusted_issuer_is_checked_with_its_published_key() {
    config::install_tls();
    let issuer = issuer().await;
    let authenticator = trusting(&issuer);
    let token = rs256("one", &issued(&issuer));
    let who = authenticator.authenticate(&token).await.unwrap();
    assert_eq!((who.viewer.role, who.viewer.tenant), (Role::Supervisor, tenant_id("demo")));
    let again = authenticator.authenticate(&token).await.unwrap();
    assert_eq!(again.viewer.id, who.viewer.id);
    assert_eq!(issuer.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn unknown_keys_make_the_issuer_be_asked_at_most_once_in_a_while() {
    config::install_tls();
    let issuer = issuer().await;
    let authenticator = trusting(&issuer);
    for kid in ["two", "three", "shared", "odd"] {
        let refused = authenticator.authenticate(&rs256(kid, &issued(&issuer))).await;
        assert_eq!(refused, Err(Refused::UnknownKey), "{kid}");
    }
    assert_eq!(issuer.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_the_issuers_keys_nobody_is_let_in_and_the_reason_is_said() {
    config::install_tls();
    let gone = FakeIssuer {
        address: "http://127.0.0.1:9".to_owned(),
        fetches: Arc::new(AtomicUsize::new(0)),
    };
    let refused = trusting(&gone).authenticate(&rs256("one", &issued(&gone))).await;
    assert_eq!(refused, Err(Refused::Unavailable));
}
