//! What surrounds every request: its id, a span, metrics, a line in the log, and headers that all
//! answers carry.

use std::{sync::Arc, time::Duration};

use allhours_domain::trace::Traceparent;
use async_graphql::Executor;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{caller, service::Service};
use crate::clock;

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where monitors ask, over and over.
const PROBES: &[&str] = &["/livez", "/readyz", "/metrics"];

/// The headers of W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The id of one request, the caller's own where it is short and plain, otherwise ours; and the
/// trace that it is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId {
    text: Arc<str>,
    traceparent: Option<Traceparent>,
}

impl RequestId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trace that the request is part of, as its one header `traceparent` says.
    #[must_use]
    pub fn traceparent(&self) -> Option<Traceparent> {
        self.traceparent
    }

    fn of(request: &Request) -> Self {
        let plain = |text: &&str| {
            let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
            (1..=64).contains(&text.len()) && text.chars().all(fits)
        };
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let made = || clock::new_id().to_string().into();
        let text = given.filter(plain).map_or_else(made, Into::into);
        Self { text, traceparent: traceparent_of(request.headers()) }
    }
}

/// What does not read, or is said twice, counts as not said.
fn traceparent_of(headers: &HeaderMap) -> Option<Traceparent> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { value.parse().ok() }
}

/// The caller's span, of which ours is a part.
fn parent_of(traceparent: Traceparent, headers: &HeaderMap) -> opentelemetry::Context {
    let state = headers.get(TRACESTATE).and_then(|value| value.to_str().ok());
    let span = SpanContext::new(
        traceparent.trace_id.into(),
        traceparent.parent_id.into(),
        TraceFlags::new(traceparent.flags) & TraceFlags::SAMPLED,
        true,
        state.and_then(|state| state.parse().ok()).unwrap_or_default(),
    );
    opentelemetry::Context::new().with_remote_span_context(span)
}

/// Gives a request its id and address, measures it, and completes the answer's headers.
pub async fn layer<E: Executor>(
    State(service): State<Arc<Service<E>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let route = route_of(request.uri().path());
    let address = caller::address_of(&request, service.settings.server.behind_proxy);
    let parent = id.traceparent().map(|it| parent_of(it, request.headers()));
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(address);

    let begun = clock::instant();
    // The path's query, headers and bodies may hold personal data and secrets: not logged.
    let span = tracing::info_span!(
        "http.request",
        "http.request.method" = %method,
        "http.route" = route,
        request_id = id.as_str(),
        "http.response.status_code" = tracing::field::Empty,
    );
    if let Some(parent) = parent {
        // Where no traces are sent, there is none to be part of.
        span.set_parent(parent).ok();
    }
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    let labels = [
        ("method", known_method(&method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    let lasted = begun.elapsed();
    metrics::histogram!("http_server_request_duration_seconds", &labels)
        .record(lasted.as_secs_f64());
    log_finished(known_method(&method), route, status, lasted, id.as_str());

    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// One line for a request, once its answer begins; a stream or a socket goes on after it. Those
/// who ask how we are come every few seconds, and are told of to those alone who look closely.
fn log_finished(
    method: &str,
    route: &'static str,
    status: u16,
    lasted: Duration,
    request_id: &str,
) {
    #[expect(clippy::cast_precision_loss, reason = "exact for as long as any request lasts")]
    let duration_ms = lasted.as_micros() as f64 / 1_000.0;
    if PROBES.contains(&route) {
        tracing::debug!(method, route, status, duration_ms, request_id, "answered");
    } else {
        tracing::info!(method, route, status, duration_ms, request_id, "answered");
    }
}

/// The path as a label; callers can't invent new ones.
fn route_of(path: &str) -> &'static str {
    const ROUTES: &[&str] = &["/", "/graphql", "/livez", "/readyz", "/metrics", "/explore"];
    let known = ROUTES.iter().find(|route| **route == path).copied();
    known.unwrap_or(if path.starts_with("/explore/") { "/explore/{file}" } else { "other" })
}

/// The method as a label; callers can't invent new ones.
fn known_method(method: &axum::http::Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "POST" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "PATCH") => known,
        _ => "other",
    }
}
