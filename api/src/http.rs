//! GraphQL over HTTP, WebSocket and event streams; health, metrics and the explorer page.
//!
//! Read [`service`] (what all handlers share), [`graphql`] (the strict HTTP handler), then
//! [`websocket`]. [`observe`] wraps every request: id, span, metrics.

pub mod accept;
pub mod answer;
pub mod caller;
pub mod documents;
pub mod explore;
pub mod graphql;
pub mod health;
pub mod nesting;
pub mod observe;
pub mod origin;
pub mod params;
pub mod patience;
pub mod serve;
pub mod service;
pub mod sse;
#[cfg(test)]
mod tests;
pub mod websocket;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{Router, middleware, routing::get};

pub use self::{health::Readiness, serve::serve, service::Service};

/// All routes.
pub fn router<E: Executor>(service: Service<E>) -> Router {
    let explore = service.settings.server.explore;
    let service = Arc::new(service);
    let mut router = Router::new()
        .route("/graphql", get(graphql::get::<E>).post(graphql::post::<E>))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz::<E>))
        .route("/metrics", get(health::metrics::<E>));
    if explore {
        router = router
            .route("/explore", get(explore::page))
            .route("/explore/{file}", get(explore::file::<E>));
    }
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&service), origin::layer::<E>))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), observe::layer::<E>))
        .with_state(service)
}
