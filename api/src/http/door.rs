//! What is said at `/`: where everything is that is served here, and nothing else.

use std::sync::Arc;

use async_graphql::Executor;
use axum::{Json, Router, routing::get};
use serde_json::{Map, Value, json};

use super::service::Service;

/// What a path is for, and the path.
type Served = (&'static str, &'static str);

/// For everything that is asked of the desk.
pub const GRAPHQL: Served = ("graphql", "/graphql");
/// For people who look around.
pub const EXPLORER: Served = ("explorer", "/explore");
/// For those who watch the program.
pub const HEALTH: [Served; 3] =
    [("alive", "/livez"), ("ready", "/readyz"), ("metrics", "/metrics")];

/// The same routes, and `/` that names them.
pub fn of<E: Executor>(
    router: Router<Arc<Service<E>>>,
    served: &[Served],
) -> Router<Arc<Service<E>>> {
    let paths: Map<String, Value> =
        served.iter().map(|(what, path)| ((*what).to_owned(), json!(path))).collect();
    let said = json!({"service": "allhours", "paths": paths});
    router.route("/", get(async move || Json(said.clone())))
}
