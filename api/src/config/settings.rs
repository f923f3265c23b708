//! The settings themselves. Meanings and defaults stand in `config.default.toml`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use allhours_eventstore::{
    checkpoint::note::Verifier,
    database::{DatabaseOptions, url},
    keys::MasterKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::Ed25519KeyPair;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use super::{Optional, Secret, web};

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $Name:ident { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)+ }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $Name { $($(#[doc = $fdoc])+ pub $field: $type,)+ }
    )+};
}

settings! {
    /// All settings.
    Settings {
        /// Where data lives.
        data: Data,
        /// The database.
        database: Database,
        /// Encryption keys.
        keys: Keys,
        /// Signed checkpoints of the log.
        checkpoints: Checkpoints,
        /// HTTP.
        server: Server,
        /// Limits of documents.
        graphql: Graphql,
        /// Sockets and event streams.
        subscriptions: Subscriptions,
        /// Who may.
        auth: Auth,
        /// How often.
        limits: Limits,
        /// Logs, traces.
        telemetry: Telemetry,
        /// Deliveries of providers.
        intakes: Intakes,
        /// Importing dialogues.
        import: Import,
    }
    /// Where data lives.
    Data {
        /// The data folder.
        dir: PathBuf,
    }
    /// The database.
    Database {
        /// A server of one's own; empty for the embedded one.
        url: Secret,
        /// The most connections for reading.
        connections_max: usize,
        /// Certificates to trust as well; empty for none.
        tls_ca_file: PathBuf,
        /// Where PostgreSQL's programs are; empty to look for them.
        bin_dir: PathBuf,
    }
    /// Encryption keys.
    Keys {
        /// The master key; empty for a generated one.
        master: Secret,
        /// Earlier ones.
        previous: Secret,
    }
    /// Signed checkpoints of the log.
    Checkpoints {
        /// The name of the log; empty for one made from the key.
        origin: String,
        /// The key that signs; empty for a generated one.
        key: Secret,
        /// Public keys that signed before.
        trusted: Vec<String>,
        /// How often; 0 for never by itself.
        every_s: u64,
    }
    /// HTTP.
    Server {
        /// Where it listens.
        listen: SocketAddr,
        /// Where health and figures are served, if not there.
        admin_listen: Optional,
        /// Web origins let in.
        origins: Vec<String>,
        /// The largest body.
        body_bytes_max: usize,
        /// The longest answer.
        answer_bytes_max: usize,
        /// All answers that are not sent yet.
        answers_bytes_max: usize,
        /// The longest the head of a request may take to arrive.
        headers_ms: u64,
        /// The longest a request may take.
        deadline_ms: u64,
        /// How long running requests may still take.
        drain_ms: u64,
        /// How long readiness is off before connections are refused.
        drain_notice_ms: u64,
        /// Whether the explorer is served.
        explore: bool,
        /// Where the explorer's files are.
        explorer_dir: PathBuf,
        /// Whether `X-Forwarded-For` is believed.
        behind_proxy: bool,
    }
    /// Limits of documents.
    Graphql {
        /// Whether introspection is answered.
        introspection: bool,
        /// The deepest nesting.
        depth_max: u32,
        /// The highest cost.
        cost_max: u64,
        /// The highest cost of all that run at once.
        cost_under_way_max: u64,
        /// The most aliases.
        aliases_max: u32,
        /// The most fields at the root.
        root_fields_max: u32,
        /// The most directives.
        directives_max: u32,
        /// The manifest of trusted documents; empty for none.
        documents_file: PathBuf,
        /// Whether only these are taken.
        documents_only: bool,
    }
    /// Sockets and event streams.
    Subscriptions {
        /// How long until `connection_init`.
        init_timeout_ms: u64,
        /// How often the server pings.
        ping_ms: u64,
        /// How long a reader may take nothing.
        slow_ms: u64,
        /// The most operations on a socket.
        operations_max: usize,
        /// The most sockets and streams.
        connections_max: usize,
        /// Of one tenant.
        tenant_connections_max: usize,
        /// Of one person.
        person_connections_max: usize,
    }
    /// Who may.
    Auth {
        /// The issuer of local tokens.
        issuer: String,
        /// For whom tokens are meant.
        audience: String,
        /// An issuer beside the local one.
        oidc_issuer: String,
        /// For whom its tokens are meant.
        oidc_audience: String,
        /// Its claim for the tenant.
        oidc_tenant_claim: String,
        /// Its claim for the role.
        oidc_role_claim: String,
        /// How long its keys are kept.
        oidc_keys_ttl_s: u64,
        /// The soonest another fetch.
        oidc_keys_refresh_s: u64,
        /// How far clocks may differ.
        leeway_s: u64,
        /// How long a local token lives.
        token_ttl_s: u64,
    }
    /// How often.
    Limits {
        /// Of one token.
        token_per_minute: u32,
        /// What the documents of one token may cost.
        token_cost_per_minute: u32,
        /// Of one tenant.
        tenant_per_minute: u32,
        /// From one address.
        address_per_minute: u32,
        /// Refused tokens from one address.
        refused_tokens_per_minute: u32,
    }
    /// Logs, traces.
    Telemetry {
        /// Which lines.
        log_filter: String,
        /// In which form.
        log_format: LogFormat,
        /// Where traces go; empty for nowhere.
        otlp_endpoint: String,
    }
    /// Deliveries of providers.
    Intakes {
        /// How long one may wait for a person; 0 for ever.
        parked_days: u32,
    }
    /// Importing dialogues.
    Import {
        /// How many at once.
        in_flight: usize,
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The longest time that a token is good for, in seconds: a year.
pub const TOKEN_TTL_MAX_S: u64 = 366 * 24 * 3_600;

/// The most connections, sockets or imports that one process is asked to hold at once.
const HELD_MAX: usize = 100_000;

impl Settings {
    /// Refuses what the form of a value does not show to be wrong: which setting, and what.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let master = self.keys.master.reveal();
        let is_key = |text: &str| MasterKey::parse(text).is_ok();
        let positive: [(&'static str, usize); 8] = [
            ("database.connections_max", self.database.connections_max),
            ("server.body_bytes_max", self.server.body_bytes_max),
            ("server.answer_bytes_max", self.server.answer_bytes_max),
            ("subscriptions.operations_max", self.subscriptions.operations_max),
            ("subscriptions.connections_max", self.subscriptions.connections_max),
            ("subscriptions.tenant_connections_max", self.subscriptions.tenant_connections_max),
            ("subscriptions.person_connections_max", self.subscriptions.person_connections_max),
            ("import.in_flight", self.import.in_flight),
        ];
        let others = [
            ("graphql.depth_max", u64::from(self.graphql.depth_max)),
            ("graphql.cost_max", self.graphql.cost_max),
            ("graphql.cost_under_way_max", self.graphql.cost_under_way_max),
            ("graphql.root_fields_max", u64::from(self.graphql.root_fields_max)),
            ("server.deadline_ms", self.server.deadline_ms),
            ("subscriptions.init_timeout_ms", self.subscriptions.init_timeout_ms),
            ("subscriptions.ping_ms", self.subscriptions.ping_ms),
            ("subscriptions.slow_ms", self.subscriptions.slow_ms),
            ("auth.token_ttl_s", self.auth.token_ttl_s),
        ];
        let zero = positive
            .iter()
            .map(|(name, value)| (*name, *value == 0))
            .chain(others.iter().map(|(name, value)| (*name, *value == 0)))
            .find(|(_, is_zero)| *is_zero);
        let held = [
            ("database.connections_max", self.database.connections_max),
            ("subscriptions.connections_max", self.subscriptions.connections_max),
            ("subscriptions.operations_max", self.subscriptions.operations_max),
            ("import.in_flight", self.import.in_flight),
        ];
        let large = held.iter().find(|(_, value)| *value > HELD_MAX);
        let wrong = if let Some((name, _)) = zero {
            Some((name, "must be more than 0"))
        } else if let Some((name, ..)) = large {
            Some((*name, "must be at most 100,000"))
        } else if !self.database.url_reads() {
            Some(("database.url", "is not an address of a PostgreSQL server"))
        } else if !master.is_empty() && !is_key(master) {
            Some(("keys.master", "must be 32 bytes in base64 or hexadecimal"))
        } else if !self.keys.earlier().all(is_key) {
            Some(("keys.previous", "must be keys of 32 bytes, separated by commas"))
        } else if let Some(wrong) = self.checkpoints.wrong() {
            Some(wrong)
        } else if self.auth.leeway_s > 60 {
            Some(("auth.leeway_s", "must be at most 60"))
        } else if self.auth.token_ttl_s > TOKEN_TTL_MAX_S {
            Some(("auth.token_ttl_s", "must be at most 31,622,400, a year"))
        } else if self.auth.issuer.is_empty() {
            Some(("auth.issuer", "must not be empty"))
        } else if self.auth.audience.is_empty() {
            Some(("auth.audience", "must not be empty"))
        } else if EnvFilter::try_new(&self.telemetry.log_filter).is_err() {
            Some(("telemetry.log_filter", "must be directives such as info,allhours_api=debug"))
        } else if self.graphql.documents_only && self.graphql.documents_file.as_os_str().is_empty()
        {
            Some(("graphql.documents_only", "needs `graphql.documents_file`"))
        } else if self.server.admin_listen.get() == Some(self.server.listen) {
            Some(("server.admin_listen", "must be another address than `server.listen`"))
        } else {
            self.wrong_on_the_web()
        };
        wrong.map_or(Ok(()), Err)
    }

    fn wrong_on_the_web(&self) -> Option<(&'static str, &'static str)> {
        let (issuer, traces) = (&self.auth.oidc_issuer, &self.telemetry.otlp_endpoint);
        if !issuer.is_empty() && !web::is_safe(issuer) {
            Some(("auth.oidc_issuer", "must be an https address (http only on this machine)"))
        } else if self.server.answers_bytes_max < self.server.answer_bytes_max {
            Some(("server.answers_bytes_max", "must not be less than `server.answer_bytes_max`"))
        } else if !self.server.origins.iter().all(|origin| web::is_origin(origin)) {
            Some(("server.origins", "must be origins such as https://desk.example.com"))
        } else if !traces.is_empty() && !web::is_address(traces) {
            Some(("telemetry.otlp_endpoint", "must be an address such as http://localhost:4318"))
        } else {
            None
        }
    }
}

impl Database {
    fn url_reads(&self) -> bool {
        self.url.is_empty()
            || url::parse(self.url.reveal(), &mut DatabaseOptions::default()).is_ok()
    }
}

impl Checkpoints {
    /// The key that signs, if one is set.
    #[must_use]
    pub fn pair(&self) -> Option<Ed25519KeyPair> {
        let text = self.key.reveal();
        let seed = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
        Ed25519KeyPair::from_seed_unchecked(&Zeroizing::new(seed?)).ok()
    }

    /// The public keys that signed before.
    pub fn trusted_keys(&self) -> impl Iterator<Item = Verifier> {
        self.trusted.iter().filter_map(|key| key.parse().ok())
    }

    fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let a_name = |name: &str| !name.contains(|it: char| it == '+' || it.is_whitespace());
        if !self.key.is_empty() && self.pair().is_none() {
            Some(("checkpoints.key", "must be 32 bytes in base64 or hexadecimal"))
        } else if !self.trusted.iter().all(|key| key.parse::<Verifier>().is_ok()) {
            Some(("checkpoints.trusted", "must be public keys, as `allhours checkpoint` says them"))
        } else if !a_name(&self.origin) {
            Some(("checkpoints.origin", "must have no spaces and no `+`"))
        } else {
            None
        }
    }
}

impl Keys {
    /// Earlier master keys, each as text.
    pub fn earlier(&self) -> impl Iterator<Item = &str> {
        self.previous.reveal().split(',').map(str::trim).filter(|key| !key.is_empty())
    }
}

impl Server {
    /// The longest that the head of a request may take to arrive.
    #[must_use]
    pub fn headers(&self) -> Duration {
        Duration::from_millis(self.headers_ms)
    }

    /// The longest that a request may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// How long running requests may still take after a stop was asked for.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}
