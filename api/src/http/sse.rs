//! Operations as event streams: the distinct connections mode of the GraphQL over SSE protocol.
//!
//! One operation a connection: `next` events, then `complete`. A stream that ends without
//! `complete` (the token expired, the server stops) may be asked for again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_graphql::{Executor, Request, parser::types::OperationType};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::Response,
};
use futures_util::{StreamExt, stream};

use super::{
    accept::Media,
    answer::{self, code},
    observe::RequestId,
    service::Service,
};
use crate::{auth::Authenticated, clock};

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
    let bytes_max = service.room.answer_bytes_max;
    let mut responses = match operation {
        Some(OperationType::Subscription) => service.executor.execute_stream(document, None),
        Some(OperationType::Query | OperationType::Mutation) | None => {
            let service = Arc::clone(service);
            stream::once(async move { service.executor.execute(document).await }).boxed()
        }
    };
    let id = id.clone();
    let events = async_stream::stream! {
        let _held = held;
        let mut pings = tokio::time::interval(ping);
        tokio::pin!(expiry);
        let too_late = tokio::time::sleep(deadline.unwrap_or(Duration::MAX));
        tokio::pin!(too_late);
        loop {
            let response = tokio::select! {
                response = responses.next() => response,
                _ = pings.tick() => {
                    // A comment: keeps the connection open, and finds out that it is not.
                    yield Ok::<_, Infallible>(Bytes::from_static(b":\n\n"));
                    continue;
                }
                () = &mut too_late, if deadline.is_some() => {
                    yield Ok(event("next", &deadline_passed(&id)));
                    None
                }
                () = &mut expiry => return,
                () = stopping.cancelled() => return,
            };
            match response {
                Some(mut response) => {
                    yield Ok(event("next", &answer::json_text(&mut response, &id, bytes_max)));
                }
                None => break,
            }
        }
        yield Ok(event("complete", b""));
    };
    let mut answer = Response::new(Body::from_stream(events));
    let content_type = HeaderValue::from_static(Media::EventStream.content_type());
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // Proxies that collect answers before passing them on would hold back every event.
    answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}

fn deadline_passed(id: &RequestId) -> Vec<u8> {
    answer::log_deadline(id);
    let extensions = serde_json::json!({"code": code::UNAVAILABLE, "requestId": id.as_str()});
    let error = serde_json::json!({"message": answer::DEADLINE, "extensions": extensions});
    serde_json::json!({"errors": [error]}).to_string().into_bytes()
}

/// One event; JSON text has no line breaks of its own.
fn event(name: &str, data: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(name.len() + data.len() + 18);
    bytes.extend_from_slice(b"event: ");
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b"\ndata: ");
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\n\n");
    Bytes::from(bytes)
}
