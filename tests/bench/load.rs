//! A load generator: keep-alive HTTP/1.1 connections that each send one request after the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::figures::{histogram, record};

/// Makes the body of the n-th request.
pub type Requests = Arc<dyn Fn(u64) -> String + Send + Sync>;

/// What a run saw.
pub struct Run {
    /// Answers without an error.
    pub answered: u64,
    /// Answers with a status other than 200, or with GraphQL errors or user errors.
    pub failed: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// From sending to the whole answer.
    pub latency: Histogram<u64>,
    /// The first failure's answer, to tell what went wrong.
    pub first_failure: Option<String>,
}

/// A connection to the server, with the token it sends.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    token: String,
}

impl Connection {
    /// Opens one.
    pub async fn open(address: SocketAddr, token: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("the server speaks HTTP");
        tokio::spawn(connection);
        Self { sender, token: token.to_owned() }
    }

    /// Sends one GraphQL request and reads the whole answer.
    pub async fn post(&mut self, body: String) -> (StatusCode, Bytes) {
        let request = Request::post("/graphql")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(body)))
            .expect("the request is well formed");
        self.sender.ready().await.expect("the connection lives");
        let response = self.sender.send_request(request).await.expect("the server answers");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("the whole answer").to_bytes();
        (status, bytes)
    }

    /// Sends one request that must succeed, and gives its `data`.
    pub async fn data(&mut self, query: &str, variables: Value) -> Value {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let (status, bytes) = self.post(body).await;
        let answer: Value = serde_json::from_slice(&bytes).expect("the answer is JSON");
        assert!(status.is_success() && answer.get("errors").is_none(), "{status} {answer}");
        answer["data"].clone()
    }
}

/// Sends for `time` over `connections`, as fast as the answers come.
pub async fn run(
    address: SocketAddr,
    token: &str,
    connections: usize,
    time: Duration,
    requests: Requests,
) -> Run {
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(address, token).await;
        let (next, requests) = (next.clone(), requests.clone());
        senders.push(tokio::spawn(async move {
            let mut seen = (histogram(), 0_u64, 0_u64, None);
            while started.elapsed() < time {
                let body = requests(next.fetch_add(1, Ordering::Relaxed));
                let begun = Instant::now();
                let (status, bytes) = connection.post(body).await;
                record(&mut seen.0, begun.elapsed());
                if status == StatusCode::OK && succeeded(&bytes) {
                    seen.1 += 1;
                } else {
                    seen.2 += 1;
                    seen.3.get_or_insert_with(|| String::from_utf8_lossy(&bytes).into_owned());
                }
            }
            seen
        }));
    }
    let mut all =
        Run { answered: 0, failed: 0, elapsed: time, latency: histogram(), first_failure: None };
    for sender in senders {
        let (latency, answered, failed, first_failure) = sender.await.expect("a sender ends");
        all.latency.add(&latency).expect("histograms of one shape");
        all.answered += answered;
        all.failed += failed;
        all.first_failure = all.first_failure.or(first_failure);
    }
    all.elapsed = started.elapsed();
    all
}

/// Whether an answer holds no error of any kind; looks at the bytes, which is cheap.
fn succeeded(bytes: &[u8]) -> bool {
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
    !has(b"\"errors\":") && !has(b"\"code\":\"")
}
