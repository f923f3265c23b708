//! Is it alive, can it work, and how does it go.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::Executor;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::service::Service;

/// How long one dependency may take to say how it is.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The answer of a dependency: well, or why not.
pub type Checked = Result<(), String>;
type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Checked> + Send>> + Send + Sync>;

/// Whether the program can work: all it depends on is well, and it is not stopping.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Arc<RwLock<Vec<(&'static str, Check)>>>,
    stopping: Arc<AtomicBool>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Readiness").finish_non_exhaustive()
    }
}

impl Readiness {
    /// Adds something that work depends on.
    pub fn depends_on<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Checked> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.write().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    /// Says no from now on, so that nobody sends more work.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Asks every dependency.
    pub async fn ask(&self) -> BTreeMap<&'static str, Checked> {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner).clone();
        let asked = checks.into_iter().map(|(name, check)| async move {
            let late = || Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs()));
            (name, tokio::time::timeout(CHECK_TIMEOUT, check()).await.unwrap_or_else(|_| late()))
        });
        let mut answers: BTreeMap<_, _> =
            futures_util::future::join_all(asked).await.into_iter().collect();
        if self.stopping.load(Ordering::SeqCst) {
            answers.insert("process", Err("stopping".to_owned()));
        }
        answers
    }
}

/// Alive.
pub async fn livez() -> Json<serde_json::Value> {
    Json(json!({"status": "alive"}))
}

/// Able to work, or not, with the reason for each dependency.
pub async fn readyz<E: Executor>(State(service): State<Arc<Service<E>>>) -> Response {
    let answers = service.readiness.ask().await;
    let ready = answers.values().all(Result::is_ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks: BTreeMap<_, _> = answers
        .iter()
        .map(|(name, answer)| match answer {
            Ok(()) => (*name, json!({"ok": true})),
            Err(why) => (*name, json!({"ok": false, "reason": why})),
        })
        .collect();
    let word = if ready { "ready" } else { "not ready" };
    (status, Json(json!({"status": word, "checks": checks}))).into_response()
}

/// How it goes, for Prometheus.
pub async fn metrics<E: Executor>(State(service): State<Arc<Service<E>>>) -> Response {
    // Some figures are those of what it depends on, and of the moment when that was last asked.
    service.readiness.ask().await;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], service.metrics.render()).into_response()
}
