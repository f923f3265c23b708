//! Somebody who follows the desk, comes back after each fault, and keeps account of what came.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::socket::{EventStream, Heard, Socket, position_of};
use crate::process::Place;

const CONVERSATION: &str = "subscription ($id: ID!, $after: Position) \
    { conversationEvents(id: $id, after: $after) { position } }";
const LOG: &str = "subscription ($after: Position) { events(after: $after) { position } }";
const RETRY: Duration = Duration::from_millis(50);
/// How long it may take until everything came.
const CAUGHT_UP_MAX: Duration = Duration::from_secs(30);

/// By what it follows.
#[derive(Debug, Clone, Copy)]
pub enum Transport {
    /// `graphql-transport-ws`.
    WebSocket,
    /// Server-sent events.
    EventStream,
}

enum Line {
    Socket(Box<Socket>),
    Stream(EventStream),
}

impl Line {
    async fn next(&mut self) -> Heard {
        match self {
            Self::Socket(socket) => socket.next().await,
            Self::Stream(stream) => stream.next().await,
        }
    }
}

/// Follows from a position on.
pub struct Follower {
    query: &'static str,
    /// The conversation; null for a whole log.
    id: Value,
    /// What `replay` calls the same events.
    filter: String,
    token: String,
    transport: Transport,
    line: Option<Line>,
    from: i64,
    seen: Vec<i64>,
    /// How often it had to come back.
    pub returns: usize,
}

impl Follower {
    /// Of a conversation, after a position.
    pub fn of_conversation(id: &str, token: &str, transport: Transport, from: i64) -> Self {
        Self::new(CONVERSATION, json!(id), format!("stream={id}"), token, transport, from)
    }

    /// Of all that a tenant's log holds, after a position.
    pub fn of_log(tenant: &str, token: &str, transport: Transport, from: i64) -> Self {
        Self::new(LOG, Value::Null, format!("tenant={tenant}"), token, transport, from)
    }

    fn new(
        query: &'static str,
        id: Value,
        filter: String,
        token: &str,
        transport: Transport,
        from: i64,
    ) -> Self {
        let token = token.to_owned();
        Self { query, id, filter, token, transport, line: None, from, seen: vec![], returns: 0 }
    }

    /// Follows until told to stop, whatever becomes of the server.
    pub async fn follow(mut self, address: String, stop: CancellationToken) -> Self {
        let mut following = Box::pin(async {
            loop {
                self.hear(&address).await;
            }
        });
        tokio::select! {
            () = stop.cancelled() => {}
            () = &mut following => {}
        }
        drop(following);
        self
    }

    /// Takes the next frame; where the line is broken, comes back instead, if the server is there.
    async fn hear(&mut self, address: &str) {
        let Some(line) = &mut self.line else {
            self.line = self.connect(address).await;
            match self.line {
                Some(_) => self.returns += 1,
                None => tokio::time::sleep(RETRY).await,
            }
            return;
        };
        match line.next().await {
            // After an error it reads on: it is for the server to end what it cannot go on with.
            Heard::Next(payload) => {
                if let Some(position) = position_of(&payload) {
                    let last = self.last();
                    assert!(position > last, "{}: {position} came after {last}", self.filter);
                    self.seen.push(position);
                }
            }
            Heard::Ended(_) | Heard::Closed(_) | Heard::Broken => self.line = None,
        }
    }

    async fn connect(&self, address: &str) -> Option<Line> {
        let mut variables = json!({ "after": self.last() });
        if !self.id.is_null() {
            variables["id"] = self.id.clone();
        }
        match self.transport {
            Transport::WebSocket => {
                let to = Socket::try_subscribe(address, &self.token, self.query, variables);
                to.await.map(|socket| Line::Socket(Box::new(socket)))
            }
            Transport::EventStream => {
                let to = EventStream::try_subscribe(address, &self.token, self.query, variables);
                to.await.map(Line::Stream)
            }
        }
    }

    fn last(&self) -> i64 {
        self.seen.last().copied().unwrap_or(self.from)
    }

    /// Waits until all that stands in the log has come, and nothing else did: each event once, in
    /// order, over the lines that broke.
    pub async fn has_everything(&mut self, place: &Place, address: &str) {
        let mut standing = place.replay(&self.filter).await;
        standing.retain(|event| event.position > self.from);
        let wanted: Vec<i64> = standing.iter().map(|event| event.position).collect();
        let newest = wanted.last().copied().unwrap_or(self.from);
        let catching_up = async {
            while self.last() < newest {
                self.hear(address).await;
            }
        };
        let caught_up = tokio::time::timeout(CAUGHT_UP_MAX, catching_up).await;
        let came = || &self.seen[self.seen.len().saturating_sub(5)..];
        assert!(caught_up.is_ok(), "{}: {newest} did not come, but {:?}", self.filter, came());
        // What was written after the look at the log may have come as well.
        let until = self.seen.partition_point(|position| *position <= newest);
        assert_eq!(self.seen[..until], wanted, "{}", self.filter);
    }
}
