//! Traces arrive where they are sent, and neither they nor the logs say what people wrote.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::run::{run, until};
use crate::process::Served;

const CANARY: &str = "quartzvowjiz";
const NAME: &str = "Vexjumbling Kop";

/// Takes what is posted to it, as a collector of traces does.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let collector = Self::default();
        let taking = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().take(stream));
            }
        });
        (collector, format!("http://{address}/v1/traces"))
    }

    /// Answers each request of a connection; keeps the bodies.
    async fn take(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Ok(read) = stream.read_buf(&mut bytes).await {
            if read == 0 {
                return;
            }
            while let Some((body, end)) = whole_request(&bytes) {
                self.bytes().extend_from_slice(&bytes[body..end]);
                bytes.drain(..end);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                if stream.write_all(answer).await.is_err() {
                    return;
                }
            }
        }
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self, text: impl AsRef<[u8]>) -> bool {
        let text = text.as_ref();
        self.bytes().windows(text.len()).any(|it| it == text)
    }
}

/// Where the body of the first request begins and ends, once it is all there.
fn whole_request(bytes: &[u8]) -> Option<(usize, usize)> {
    let body = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..body]).expect("a head of text").to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.expect("a length").trim().parse().expect("a number");
    (bytes.len() >= body + length).then_some((body, body + length))
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_arrive_and_neither_they_nor_the_logs_say_what_people_wrote() {
    let (collector, endpoint) = Collector::start().await;
    let folder = tempfile::tempdir().expect("a folder of our own");
    let settings = folder.path().join("settings.toml");
    let text = format!("[telemetry]\nlog_filter = \"debug\"\notlp_endpoint = \"{endpoint}\"\n");
    std::fs::write(&settings, text).expect("a file");
    let settings = settings.display().to_string();
    let data = folder.path().join("data");
    let server = Served::start(&data, &["--demo", "--config", &settings]).await;

    let caller = server.caller("supervisor").await;
    let conversation = caller.open_conversations(1).await.remove(0);
    let identify = "mutation ($name: String!) {
        customerIdentify(input: { displayName: $name }) { userErrors { code } }
    }";
    let note = "mutation ($id: ID!, $text: String!) {
        conversationAddNote(input: { conversationId: $id, text: $text }) { position }
    }";
    let search =
        "query ($text: String!) { search(text: $text, first: 5) { hits { snippet { text } } } }";
    // Also what is refused, and what does not even parse, must not be repeated.
    let broken = format!("{{ search(text: \"{CANARY}\", first: ");
    let inputs = [
        (identify, json!({ "name": NAME })),
        (note, json!({ "id": conversation, "text": CANARY })),
        (search, json!({ "text": CANARY })),
        (note, json!({ "id": CANARY, "text": CANARY })),
        (broken.as_str(), json!({ "unused": CANARY })),
    ];
    for (document, variables) in &inputs {
        caller.ask(document, variables).await.expect("an answer");
    }
    // A request that is part of a trace: its span names the trace and the caller's span.
    let (trace_id, parent_id) =
        (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128, 0x00f0_67aa_0ba9_02b7_u64);
    let traced = reqwest::Client::new()
        .get(format!("{}/livez", server.address()))
        .header("traceparent", format!("00-{trace_id:032x}-{parent_id:016x}-01"))
        .send();
    assert!(traced.await.expect("an answer").status().is_success());
    let has_parent =
        || collector.holds(trace_id.to_be_bytes()) && collector.holds(parent_id.to_be_bytes());
    until("the traced request arrives", async || has_parent().then_some(())).await;
    assert!(collector.holds("http.request"), "the others came before it");
    server.stop().await;

    assert!(collector.holds("service.name") && collector.holds("allhours"), "the service's name");
    assert!(collector.holds("/graphql"), "where it was asked");
    let log = std::fs::read_to_string(data.with_extension("log")).expect("the server's log");
    assert!(log.lines().count() > 10, "a log that says something: {log}");
    let held = run(&data, &["replay", "--open"]).await.well();
    for secret in [CANARY, NAME, caller.token()] {
        assert!(!collector.holds(secret), "{secret} is in the traces");
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    assert!(held.contains(CANARY) && held.contains(NAME), "both were written");
}
