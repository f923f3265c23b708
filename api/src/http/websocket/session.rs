//! One socket's life: handshake, operations, and its end.
//!
//! Each operation has a task of its own, that goes on while the network takes nothing: what it
//! holds of the database and of what may be carried out at once comes back in time. It makes one
//! result ahead and then waits, so that whoever does not read holds back only themselves.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use async_graphql::{Executor, Response, ServerError, parser::types::OperationType};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{
    StreamExt,
    stream::{AbortHandle, Abortable, BoxStream, SelectAll},
};
use serde_json::{Map, Value, json};
use tokio::time::{Interval, Sleep};

use super::message::{self, Said};
use crate::{
    auth::Authenticated,
    clock,
    graphql::viewer::Viewer,
    http::{
        answer::{self, code},
        caller::{Address, Denied},
        driven::driven,
        graphql::measure,
        observe::RequestId,
        params,
        places::Seat,
        room::Room,
        service::Service,
    },
};

/// How long the close frame may take to leave.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// A moment that never comes.
const NEVER: Duration = Duration::from_hours(87_600);

/// The end of a session: a close code and the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End(u16, &'static str);

/// What goes out for an operation.
struct Outgoing {
    id: String,
    text: Utf8Bytes,
    is_last: bool,
}

/// One socket.
pub struct Session<E> {
    service: Arc<Service<E>>,
    address: Address,
    request_id: RequestId,
    token: Option<String>,
    who: Option<Authenticated>,
    seat: Option<Seat>,
    operations: SelectAll<Abortable<BoxStream<'static, Outgoing>>>,
    running: HashMap<String, AbortHandle>,
    unanswered_pings: u32,
    slow: Duration,
}

impl<E> std::fmt::Debug for Session<E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").finish_non_exhaustive()
    }
}

struct Timers {
    /// `connection_init` must have come; after that, the token expires.
    limit: Pin<Box<Sleep>>,
    pings: Interval,
}

impl<E: Executor> Session<E> {
    /// For a socket from `address`, whose handshake may have carried a token.
    #[must_use]
    pub fn new(
        service: Arc<Service<E>>,
        address: Address,
        request_id: RequestId,
        token: Option<String>,
    ) -> Self {
        Self {
            slow: Duration::from_millis(service.settings.subscriptions.slow_ms),
            service,
            address,
            request_id,
            token,
            who: None,
            seat: None,
            operations: SelectAll::new(),
            running: HashMap::new(),
            unanswered_pings: 0,
        }
    }

    /// Lives until either side ends it.
    pub async fn run(mut self, mut socket: WebSocket) {
        let speaks = socket.protocol().is_some_and(|protocol| protocol == super::PROTOCOL);
        let end = if speaks {
            self.converse(&mut socket).await.err()
        } else {
            Some(End(4406, "only graphql-transport-ws is spoken here"))
        };
        let goodbye = end.map(|End(code, reason)| {
            metrics::counter!("allhours_websockets_closed_total", "code" => code.to_string())
                .increment(1);
            Message::Close(Some(CloseFrame { code, reason: reason.into() }))
        });
        let closing = async {
            let said = match goodbye {
                Some(goodbye) => socket.send(goodbye).await.is_ok(),
                None => true,
            };
            if said {
                // Until both have said goodbye; the answer to the client's leaves with a read.
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        // Whether the goodbye arrives is not ours to know.
        tokio::time::timeout(CLOSE_TIMEOUT, closing).await.ok();
    }

    /// Ends well where the client has gone or said goodbye, otherwise with the reason to close.
    async fn converse(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let settings = &self.service.settings.subscriptions;
        let ping = Duration::from_millis(settings.ping_ms);
        let init = Duration::from_millis(settings.init_timeout_ms);
        let mut pings = tokio::time::interval(ping);
        pings.reset();
        let mut timers = Timers { limit: Box::pin(tokio::time::sleep(init)), pings };
        let stopping = self.service.stopping.clone();
        loop {
            tokio::select! {
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => {
                        self.hear(socket, &mut timers, text.as_str()).await?;
                    }
                    Some(Ok(Message::Binary(_))) => return Err(End(4400, "text is expected")),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.unanswered_pings = 0,
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Err(_)) => return Err(End(4400, "the frame is malformed or too large")),
                },
                Some(outgoing) = self.operations.next(), if !self.operations.is_empty() => {
                    if outgoing.is_last {
                        self.running.remove(&outgoing.id);
                    }
                    say(socket, self.slow, outgoing.text).await?;
                },
                _ = timers.pings.tick() => self.ping(socket).await?,
                () = &mut timers.limit => return Err(if self.who.is_some() {
                    End(4403, "the token has expired")
                } else {
                    End(4408, "no connection_init in time")
                }),
                () = stopping.cancelled() => return Err(End(1012, "the server stops")),
            }
        }
    }

    async fn ping(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if self.unanswered_pings >= 2 {
            return Err(End(4408, "pings went unanswered"));
        }
        if self.who.is_some() {
            self.unanswered_pings += 1;
            say(socket, self.slow, message::ping()).await?;
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        timers: &mut Timers,
        text: &str,
    ) -> Result<(), End> {
        self.unanswered_pings = 0;
        match message::read(text).ok_or(End(4400, "this is no message of the protocol"))? {
            Said::Init(payload) => {
                let lasts = self.begin(&payload).await?;
                timers.limit = Box::pin(tokio::time::sleep(lasts.min(NEVER)));
                say(socket, self.slow, message::ack()).await
            }
            Said::Ping(payload) => say(socket, self.slow, message::pong(payload)).await,
            Said::Pong => Ok(()),
            Said::Subscribe { id, payload } => match self.subscribe(&id, payload)? {
                Some(refused) => say(socket, self.slow, refused).await,
                None => Ok(()),
            },
            Said::Complete { id } => {
                if let Some(operation) = self.running.remove(&id) {
                    operation.abort();
                }
                Ok(())
            }
        }
    }

    /// Checks who it is, and says for how long that holds.
    async fn begin(&mut self, payload: &Map<String, Value>) -> Result<Duration, End> {
        if self.who.is_some() {
            return Err(End(4429, "connection_init was sent twice"));
        }
        let token = message::token_in(payload).or(self.token.as_deref());
        match self.service.admit(token, self.address).await {
            Ok(who) => {
                let seat = self.service.places.seat(&who.viewer);
                self.seat = Some(seat.map_err(|full| End(4429, full.reason()))?);
                let lasts = who.expires_at.duration_since(clock::now());
                self.who = Some(who);
                self.token = None;
                Ok(Duration::try_from(lasts).unwrap_or_default())
            }
            Err(Denied::Unauthenticated(_)) => Err(End(4403, "the token is not accepted")),
            Err(Denied::TooMany(_)) => Err(End(4429, "too many requests")),
            Err(Denied::Unavailable) => {
                let why = "who asks can't be checked just now";
                let (request_id, code) = (self.request_id.as_str(), code::UNAVAILABLE);
                tracing::warn!(request_id, code, cause = why, "a request could not be served");
                Err(End(1013, why))
            }
        }
    }

    /// Starts an operation, or gives the message that says why it is not carried out.
    fn subscribe(&mut self, id: &str, payload: Map<String, Value>) -> Result<Option<String>, End> {
        let who = self.who.clone().ok_or(End(4401, "an operation before connection_ack"))?;
        if self.running.contains_key(id) {
            return Err(End(4409, "this operation's id is already in use"));
        }
        if self.running.len() >= self.service.settings.subscriptions.operations_max {
            let errors = self.errors(code::RATE_LIMITED, "too many operations on one socket");
            return Ok(Some(message::error(id, &errors)));
        }
        if let Err(too_many) = self.service.limits.of(&who) {
            let errors = self.errors(code::RATE_LIMITED, &too_many.to_string());
            return Ok(Some(message::error(id, &errors)));
        }
        let read = params::from_object(payload, &self.service.trusted, who.viewer.role);
        let mut document = match read {
            Ok(document) => document,
            Err(wrong) => {
                let errors = self.errors(wrong.code(), &wrong.to_string());
                return Ok(Some(message::error(id, &errors)));
            }
        };
        let operation = self.service.documents.read(&mut document);
        let document = self.service.prepared(document, &who, &self.request_id);
        let outgoing = if operation == Some(OperationType::Subscription) {
            self.many(id, who.viewer, self.service.executor.execute_stream(document, None))
        } else {
            self.once(id, who.viewer, operation, document)
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.operations.push(Abortable::new(driven(outgoing), registration));
        self.running.insert(id.to_owned(), handle);
        Ok(None)
    }

    fn errors(&self, code: &str, message: &str) -> Vec<u8> {
        errors(&self.request_id, code, message)
    }

    /// A query or mutation: one result within the deadline.
    fn once(
        &self,
        id: &str,
        viewer: Viewer,
        operation: Option<OperationType>,
        document: async_graphql::Request,
    ) -> BoxStream<'static, Outgoing> {
        let (service, request_id, id) =
            (Arc::clone(&self.service), self.request_id.clone(), id.to_owned());
        let late = self.errors(code::UNAVAILABLE, answer::DEADLINE);
        Box::pin(async_stream::stream! {
            let begun = clock::instant();
            let Ok(response) = service.execute(document).await else {
                measure(operation, "deadline", begun);
                answer::log_deadline(&request_id);
                let text = message::error(&id, &late).into();
                yield Outgoing { id, text, is_last: true };
                return;
            };
            let outcome = if response.errors.is_empty() { "ok" } else { "error" };
            measure(operation, outcome, begun);
            let of = (&request_id, &viewer, &service.room);
            for outgoing in result(&id, response, true, of) {
                yield outgoing;
            }
        })
    }

    /// A subscription: results as they come, then `complete`.
    fn many(
        &self,
        id: &str,
        viewer: Viewer,
        mut responses: BoxStream<'static, Response>,
    ) -> BoxStream<'static, Outgoing> {
        let (service, request_id, id) =
            (Arc::clone(&self.service), self.request_id.clone(), id.to_owned());
        Box::pin(async_stream::stream! {
            let of = (&request_id, &viewer, &service.room);
            while let Some(response) = responses.next().await {
                for outgoing in result(&id, response, false, of) {
                    let is_last = outgoing.is_last;
                    yield outgoing;
                    if is_last {
                        return;
                    }
                }
            }
            let text = message::complete(&id).into();
            yield Outgoing { id, text, is_last: true };
        })
    }
}

async fn say(
    socket: &mut WebSocket,
    slow: Duration,
    text: impl Into<Utf8Bytes>,
) -> Result<(), End> {
    let unread = End(4413, "what is sent is not read; connect again and resume");
    let begun = clock::instant();
    match tokio::time::timeout(slow, socket.send(Message::Text(text.into()))).await {
        // Held up itself, the process sees the connection below give up before it looks here.
        Ok(Err(_)) if begun.elapsed() >= slow => Err(unread),
        // A broken socket is noticed, and ended, where it is read.
        Ok(Ok(()) | Err(_)) => Ok(()),
        Err(_) => Err(unread),
    }
}

/// A response as messages: `error` where nothing was executed, otherwise `next`, and
/// `complete` where it is the only one. Written for this request, where there is room for it:
/// what is not taken yet is held.
fn result(
    id: &str,
    mut response: Response,
    only: bool,
    (request_id, viewer, room): (&RequestId, &Viewer, &Room),
) -> Vec<Outgoing> {
    let outgoing = |text: Utf8Bytes, is_last| Outgoing { id: id.to_owned(), text, is_last };
    if answer::is_request_error(&response) {
        answer::mark(&mut response.errors, request_id);
        let text = message::error(id, &errors_text(&response.errors));
        return vec![outgoing(text.into(), true)];
    }
    let text = answer::json_text(&mut response, request_id, room.answer_bytes_max);
    let next = room.take_any(viewer, message::next(id, &text).into_bytes());
    let Some(next) = next.and_then(|text| Utf8Bytes::try_from(text).ok()) else {
        let errors = errors(request_id, code::UNAVAILABLE, answer::NO_ROOM);
        return vec![outgoing(message::error(id, &errors).into(), true)];
    };
    let next = outgoing(next, false);
    if only { vec![next, outgoing(message::complete(id).into(), true)] } else { vec![next] }
}

fn errors(request_id: &RequestId, code: &str, message: &str) -> Vec<u8> {
    let extensions = json!({"code": code, "requestId": request_id.as_str()});
    json!([{"message": message, "extensions": extensions}]).to_string().into_bytes()
}

fn errors_text(errors: &[ServerError]) -> Vec<u8> {
    serde_json::to_vec(errors).unwrap_or_else(|_| b"[]".to_vec())
}
