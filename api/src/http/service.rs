//! What all handlers share.

use std::{fmt, sync::Arc};

use async_graphql::{Executor, Request, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::{
    documents::Documents, health::Readiness, observe::RequestId, places::Places, room::Room,
    trusted::Trusted,
};
use crate::{
    auth::{Authenticated, Authenticator},
    config::Settings,
    limits::RateLimits,
};

/// The schema with all that stands between it and the network.
pub struct Service<E> {
    /// What executes documents.
    pub executor: E,
    /// Who may.
    pub authenticator: Authenticator,
    /// How often.
    pub limits: RateLimits,
    /// The documents that were read.
    pub documents: Documents,
    /// The documents that are known by their ids.
    pub trusted: Trusted,
    /// All settings.
    pub settings: Arc<Settings>,
    /// Whether it can work.
    pub readiness: Readiness,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Cancelled when sockets and streams shall end.
    pub stopping: CancellationToken,
    /// Places for sockets and event streams.
    pub places: Places,
    /// Room for answers.
    pub room: Room,
}

impl<E> fmt::Debug for Service<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}

impl<E: Executor> Service<E> {
    /// With nothing to wait for before it is ready.
    pub fn new(
        executor: E,
        authenticator: Authenticator,
        settings: Arc<Settings>,
        metrics: PrometheusHandle,
    ) -> Self {
        Self {
            executor,
            authenticator,
            limits: RateLimits::new(&settings.limits, settings.graphql.cost_max),
            documents: Documents::default(),
            trusted: Trusted::default(),
            readiness: Readiness::default(),
            metrics,
            stopping: CancellationToken::new(),
            places: Places::new(&settings.subscriptions),
            room: Room::new(&settings.server),
            settings,
        }
    }

    /// A document ready to be executed in somebody's name.
    pub fn prepared(&self, request: Request, who: &Authenticated, id: &RequestId) -> Request {
        let request = request.data(who.viewer.clone()).data(id.clone());
        let request = match id.traceparent() {
            Some(traceparent) => request.data(traceparent),
            None => request,
        };
        let request = match self.limits.budget(who) {
            Some(budget) => request.data(budget),
            None => request,
        };
        if self.settings.graphql.introspection { request } else { request.disable_introspection() }
    }

    /// Executes a query or mutation within the deadline.
    ///
    /// # Errors
    ///
    /// The deadline passed. What a mutation did is unknown then; sent again with the same
    /// `idempotencyKey` it is settled.
    pub async fn execute(&self, request: Request) -> Result<Response, tokio::time::error::Elapsed> {
        let deadline = self.settings.server.deadline();
        tokio::time::timeout(deadline, self.executor.execute(request)).await
    }
}
