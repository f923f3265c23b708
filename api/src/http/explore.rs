//! The explorer page: GraphiQL from files on this machine, under a strict content policy.

use std::sync::Arc;

use async_graphql::Executor;
use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::service::Service;

const PAGE: &str = include_str!("explore/page.html");
const PROGRAM: &str = include_str!("explore/explore.js");
const LOOKS: &str = include_str!("explore/explore.css");

/// Nothing from elsewhere, no inline scripts; the editor needs inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The files that are fetched, with their types; nothing else is served from that folder.
const FETCHED: &[(&str, &str)] = &[
    ("react.production.min.js", "text/javascript; charset=utf-8"),
    ("react-dom.production.min.js", "text/javascript; charset=utf-8"),
    ("graphiql.min.js", "text/javascript; charset=utf-8"),
    ("graphiql.min.css", "text/css; charset=utf-8"),
];

/// The page itself.
pub async fn page() -> Response {
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    written("text/html; charset=utf-8", PAGE, Some(policy))
}

/// A file of the page.
pub async fn file<E: Executor>(
    State(service): State<Arc<Service<E>>>,
    Path(name): Path<String>,
) -> Response {
    match name.as_str() {
        "explore.js" => return written("text/javascript; charset=utf-8", PROGRAM, None),
        "explore.css" => return written("text/css; charset=utf-8", LOOKS, None),
        _ => {}
    }
    let Some((file, content_type)) = FETCHED.iter().find(|(file, _)| *file == name) else {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    };
    let Ok(bytes) = tokio::fs::read(service.settings.server.explorer_dir.join(file)).await else {
        let message = "the explorer's files are not on this machine; run scripts/explorer";
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let kept = HeaderValue::from_static("public, max-age=3600");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, kept),
    ];
    (headers, bytes).into_response()
}

fn written(
    content_type: &'static str,
    text: &'static str,
    more: Option<(HeaderName, HeaderValue)>,
) -> Response {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let mut response = ([content_type], text).into_response();
    response.headers_mut().extend(more);
    response
}
