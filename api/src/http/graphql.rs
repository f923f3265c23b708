//! GraphQL over HTTP, strictly: one document a request, mutations only by POST, JSON only.

use std::{sync::Arc, time::Instant};

use async_graphql::{Executor, Request as Document, parser::types::OperationType};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{FromRequestParts, Query, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};

use futures_util::StreamExt as _;

use super::{
    accept::{self, Media},
    answer,
    caller::{self, Address},
    observe::RequestId,
    params::{self, BadRequest},
    service::Service,
    sse, websocket,
};
use crate::{auth::Authenticated, clock};

/// How much of a body is taken from its sender at all.
const DROPPED_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// A request by POST.
pub async fn post<E: Executor>(
    State(service): State<Arc<Service<E>>>,
    Extension(id): Extension<RequestId>,
    Extension(address): Extension<Address>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (media, who) = match admitted(&service, &parts.headers, address, &id).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    if let Err(wrong) = params::require_json(&parts.headers) {
        return bad_request(media, &wrong, &id);
    }
    let body = match body_of(&service, media, body, &id).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let document = match params::from_body(&body, &service.trusted, who.viewer.role) {
        Ok(document) => document,
        Err(wrong) => return bad_request(media, &wrong, &id),
    };
    carry_out(&service, media, document, &who, &id).await
}

/// A request by GET: a query, a subscription as an event stream, or a WebSocket.
pub async fn get<E: Executor>(
    State(service): State<Arc<Service<E>>>,
    Extension(id): Extension<RequestId>,
    Extension(address): Extension<Address>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        return upgraded(service, id, address, &mut parts).await;
    }
    let (media, who) = match admitted(&service, &parts.headers, address, &id).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
        let wrong = BadRequest::Parameter("query", "does not read as a form");
        return bad_request(media, &wrong, &id);
    };
    let mut document = match params::from_pairs(pairs, &service.trusted, who.viewer.role) {
        Ok(document) => document,
        Err(wrong) => return bad_request(media, &wrong, &id),
    };
    let operation = service.documents.read(&mut document);
    let streamed = media == Media::EventStream && operation == Some(OperationType::Subscription);
    if !streamed && !matches!(operation, None | Some(OperationType::Query)) {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let message = "only queries are carried out by GET";
        let mut refused =
            answer::failure(media, status, answer::code::BAD_USER_INPUT, message, &id);
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return refused;
    }
    carry_out(&service, media, document, &who, &id).await
}

async fn upgraded<E: Executor>(
    service: Arc<Service<E>>,
    id: RequestId,
    address: Address,
    parts: &mut Parts,
) -> Response {
    let refused = |status, message: &str| {
        let code = answer::code::BAD_USER_INPUT;
        answer::failure(Media::Json, status, code, message, &id)
    };
    if !super::origin::is_allowed(&parts.headers, &service.settings.server.origins) {
        return refused(StatusCode::FORBIDDEN, "this origin may not open sockets here");
    }
    match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) => websocket::open(service, upgrade, &parts.headers, address, id),
        Err(_) => refused(StatusCode::BAD_REQUEST, "this is no WebSocket handshake"),
    }
}

/// What to answer with, and to whom.
async fn admitted<E: Executor>(
    service: &Service<E>,
    headers: &HeaderMap,
    address: Address,
    id: &RequestId,
) -> Result<(Media, Authenticated), Response> {
    let Some(media) = accept::negotiate(headers) else {
        let status = StatusCode::NOT_ACCEPTABLE;
        let message = "answers are application/graphql-response+json, application/json or \
                       text/event-stream";
        let code = answer::code::BAD_USER_INPUT;
        return Err(answer::failure(Media::Json, status, code, message, id));
    };
    match service.admit(caller::bearer(headers), address).await {
        Ok(who) => Ok((media, who)),
        Err(denied) => Err(answer::denied(media, &denied, id)),
    }
}

async fn body_of<E: Executor>(
    service: &Service<E>,
    media: Media,
    body: Body,
    id: &RequestId,
) -> Result<Bytes, Response> {
    let server = &service.settings.server;
    let refused = |status, message: &str| {
        answer::failure(media, status, answer::code::BAD_USER_INPUT, message, id)
    };
    let read = taken(body, server.body_bytes_max);
    match tokio::time::timeout(server.deadline(), read).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => {
            let message = format!("the body is over {} bytes, or broke off", server.body_bytes_max);
            Err(refused(StatusCode::PAYLOAD_TOO_LARGE, &message))
        }
        Err(_) => Err(refused(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
    }
}

/// The body, unless it is too large or breaks off. What is too large is read and dropped: who is
/// still sending reads no answer.
async fn taken(body: Body, bytes_max: usize) -> Option<Bytes> {
    let mut chunks = body.into_data_stream();
    let mut body = Vec::new();
    let mut bytes = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        bytes += chunk.len();
        if bytes <= bytes_max {
            body.extend_from_slice(&chunk);
        } else if bytes > DROPPED_BYTES_MAX {
            return None;
        }
    }
    (bytes <= bytes_max).then(|| body.into())
}

fn bad_request(media: Media, wrong: &BadRequest, id: &RequestId) -> Response {
    let status = match wrong {
        BadRequest::MediaType | BadRequest::ContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        BadRequest::NotTrusted => StatusCode::FORBIDDEN,
        BadRequest::NotJson
        | BadRequest::UnknownDocument
        | BadRequest::Batch
        | BadRequest::NotAnObject
        | BadRequest::Parameter(..) => StatusCode::BAD_REQUEST,
    };
    let mut answer = answer::failure(media, status, wrong.code(), &wrong.to_string(), id);
    if *wrong == BadRequest::ContentEncoding {
        // RFC 9110, section 15.5.16: says which would do.
        let identity = HeaderValue::from_static("identity");
        answer.headers_mut().insert(header::ACCEPT_ENCODING, identity);
    }
    answer
}

async fn carry_out<E: Executor>(
    service: &Arc<Service<E>>,
    media: Media,
    mut document: Document,
    who: &Authenticated,
    id: &RequestId,
) -> Response {
    let operation = service.documents.read(&mut document);
    let document = service.prepared(document, who, id);
    if media == Media::EventStream {
        return sse::stream(service, document, operation, who, id);
    }
    let begun = clock::instant();
    let executed = service.execute(document).await;
    let outcome = match &executed {
        Ok(response) if response.errors.is_empty() => "ok",
        Ok(_) => "error",
        Err(_) => "deadline",
    };
    measure(operation, outcome, begun);
    if let Ok(response) = executed {
        return answer::result(media, response, id, (&who.viewer, &service.room));
    }
    answer::unavailable(media, answer::DEADLINE, id)
}

/// Counts one operation and how long it took.
pub(super) fn measure(operation: Option<OperationType>, outcome: &'static str, begun: Instant) {
    let kind = match operation {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "invalid",
    };
    metrics::histogram!(
        "graphql_operation_duration_seconds",
        "type" => kind,
        "outcome" => outcome,
    )
    .record(begun.elapsed().as_secs_f64());
}
