//! A request's parameters: `query` or `documentId`, `operationName`, `variables`, `extensions`;
//! nothing lax.

use async_graphql::{Request, Variables};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{answer::code, nesting, trusted::Trusted};
use crate::graphql::viewer::Role;

/// What is wrong with a request before GraphQL even begins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// The body is not in the one form that is read.
    #[error("the body must be sent as application/json in UTF-8")]
    MediaType,
    /// The body is compressed, or changed in another way.
    #[error("the body must come as it is: no `Content-Encoding` is read here, so leave it out")]
    ContentEncoding,
    /// The body is no JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The body is a JSON array: several documents at once are not taken.
    #[error("batches of requests are not taken")]
    Batch,
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// There is no trusted document of this id.
    #[error("there is no document of this documentId")]
    UnknownDocument,
    /// Only trusted documents are taken from this caller.
    #[error("only trusted documents are taken here; name one by its documentId")]
    NotTrusted,
    /// A parameter has the wrong type, or is missing or repeated.
    #[error("parameter `{0}` {1}")]
    Parameter(&'static str, &'static str),
}

impl BadRequest {
    /// What it is called in `extensions.code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDocument => code::NOT_FOUND,
            Self::NotTrusted => code::FORBIDDEN,
            Self::MediaType
            | Self::ContentEncoding
            | Self::NotJson
            | Self::Batch
            | Self::NotAnObject
            | Self::Parameter(..) => code::BAD_USER_INPUT,
        }
    }
}

/// Whether the body says to be JSON in UTF-8, as it is.
///
/// # Errors
///
/// It does not. What is compressed may be small and grow without end, so none of it is read; other
/// forms could be sent by a foreign web page without asking first.
pub fn require_json(headers: &HeaderMap) -> Result<(), BadRequest> {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut encodings = encodings.filter(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encodings.next().is_some() {
        return Err(BadRequest::ContentEncoding);
    }
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = text.unwrap_or_default().split(';').map(str::trim);
    let json = parts.next().is_some_and(|it| it.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    });
    if json && utf8 { Ok(()) } else { Err(BadRequest::MediaType) }
}

/// The request that a body holds.
///
/// # Errors
///
/// No JSON object, or see [`from_object`].
pub fn from_body(body: &[u8], trusted: &Trusted, role: Role) -> Result<Request, BadRequest> {
    match serde_json::from_slice(body).map_err(|_| BadRequest::NotJson)? {
        Value::Object(parameters) => from_object(parameters, trusted, role),
        Value::Array(_) => Err(BadRequest::Batch),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(BadRequest::NotAnObject)
        }
    }
}

/// The request that an address's query holds; maps stand there as JSON.
///
/// # Errors
///
/// A parameter that is repeated or malformed, or see [`from_object`].
pub fn from_pairs(
    pairs: Vec<(String, String)>,
    trusted: &Trusted,
    role: Role,
) -> Result<Request, BadRequest> {
    let mut parameters = Map::new();
    for (name, text) in pairs {
        let value = match name.as_str() {
            "operationName" | "variables" | "extensions" if text.is_empty() => Value::Null,
            "query" | "documentId" | "operationName" => Value::String(text),
            "variables" => serde_json::from_str(&text)
                .map_err(|_| BadRequest::Parameter("variables", "is not JSON"))?,
            "extensions" => serde_json::from_str(&text)
                .map_err(|_| BadRequest::Parameter("extensions", "is not JSON"))?,
            _ => continue,
        };
        if parameters.insert(name, value).is_some() {
            return Err(BadRequest::Parameter("query", "or another one is repeated"));
        }
    }
    from_object(parameters, trusted, role)
}

/// The request that a JSON object describes, with the trusted document that it names.
///
/// # Errors
///
/// A parameter that is missing or of the wrong type; a document that is unknown, or not taken from
/// this role.
pub fn from_object(
    mut parameters: Map<String, Value>,
    trusted: &Trusted,
    role: Role,
) -> Result<Request, BadRequest> {
    trusted.complete(&mut parameters, role)?;
    let mut take = |name: &str| parameters.remove(name).unwrap_or(Value::Null);
    let Value::String(query) = take("query") else {
        return Err(BadRequest::Parameter("query", "must be a string"));
    };
    if nesting::is_too_deep(&query) {
        return Err(BadRequest::Parameter("query", "is nested too deeply"));
    }
    let operation_name = match take("operationName") {
        Value::Null => None,
        Value::String(name) => Some(name),
        _ => return Err(BadRequest::Parameter("operationName", "must be a string or null")),
    };
    let variables = match take("variables") {
        Value::Null => Variables::default(),
        map @ Value::Object(_) => Variables::from_json(map),
        _ => return Err(BadRequest::Parameter("variables", "must be a map or null")),
    };
    let extensions = match take("extensions") {
        Value::Null => Map::new(),
        Value::Object(map) => map,
        _ => return Err(BadRequest::Parameter("extensions", "must be a map or null")),
    };
    let mut request = Request::new(query).variables(variables);
    request.operation_name = operation_name;
    for (name, value) in extensions {
        let value = async_graphql::Value::from_json(value)
            .map_err(|_| BadRequest::Parameter("extensions", "holds what GraphQL can't"))?;
        request.extensions.insert(name, value);
    }
    Ok(request)
}
