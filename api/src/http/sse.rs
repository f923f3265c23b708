//! Operations as event streams: the distinct connections mode of the GraphQL over SSE protocol.
//!
//! One operation a connection: `next` events, then `complete`. A stream that ends without
//! `complete` (the token expired, the server stops) may be asked for again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_graphql::{Executor, Request, Response as GraphqlResponse, parser::types::OperationType};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::Response,
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{
    accept::Media,
    answer::{self, code},
    driven::driven,
    graphql::measure,
    observe::RequestId,
    room::Room,
    service::Service,
};
use crate::{auth::Authenticated, clock, graphql::viewer::Viewer};

/// Answers with the results of an operation as they come.
pub fn stream<E: Executor>(
    service: &Arc<Service<E>>,
    document: Request,
    operation: Option<OperationType>,
    who: &Authenticated,
    id: &RequestId,
) -> Response {
    let held = service.places.take().and_then(|place| {
        let seat = service.places.seat(&who.viewer)?;
        Ok((place, seat))
    });
    let held = match held {
        Ok(held) => held,
        Err(full) => return answer::full(full, id),
    };
    let lasts = who.expires_at.duration_since(clock::now());
    let expiry = tokio::time::sleep(Duration::try_from(lasts).unwrap_or_default());
    let deadline = match operation {
        Some(OperationType::Subscription) => None,
        Some(OperationType::Query | OperationType::Mutation) | None => {
            Some(service.settings.server.deadline())
        }
    };
    let ping = Duration::from_millis(service.settings.subscriptions.ping_ms);
    let stopping = service.stopping.clone();
    let mut results = results(service, document, operation, (&who.viewer, id));
    let id = id.clone();
    let begun = clock::instant();
    let events = async_stream::stream! {
        let _held = held;
        let mut pings = tokio::time::interval(ping);
        tokio::pin!(expiry);
        let too_late = tokio::time::sleep(deadline.unwrap_or(Duration::MAX));
        tokio::pin!(too_late);
        loop {
            let next = tokio::select! {
                next = results.next() => next,
                _ = pings.tick() => {
                    // A comment: keeps the connection open, and finds out that it is not.
                    yield Ok::<_, Infallible>(Bytes::from_static(b":\n\n"));
                    continue;
                }
                () = &mut too_late, if deadline.is_some() => {
                    measure(operation, "deadline", begun);
                    yield Ok(event("next", &deadline_passed(&id)).into());
                    None
                }
                () = &mut expiry => return,
                () = stopping.cancelled() => return,
            };
            match next {
                Some(Ok(next)) => yield Ok(next),
                Some(Err(no_room)) => {
                    yield Ok(event("next", &no_room).into());
                    break;
                }
                None => break,
            }
        }
        yield Ok(event("complete", b"").into());
    };
    let mut answer = Response::new(Body::from_stream(events));
    let content_type = HeaderValue::from_static(Media::EventStream.content_type());
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // Proxies that collect answers before passing them on would hold back every event.
    answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}

/// What an operation gives, as it comes; where there is no room for it, what is said instead.
fn results<E: Executor>(
    service: &Arc<Service<E>>,
    document: Request,
    operation: Option<OperationType>,
    (viewer, id): (&Viewer, &RequestId),
) -> BoxStream<'static, Result<Bytes, Vec<u8>>> {
    let responses = match operation {
        Some(OperationType::Subscription) => service.executor.execute_stream(document, None),
        Some(OperationType::Query | OperationType::Mutation) | None => {
            let service = Arc::clone(service);
            let measured = async move {
                let begun = clock::instant();
                let response = service.executor.execute(document).await;
                let outcome = if response.errors.is_empty() { "ok" } else { "error" };
                measure(operation, outcome, begun);
                response
            };
            stream::once(measured).boxed()
        }
    };
    let (service, viewer, id) = (Arc::clone(service), viewer.clone(), id.clone());
    let results = responses.map(move |response| result(response, &id, (&viewer, &service.room)));
    driven(results.boxed())
}

/// A result as an event that takes its room for as long as it is unsent; where there is none, what
/// is said instead.
fn result(
    mut response: GraphqlResponse,
    id: &RequestId,
    (viewer, room): (&Viewer, &Room),
) -> Result<Bytes, Vec<u8>> {
    let text = answer::json_text(&mut response, id, room.answer_bytes_max);
    drop(response);
    let next = room.take_any(viewer, event("next", &text));
    next.ok_or_else(|| unavailable(id, answer::NO_ROOM))
}

fn deadline_passed(id: &RequestId) -> Vec<u8> {
    answer::log_deadline(id);
    unavailable(id, answer::DEADLINE)
}

fn unavailable(id: &RequestId, message: &str) -> Vec<u8> {
    let extensions = serde_json::json!({"code": code::UNAVAILABLE, "requestId": id.as_str()});
    let error = serde_json::json!({"message": message, "extensions": extensions});
    serde_json::json!({"errors": [error]}).to_string().into_bytes()
}

/// One event; JSON text has no line breaks of its own.
fn event(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + data.len() + 18);
    bytes.extend_from_slice(b"event: ");
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b"\ndata: ");
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\n\n");
    bytes
}
