//! Which web pages may talk to us: our own, and those the settings name.

use std::sync::Arc;

use async_graphql::Executor;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::service::Service;

/// Whether a request may come from where it says to come from. Programs say nothing, and may.
#[must_use]
pub fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if origins.next().is_some() {
        return false;
    }
    let own = || {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        matches!(host.zip(authority), Some((host, from)) if host.eq_ignore_ascii_case(from))
    };
    allowed.iter().any(|it| it.eq_ignore_ascii_case(origin)) || own()
}

/// Answers browsers that ask before sending, and lets allowed pages read our answers.
pub async fn layer<E: Executor>(
    State(service): State<Arc<Service<E>>>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = is_allowed(request.headers(), &service.settings.server.origins);
    let origin = request.headers().get(header::ORIGIN).cloned().filter(|_| allowed);
    let asks_first = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin else { return response };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("x-request-id, retry-after"),
    );
    if asks_first {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, x-request-id"),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &'static str, allowed: &[&str]) -> bool {
        let headers = HeaderMap::from_iter([
            (header::HOST, HeaderValue::from_static("desk.example:8080")),
            (header::ORIGIN, HeaderValue::from_static(origin)),
        ]);
        let allowed: Vec<String> = allowed.iter().map(|it| (*it).to_owned()).collect();
        is_allowed(&headers, &allowed)
    }

    #[test]
    fn only_our_own_and_named_pages_may_talk_to_us() {
        assert!(is_allowed(&HeaderMap::new(), &[]));
        assert!(from("http://desk.example:8080", &[]));
        assert!(from("https://app.example", &["https://app.example"]));
        assert!(!from("https://evil.example", &["https://app.example"]));
        assert!(!from("https://app.example.evil.example", &["https://app.example"]));
        assert!(!from("null", &[]));
    }
}
