//! The settings themselves. Meanings and defaults stand in `config.default.toml`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{ConfigError, Secret};

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $Name:ident { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)+ })+) => {$(
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
        /// HTTP.
        server: Server,
        /// Limits of documents.
        graphql: Graphql,
        /// WebSockets and event streams.
        subscriptions: Subscriptions,
        /// Who may.
        auth: Auth,
        /// How often.
        limits: Limits,
        /// Logs, traces.
        telemetry: Telemetry,
        /// Importing dialogues.
        import: Import,
        /// Models.
        models: Models,
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
        /// The most connections.
        connections_max: usize,
    }
    /// Encryption keys.
    Keys {
        /// The master key in hexadecimal; empty for a generated one.
        master: Secret,
    }
    /// HTTP.
    Server {
        /// Where it listens.
        listen: SocketAddr,
        /// Web origins let in.
        origins: Vec<String>,
        /// The largest body.
        body_bytes_max: usize,
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
        depth_max: usize,
        /// The highest cost.
        cost_max: usize,
        /// The most aliases.
        aliases_max: usize,
        /// The most tokens.
        tokens_max: usize,
    }
    /// WebSockets and event streams.
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
    /// Importing dialogues.
    Import {
        /// How many at once.
        in_flight: usize,
    }
    /// Models.
    Models {
        /// Where they are kept.
        dir: PathBuf,
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

impl Settings {
    /// Refuses what no single value shows to be wrong.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let master = self.keys.master.reveal();
        let hexadecimal = master.len() == 64 && master.chars().all(|it| it.is_ascii_hexdigit());
        let positive: [(&str, usize); 8] = [
            ("database.connections_max", self.database.connections_max),
            ("server.body_bytes_max", self.server.body_bytes_max),
            ("graphql.depth_max", self.graphql.depth_max),
            ("graphql.cost_max", self.graphql.cost_max),
            ("graphql.tokens_max", self.graphql.tokens_max),
            ("subscriptions.operations_max", self.subscriptions.operations_max),
            ("subscriptions.connections_max", self.subscriptions.connections_max),
            ("import.in_flight", self.import.in_flight),
        ];
        let durations = [
            ("server.deadline_ms", self.server.deadline_ms),
            ("subscriptions.init_timeout_ms", self.subscriptions.init_timeout_ms),
            ("subscriptions.ping_ms", self.subscriptions.ping_ms),
            ("subscriptions.slow_ms", self.subscriptions.slow_ms),
            ("auth.token_ttl_s", self.auth.token_ttl_s),
        ];
        let zero = positive
            .iter()
            .map(|(name, value)| (*name, *value == 0))
            .chain(durations.iter().map(|(name, value)| (*name, *value == 0)))
            .find(|(_, is_zero)| *is_zero);
        let wrong = if let Some((name, _)) = zero {
            Some((name, "must be more than 0"))
        } else if !master.is_empty() && !hexadecimal {
            Some(("keys.master", "must be 64 hexadecimal digits"))
        } else if self.auth.leeway_s > 60 {
            Some(("auth.leeway_s", "must be at most 60"))
        } else if self.auth.issuer.is_empty() {
            Some(("auth.issuer", "must not be empty"))
        } else if self.auth.audience.is_empty() {
            Some(("auth.audience", "must not be empty"))
        } else if !self.oidc_issuer_is_safe() {
            Some(("auth.oidc_issuer", "must be an https address (http only on this machine)"))
        } else {
            None
        };
        wrong.map_or(Ok(()), |(name, what)| Err(ConfigError(format!("setting `{name}` {what}"))))
    }

    fn oidc_issuer_is_safe(&self) -> bool {
        let issuer = &self.auth.oidc_issuer;
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        issuer.is_empty()
            || issuer.starts_with("https://")
            || local.iter().any(|prefix| issuer.starts_with(prefix))
    }
}

impl Server {
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
