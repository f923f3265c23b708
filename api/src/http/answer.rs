//! How results and refusals are written.

use async_graphql::{Pos, Response, ServerError, Value};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response as Answer,
};
use serde::Serialize;
use serde_json::json;

use super::{
    accept::Media,
    caller::Denied,
    observe::RequestId,
    places::{Full, RETRY_AFTER_S},
    room::Room,
};
use crate::graphql::{
    error::{Cause, Code},
    viewer::Viewer,
};

/// The fixed codes that errors carry in `extensions.code`.
pub mod code {
    /// No token, or not a good one.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// Not for this caller.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// There is no such thing.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// Too often.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// The request itself is wrong.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// Not just now.
    pub const UNAVAILABLE: &str = "UNAVAILABLE";
    /// A fault of ours.
    pub const INTERNAL: &str = "INTERNAL";
}

/// What is said when the deadline passed.
pub const DEADLINE: &str = "this took too long and was given up; if it was a mutation, its outcome is unknown: \
     send it again with the same idempotencyKey to settle it";

/// What is said where others have not taken their answers yet.
pub const NO_ROOM: &str = "too much is on its way to slow readers; ask again, or for less (what a \
     mutation was to do is done)";

#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a async_graphql::Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, Value>,
}

/// Whether a response says that nothing was executed: errors without a place in the data.
#[must_use]
pub fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Gives every error a code and the request's id.
pub fn mark(errors: &mut [ServerError], id: &RequestId) {
    for error in errors.iter_mut() {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code::BAD_USER_INPUT);
        }
        extensions.set("requestId", id.as_str());
    }
    log_fault(errors, id);
}

/// Logs the first error that is not the caller's, with its cause; what comes after it in the same
/// answer has most likely the same one.
fn log_fault(errors: &[ServerError], id: &RequestId) {
    let code_of = |error: &ServerError| match error.extensions.as_ref()?.get("code") {
        Some(Value::String(code)) if code == code::UNAVAILABLE => Some(code::UNAVAILABLE),
        Some(Value::String(code)) if code == code::INTERNAL => Some(code::INTERNAL),
        Some(_) | None => None,
    };
    let fault = errors.iter().find_map(|error| Some((error, code_of(error)?)));
    let Some((error, code)) = fault else { return };
    let cause: &dyn std::fmt::Display = match error.source::<Cause>() {
        Some(cause) => cause,
        None => &error.message,
    };
    let request_id = id.as_str();
    if code == code::INTERNAL {
        tracing::error!(request_id, code, %cause, "a request failed");
    } else {
        tracing::warn!(request_id, code, %cause, "a request could not be served");
    }
}

/// What a transport of its own says where the deadline passed.
pub fn log_deadline(id: &RequestId) {
    let (request_id, code) = (id.as_str(), code::UNAVAILABLE);
    let cause = "its time was up";
    tracing::warn!(request_id, code, cause, "a request could not be served");
}

/// A response as JSON text; one that would be too long becomes an error that says so.
#[must_use]
pub fn json_text(response: &mut Response, id: &RequestId, bytes_max: usize) -> Vec<u8> {
    let text = text_of(response, id);
    if text.len() <= bytes_max {
        return text;
    }
    let message = format!(
        "the answer would take {} bytes, and may take {bytes_max}: ask for fewer rows or texts \
         (what a mutation was to do is done)",
        text.len()
    );
    let error = Code::CostExceeded.error(message).into_server_error(Pos::default());
    *response = Response::from_errors(vec![error]);
    text_of(response, id)
}

/// A request error has no `data` entry.
fn text_of(response: &mut Response, id: &RequestId) -> Vec<u8> {
    let request_error = is_request_error(response);
    mark(&mut response.errors, id);
    let written = Written {
        data: (!request_error).then_some(&response.data),
        errors: &response.errors,
        extensions: &response.extensions,
    };
    serde_json::to_vec(&written).unwrap_or_else(|error| {
        tracing::error!(%error, "a response can't be written as JSON");
        br#"{"errors":[{"message":"the result can't be written","extensions":{"code":"INTERNAL"}}]}"#
            .to_vec()
    })
}

/// A GraphQL result as an HTTP answer, where there is room for it.
#[must_use]
pub fn result(
    media: Media,
    mut response: Response,
    id: &RequestId,
    (viewer, room): (&Viewer, &Room),
) -> Answer {
    let headers = std::mem::take(&mut response.http_headers);
    let text = json_text(&mut response, id, room.answer_bytes_max);
    let Some(text) = room.take(viewer, text) else {
        return unavailable(media, NO_ROOM, id);
    };
    let mut answer = written(media, status_of(media, &response), text);
    answer.headers_mut().extend(headers);
    answer
}

/// That it can't be had just now, and may be in a second.
#[must_use]
pub fn unavailable(media: Media, message: &str, id: &RequestId) -> Answer {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut answer = failure(media, status, code::UNAVAILABLE, message, id);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
    answer
}

fn status_of(media: Media, response: &Response) -> StatusCode {
    let code = response.errors.first().and_then(|error| error.extensions.as_ref()?.get("code"));
    let is = |word: &str| matches!(code, Some(Value::String(code)) if code == word);
    if !is_request_error(response) {
        StatusCode::OK
    } else if is(code::RATE_LIMITED) {
        StatusCode::TOO_MANY_REQUESTS
    } else if is(code::UNAVAILABLE) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if media == Media::GraphqlResponse {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    }
}

/// An error of the transport as an HTTP answer.
#[must_use]
pub fn failure(
    media: Media,
    status: StatusCode,
    code: &str,
    message: &str,
    id: &RequestId,
) -> Answer {
    if status.is_server_error() {
        let request_id = id.as_str();
        tracing::warn!(request_id, code, cause = message, "a request could not be served");
    }
    let extensions = json!({"code": code, "requestId": id.as_str()});
    let body = json!({"errors": [{"message": message, "extensions": extensions}]});
    written(media, status, body.to_string().into())
}

/// A refusal to listen to somebody as an HTTP answer.
#[must_use]
pub fn denied(media: Media, denied: &Denied, id: &RequestId) -> Answer {
    let (status, code) = match denied {
        Denied::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED),
        Denied::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED),
        Denied::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE),
    };
    let mut answer = failure(media, status, code, &denied.to_string(), id);
    let headers = answer.headers_mut();
    match denied {
        Denied::Unauthenticated(_) => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Denied::TooMany(too_many) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(too_many.retry_after_s));
        }
        Denied::Unavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(5));
        }
    }
    answer
}

/// That there is no place for another socket or event stream, as an HTTP answer.
#[must_use]
pub fn full(full: Full, id: &RequestId) -> Answer {
    let (status, code) = match full {
        Full::Process => (StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE),
        Full::Tenant | Full::Person => (StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED),
    };
    let mut answer = failure(Media::Json, status, code, &full.to_string(), id);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    answer
}

fn written(media: Media, status: StatusCode, body: Bytes) -> Answer {
    // An event stream that never began is answered as what any client can read.
    let media = if media == Media::EventStream { Media::Json } else { media };
    let mut answer = Answer::new(Body::from(body));
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(media.content_type());
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    answer
}
