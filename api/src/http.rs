//! GraphQL over HTTP, WebSocket and event streams; health, metrics and the explorer page.
//!
//! Read [`service`] (what all handlers share), [`graphql`] (the strict HTTP handler), then
//! [`websocket`]. [`observe`] wraps every request: id, span, metrics.

pub mod accept;
pub mod answer;
pub mod caller;
pub mod documents;
pub mod door;
mod driven;
pub mod explore;
pub mod graphql;
pub mod health;
pub mod nesting;
pub mod observe;
pub mod origin;
pub mod params;
pub mod patience;
pub mod places;
pub mod room;
pub mod serve;
pub mod service;
pub mod sse;
#[cfg(test)]
mod tests;
pub mod trusted;
pub mod websocket;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{Router, middleware, routing::get};

pub use self::{health::Readiness, serve::serve, service::Service};

/// All that is answered, by where it is.
#[derive(Debug, Clone)]
pub struct Routers {
    /// Where callers come.
    pub main: Router,
    /// Where health and figures are asked for, if that is elsewhere.
    pub admin: Option<Router>,
}

/// All routes.
pub fn routers<E: Executor>(service: Service<E>) -> Routers {
    let (explore, apart) = {
        let server = &service.settings.server;
        (server.explore, server.admin_listen.get().is_some())
    };
    let service = Arc::new(service);
    let admin = Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz::<E>))
        .route("/metrics", get(health::metrics::<E>));
    let mut main = Router::new().route("/graphql", get(graphql::get::<E>).post(graphql::post::<E>));
    let mut paths = vec![door::GRAPHQL];
    if explore {
        main = main
            .route("/explore", get(explore::page))
            .route("/explore/{file}", get(explore::file::<E>));
        paths.push(door::EXPLORER);
    }
    if apart {
        let (main, admin) = (door::of(main, &paths), door::of(admin, &door::HEALTH));
        Routers { main: layered(main, &service), admin: Some(layered(admin, &service)) }
    } else {
        paths.extend(door::HEALTH);
        let main = door::of(main.merge(admin), &paths);
        Routers { main: layered(main, &service), admin: None }
    }
}

fn layered<E: Executor>(router: Router<Arc<Service<E>>>, service: &Arc<Service<E>>) -> Router {
    let service = Arc::clone(service);
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&service), origin::layer::<E>))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), observe::layer::<E>))
        .with_state(service)
}
