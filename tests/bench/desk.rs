//! The whole desk over HTTP and WebSocket: a mixed load, and how soon a subscriber is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use allhours_api::clock;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::{
    figures::{Figure, histogram, quantile_ms, record},
    load::{self, Connection, Requests},
    served::Served,
};

const CONNECTIONS: usize = 64;
const MUTATIONS_PER_S: u32 = 200;
/// Agents who write side by side, each in a conversation that a subscriber follows.
const LANES: usize = 8;
/// How long the last frames may take to come.
const TOLD_MAX: Duration = Duration::from_secs(5);

const ADD_NOTE: &str = "mutation ($input: ConversationAddNoteInput!) { conversationAddNote(input: \
                        $input) { position userErrors { code message } } }";
const READS: [(&str, &str); 4] = [
    (
        "one conversation",
        "query ($id: ID!) { conversation(id: $id) { id status priority tier tags customer { id } } }",
    ),
    ("a queue of 20", "{ queue(first: 20) { nodes { conversation { id status priority } } } }"),
    ("a list of 20", "{ conversations(first: 20) { nodes { id status assignee { id } } } }"),
    (
        "a timeline of 10",
        "query ($id: ID!) { conversation(id: $id) { id timeline(first: 10) { nodes { position } } } }",
    ),
];

/// Throughput of the mix, and the way from an acknowledged mutation to a subscriber's frame.
pub async fn run(seconds: u64) -> Vec<Figure> {
    let folder = tempfile::Builder::new().prefix("allhours-bench").tempdir();
    let folder = folder.expect("a temporary folder");
    let served = Served::start(folder.path(), &["--demo"]).await;
    let token = served.token("supervisor").await;
    let ids = conversations(&served, &token).await;
    let time = Duration::from_secs(seconds);
    let floor = load::run(served.address, &token, CONNECTIONS, time, trivial()).await;
    let mut parts = Vec::new();
    for kind in 0..5 {
        let alone = load::run(served.address, &token, CONNECTIONS, time, only(kind, &ids)).await;
        parts.push(part(kind, &alone, &floor));
    }
    let mixed = load::run(served.address, &token, CONNECTIONS, time, mix(&ids)).await;
    let told = told(&served, &token, &ids[..LANES], time).await;
    served.stop().await;
    parts.extend([throughput(&mixed, &floor), told]);
    parts
}

async fn conversations(served: &Served, token: &str) -> Vec<String> {
    let mut connection = Connection::open(served.address, token).await;
    let query = "{ conversations(first: 50) { nodes { id status } } }";
    let data = connection.data(query, json!({})).await;
    let nodes = data["conversations"]["nodes"].as_array().expect("a list").clone();
    let takes_notes = |node: &&Value| node["status"] != "CLOSED" && node["status"] != "MERGED";
    nodes
        .iter()
        .filter(takes_notes)
        .map(|node| node["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn body(query: &str, variables: &Value) -> String {
    json!({ "query": query, "variables": variables }).to_string()
}

fn note(conversation: &str, text: &str) -> Value {
    let key = clock::new_id().to_string();
    json!({ "input": { "conversationId": conversation, "text": text, "idempotencyKey": key } })
}

/// The floor: the same path with nothing to do.
fn trivial() -> Requests {
    let body = body("{ __typename }", &json!({}));
    Arc::new(move |_| body.clone())
}

/// A request of one kind: one of the reads, or the write that comes after them.
fn request(kind: usize, id: &str) -> String {
    match READS.get(kind) {
        Some((_, read)) => body(read, &json!({ "id": id })),
        None => body(ADD_NOTE, &note(id, "The replacement left our warehouse this morning.")),
    }
}

/// Requests of one kind.
fn only(kind: usize, ids: &[String]) -> Requests {
    let ids = ids.to_vec();
    Arc::new(move |number| request(kind, &ids[usize::try_from(number).expect("few") % ids.len()]))
}

/// Four reads of four kinds, then one write.
fn mix(ids: &[String]) -> Requests {
    let ids = ids.to_vec();
    Arc::new(move |number| {
        let number = usize::try_from(number).expect("few");
        request(number % 5, &ids[number / 5 % ids.len()])
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of some seconds fit")]
fn rate(run: &load::Run) -> f64 {
    run.answered as f64 / run.elapsed.as_secs_f64()
}

/// What one kind of the mix comes to by itself: no goal, but where the time goes.
fn part(kind: usize, alone: &load::Run, floor: &load::Run) -> Figure {
    let what = READS.get(kind).map_or("a note", |(what, _)| what);
    let (ours, trivial) = (rate(alone), rate(floor));
    Figure {
        what: format!("of the mix, only {what}"),
        ours: format!("{ours:.0}/s, p99 {:.1} ms", quantile_ms(&alone.latency, 0.99)),
        peer: format!("`{{ __typename }}` on the same path: {trivial:.0}/s"),
        ratio: Some(ours / trivial),
        goal: "",
        met: alone.failed == 0,
    }
}

fn throughput(mixed: &load::Run, floor: &load::Run) -> Figure {
    let failure = mixed.first_failure.as_deref().unwrap_or_default();
    let (ours, trivial) = (rate(mixed), rate(floor));
    let (p50, p99) = (quantile_ms(&mixed.latency, 0.5), quantile_ms(&mixed.latency, 0.99));
    Figure {
        what: format!("mixed GraphQL, 80 % reads / 20 % writes, {CONNECTIONS} connections"),
        ours: format!(
            "{ours:.0}/s, p50 {p50:.1} ms, p99 {p99:.1} ms, {} errors {failure}",
            mixed.failed
        ),
        peer: format!("`{{ __typename }}` on the same path: {trivial:.0}/s"),
        ratio: Some(ours / trivial),
        goal: ">= 3,000/s, p99 <= 50 ms, no error",
        met: ours >= 3_000.0 && p99 <= 50.0 && mixed.failed == 0,
    }
}

/// Frames by position: when they came.
type Frames = Arc<Mutex<HashMap<i64, Instant>>>;

async fn told(served: &Served, token: &str, conversations: &[String], time: Duration) -> Figure {
    let frames = Frames::default();
    let acknowledged: Frames = Arc::default();
    let answers = Arc::new(Mutex::new(histogram()));
    let lanes = u32::try_from(conversations.len()).expect("few");
    let every = Duration::from_secs(1) * lanes / MUTATIONS_PER_S;
    let mut lanes = Vec::new();
    for conversation in conversations {
        let mut connection = Connection::open(served.address, token).await;
        let after = position(&connection.data("{ position }", json!({})).await["position"]);
        subscribe(served, token, conversation, after, frames.clone()).await;
        lanes.push((connection, conversation.clone()));
    }
    let mut senders = Vec::new();
    for (mut connection, conversation) in lanes {
        let (acknowledged, answers) = (acknowledged.clone(), answers.clone());
        senders.push(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            let started = Instant::now();
            while started.elapsed() < time {
                ticks.tick().await;
                let sent = Instant::now();
                let data = connection.data(ADD_NOTE, note(&conversation, "A note.")).await;
                let at = Instant::now();
                record(&mut answers.lock().expect("no panic"), at.duration_since(sent));
                let position = position(&data["conversationAddNote"]["position"]);
                acknowledged.lock().expect("no panic").insert(position, at);
            }
        }));
    }
    for sender in senders {
        sender.await.expect("a sender ends");
    }
    let acknowledged = acknowledged.lock().expect("no panic").clone();
    let told = async {
        while acknowledged.keys().any(|it| !frames.lock().expect("no panic").contains_key(it)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TOLD_MAX, told).await.expect("every mutation is told");
    let frames = frames.lock().expect("no panic");
    let mut seen = histogram();
    for (position, at) in &acknowledged {
        let frame = frames[position];
        // A frame that overtakes the answer counts as no wait.
        record(&mut seen, frame.saturating_duration_since(*at));
    }
    delay(&seen, &answers.lock().expect("no panic"), time)
}

#[expect(clippy::cast_precision_loss, reason = "counts of some seconds fit")]
fn delay(seen: &Histogram<u64>, answers: &Histogram<u64>, time: Duration) -> Figure {
    // Fewer than were asked for would make a figure for another load.
    let asked = f64::from(MUTATIONS_PER_S) * time.as_secs_f64();
    let all = seen.len() as f64 >= 0.95 * asked;
    let (p50, p99) = (quantile_ms(seen, 0.5), quantile_ms(seen, 0.99));
    let most = quantile_ms(seen, 1.0);
    Figure {
        what: format!("acknowledged mutation to subscriber's frame, {MUTATIONS_PER_S} mutations/s"),
        ours: format!("p50 {p50:.2} ms, p99 {p99:.2} ms, max {most:.2} ms (n = {})", seen.len()),
        peer: format!(
            "the mutation itself: p50 {:.2} ms, p99 {:.2} ms",
            quantile_ms(answers, 0.5),
            quantile_ms(answers, 0.99)
        ),
        ratio: None,
        goal: "p50 <= 5 ms, p99 <= 25 ms, max <= 50 ms",
        met: all && p50 <= 5.0 && p99 <= 25.0 && most <= 50.0,
    }
}

fn position(value: &Value) -> i64 {
    let text = value.as_str().and_then(|it| it.parse().ok());
    text.or(value.as_i64()).unwrap_or_else(|| panic!("no position: {value}"))
}

/// Subscribes over graphql-transport-ws, and notes when each frame comes.
async fn subscribe(served: &Served, token: &str, conversation: &str, after: i64, noted: Frames) {
    let url = format!("ws://{}/graphql", served.address);
    let mut request = url.into_client_request().expect("a well formed address");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await.expect("it is open");
    let ack = socket.next().await.expect("an answer").expect("it is open");
    assert!(ack.to_string().contains("connection_ack"), "{ack}");
    let query = "subscription ($id: ID!, $after: Position) { \
                 conversationEvents(id: $id, after: $after) { position } }";
    let variables = json!({ "id": conversation, "after": after });
    let payload = json!({ "query": query, "variables": variables });
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": payload });
    socket.send(Message::text(subscribe.to_string())).await.expect("it is open");
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let at = Instant::now();
            let Ok(frame) = serde_json::from_str::<Value>(&message.to_string()) else { continue };
            if frame["type"] == "next" {
                let frame = &frame["payload"]["data"]["conversationEvents"]["position"];
                noted.lock().expect("no panic").insert(position(frame), at);
            } else if frame["type"] == "ping" {
                let pong = json!({ "type": "pong" }).to_string();
                socket.send(Message::text(pong)).await.expect("it is open");
            }
        }
    });
}
