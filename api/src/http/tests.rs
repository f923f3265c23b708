//! The HTTP layer keeps its word, shown on a small schema over real connections.

mod over_http;
mod over_sockets;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_graphql::{Context, Object, Schema, Subscription};
use futures_util::{Stream, stream};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{serve::Stopping, *};
use crate::{
    auth::{Authenticator, LocalKey, local::Grant},
    clock,
    config::{self, Settings},
    graphql::viewer::{Role, Viewer},
};

struct Query;

#[Object]
impl Query {
    async fn role(&self, context: &Context<'_>) -> &'static str {
        context.data_unchecked::<Viewer>().role.as_str()
    }

    async fn slow(&self, ms: u64) -> bool {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        true
    }

    async fn fails(&self) -> async_graphql::Result<bool> {
        tokio::task::yield_now().await;
        Err("it fails".into())
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> bool {
        true
    }
}

struct Subscribed;

#[Subscription(name = "Subscription")]
impl Subscribed {
    async fn count(&self, to: u32) -> impl Stream<Item = u32> {
        stream::iter(1..=to)
    }

    async fn forever(&self) -> impl Stream<Item = u32> {
        stream::pending()
    }

    async fn flood(&self) -> impl Stream<Item = String> {
        stream::repeat_with(|| "x".repeat(60_000))
    }
}

type Tiny = Schema<Query, Mutation, Subscribed>;

/// A server on a port of its own.
struct Served {
    address: SocketAddr,
    settings: Arc<Settings>,
    key: LocalKey,
    readiness: Readiness,
    stop: CancellationToken,
    stopped: tokio::task::JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

async fn served() -> Served {
    served_with(&[]).await
}

async fn served_with(environment: &[(&str, &str)]) -> Served {
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Arc::new(config::load(&config::Overrides::default(), &environment).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let authenticator = Authenticator::open(&settings.auth, folder.path()).unwrap();
    let key = LocalKey::open(folder.path()).unwrap();
    let schema: Tiny = Schema::build(Query, Mutation, Subscribed).finish();
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let trusted = trusted::Trusted::open(&settings.graphql).unwrap();
    let service = Service::new(schema, authenticator, Arc::clone(&settings), metrics);
    let service = Service { trusted, ..service };
    let readiness = service.readiness.clone();
    let stopping = Stopping { readiness: readiness.clone(), sockets: service.stopping.clone() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let asked = stop.clone().cancelled_owned();
    let serving = Arc::clone(&settings);
    let stopped = tokio::spawn(async move {
        serve::serve(listener, routers(service).main, &serving, stopping, asked).await
    });
    Served { address, settings, key, readiness, stop, stopped, _folder: folder }
}

impl Served {
    fn token_for(&self, ttl_s: u64) -> String {
        let (tenant, role, subject) = ("demo".to_owned(), Role::Agent, Uuid::from_u128(1));
        let grant = Grant { tenant, role, subject, ttl_s };
        self.key.sign(&self.settings.auth, &grant, clock::now())
    }

    fn token(&self) -> String {
        self.token_for(60)
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn post(&self, body: &str) -> reqwest::Response {
        self.post_with(body, &[]).await
    }

    async fn post_with(&self, body: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        config::install_tls();
        let mut request = reqwest::Client::new()
            .post(self.at("/graphql"))
            .bearer_auth(self.token())
            .body(body.to_owned());
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str, accept: &str) -> reqwest::Response {
        config::install_tls();
        let request = reqwest::Client::new().get(self.at(path)).header("accept", accept);
        request.bearer_auth(self.token()).send().await.unwrap()
    }
}
