//! Subscribers over a WebSocket or an event stream, who read only when they are told to.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::writer::position;

const NEXT_MAX: Duration = Duration::from_secs(30);
/// What the kernel holds for a reader who does not read; the least it takes is more.
const HELD_BYTES: u32 = 8_192;

/// How an event of a stream begins, and how it ends.
const EVENT: &str = "event: next\ndata: ";
const EVENT_END: &str = "\n\n";

async fn connect(address: &str) -> Option<TcpStream> {
    let address: SocketAddr =
        address.trim_start_matches("http://").parse().expect("an address with a port");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(HELD_BYTES).expect("a small buffer");
    socket.connect(address).await.ok()
}

/// What a subscriber got next.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A result.
    Next(Value),
    /// The subscription is over, with these errors or none.
    Ended(Value),
    /// The server said goodbye with this code.
    Closed(u16),
    /// The connection is gone without a goodbye.
    Broken,
}

/// A `graphql-transport-ws` subscriber.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects, and subscribes; reads nothing of what comes.
    pub async fn subscribe(address: &str, token: &str, query: &str, variables: Value) -> Self {
        let socket = Self::try_subscribe(address, token, query, variables).await;
        socket.expect("the server takes the connection")
    }

    /// The same with a server that may be gone.
    pub async fn try_subscribe(
        address: &str,
        token: &str,
        query: &str,
        variables: Value,
    ) -> Option<Self> {
        let stream = connect(address).await?;
        let request = format!("{address}/graphql").replace("http:", "ws:");
        let mut request = request.into_client_request().expect("an address");
        let protocol = "graphql-transport-ws".parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let mut socket = Self(tokio_tungstenite::client_async(request, stream).await.ok()?.0);
        let bearer = json!({ "Authorization": format!("Bearer {token}") });
        socket.say(&json!({ "type": "connection_init", "payload": bearer })).await?;
        let payload = json!({ "query": query, "variables": variables });
        socket.say(&json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
        Some(socket)
    }

    /// Nothing where the server is gone.
    async fn say(&mut self, message: &Value) -> Option<()> {
        self.0.send(Message::text(message.to_string())).await.ok()
    }

    /// What comes next.
    pub async fn next(&mut self) -> Heard {
        loop {
            let next = tokio::time::timeout(NEXT_MAX, self.0.next()).await;
            let text = match next.expect("something comes in time") {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(Some(frame)))) => return Heard::Closed(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(_) | None => return Heard::Broken,
            };
            let mut message: Value = serde_json::from_str(&text).expect("a message is JSON");
            match message["type"].as_str() {
                Some("next") => return Heard::Next(message["payload"].take()),
                Some("error" | "complete") => return Heard::Ended(message["payload"].take()),
                Some("ping") => {
                    if self.say(&json!({ "type": "pong" })).await.is_none() {
                        return Heard::Broken;
                    }
                }
                _ => assert_eq!(message["type"], "connection_ack", "{message}"),
            }
        }
    }

    /// The positions of all frames up to the end, and how it ended.
    pub async fn positions_to_the_end(&mut self) -> (Vec<i64>, Heard) {
        let mut positions = Vec::new();
        loop {
            match self.next().await {
                Heard::Next(payload) => positions.push(known_position(&payload)),
                end => return (positions, end),
            }
        }
    }

    /// The positions of so many frames.
    pub async fn positions(&mut self, count: usize) -> Vec<i64> {
        let mut positions = Vec::with_capacity(count);
        while positions.len() < count {
            match self.next().await {
                Heard::Next(payload) => positions.push(known_position(&payload)),
                end => assert_eq!(end, Heard::Broken, "after {positions:?}"),
            }
        }
        positions
    }
}

/// Where a frame stands; nothing where it holds errors alone.
pub fn position_of(payload: &Value) -> Option<i64> {
    let frame = payload["data"].as_object()?.values().next()?;
    position(&frame["position"])
}

fn known_position(payload: &Value) -> i64 {
    position_of(payload).expect("a frame names its position")
}

/// A subscriber by an event stream.
pub struct EventStream {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl EventStream {
    /// Connects, and subscribes; reads nothing of what comes.
    pub async fn subscribe(address: &str, token: &str, query: &str, variables: Value) -> Self {
        let stream = Self::try_subscribe(address, token, query, variables).await;
        stream.expect("the server takes the connection")
    }

    /// The same with a server that may be gone.
    pub async fn try_subscribe(
        address: &str,
        token: &str,
        query: &str,
        variables: Value,
    ) -> Option<Self> {
        let mut stream = connect(address).await?;
        let body = json!({ "query": query, "variables": variables }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: allhours\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\naccept: text/event-stream\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(body.as_bytes()).await.ok()?;
        Some(Self { stream, bytes: Vec::new() })
    }

    /// Reads so many bytes at most; false once there is nothing more to come.
    pub async fn read(&mut self, bytes_max: usize) -> bool {
        let mut bytes = vec![0; bytes_max];
        let read = tokio::time::timeout(NEXT_MAX, self.stream.read(&mut bytes)).await;
        let count = read.expect("something comes in time").unwrap_or(0);
        self.bytes.extend_from_slice(&bytes[..count]);
        count > 0
    }

    /// The positions of all events that came whole.
    pub fn positions(&self) -> Vec<i64> {
        let text = String::from_utf8_lossy(&self.bytes);
        let events = text.split(EVENT).skip(1);
        let whole = events.filter_map(|event| event.split_once(EVENT_END));
        whole.map(|(data, _)| known_position(&payload(data))).collect()
    }

    /// The next event.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(payload) = self.take() {
                return Heard::Next(payload);
            }
            if !self.read(65_536).await {
                return Heard::Broken;
            }
        }
    }

    /// Takes the first event out of what was read, where it came whole.
    fn take(&mut self) -> Option<Value> {
        let text = String::from_utf8_lossy(&self.bytes);
        let (_, rest) = text.split_once(EVENT)?;
        let (data, rest) = rest.split_once(EVENT_END)?;
        let (payload, left) = (payload(data), rest.len());
        self.bytes.drain(..self.bytes.len() - left);
        Some(payload)
    }
}

fn payload(data: &str) -> Value {
    serde_json::from_str(data).expect("an event is JSON")
}
