//! What a document may ask for: how deep, how wide, at what cost, and by whom.
//!
//! All of it is known before anything runs, by one [`walk`] over the document. `docs/api.md`
//! publishes the rules, [`super::cost`] holds them.

mod walk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{
    Request, Response, ServerError, ServerResult, Value, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery,
        NextPrepareRequest, NextRequest,
    },
    parser::types::ExecutableDocument,
    value,
};

use axum::http::header::RETRY_AFTER;

use self::walk::Walk;
use super::{
    cost::Estimate,
    error::Code,
    loaders::{Loaders, in_rounds},
    services::Services,
    viewer::Viewer,
};
use crate::limits::Budget;

/// How much a document may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep fields may stand in fields.
    pub depth_max: u32,
    /// What it may cost.
    pub cost_max: u64,
    /// How many fields may stand at its root, aliases counted one by one.
    pub root_fields_max: u32,
    /// How many fields may have an alias.
    pub aliases_max: u32,
    /// How many directives it may hold.
    pub directives_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: 12,
            cost_max: 1_000,
            root_fields_max: 20,
            aliases_max: 30,
            directives_max: 30,
        }
    }
}

/// Makes a guard for every request.
pub struct Guards {
    /// How much a document may ask for.
    pub limits: Limits,
}

impl ExtensionFactory for Guards {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Guard { limits: self.limits, asked: Mutex::default() })
    }
}

/// Stands before one request.
struct Guard {
    limits: Limits,
    asked: Mutex<Asked>,
}

/// What is known of the request so far.
#[derive(Default)]
struct Asked {
    operation: Option<String>,
    budget: Option<Budget>,
    estimate: Estimate,
    /// What was taken from the budget.
    taken: u64,
    /// When the budget will do, where it did not.
    retry_after_s: Option<u64>,
}

/// Why a document is not carried out.
#[derive(Debug)]
struct Denied(Code, String);

impl From<Denied> for ServerError {
    fn from(Denied(code, message): Denied) -> Self {
        let mut error = Self::new(message, None);
        error.extensions.get_or_insert_default().set("code", code.as_str());
        error
    }
}

impl Guard {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// Takes what the document may cost at most from what its sender may still ask.
    fn take(&mut self, estimate: Estimate, cost_max: u64) -> Result<(), Denied> {
        self.estimate = estimate;
        let requested = self.estimate.requested;
        if requested > cost_max {
            let message = format!("the document costs {requested}, the limit is {cost_max}");
            return Err(Denied(Code::CostExceeded, message));
        }
        if let Some(Err(spent)) = self.budget.as_ref().map(|budget| budget.take(requested)) {
            self.retry_after_s = Some(spent.retry_after_s);
            return Err(Denied(Code::RateLimited, spent.to_string()));
        }
        self.taken = requested;
        Ok(())
    }

    /// Gives back what was not used; says what it cost, and how much may still be asked.
    fn settle(&self, response: &Response, cost_max: u64) -> Value {
        let actual = self.estimate.actual(response);
        let throttle = self.budget.as_ref().map(|budget| {
            let throttle = budget.settle(self.taken.saturating_sub(actual));
            value!({
                "maximumAvailable": throttle.maximum,
                "currentlyAvailable": throttle.available,
                "restoreRate": throttle.restored_per_s,
            })
        });
        value!({
            "requested": self.estimate.requested,
            "actual": actual,
            "maximum": cost_max,
            "throttleStatus": throttle.unwrap_or_default(),
        })
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Guard {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                // What carries no code came from reading or checking the document.
                extensions.set("code", Code::BadUserInput.as_str());
            }
        }
        let asked = self.asked();
        if let Some(seconds) = asked.retry_after_s {
            response.http_headers.insert(RETRY_AFTER, seconds.into());
        }
        let cost = asked.settle(&response, self.limits.cost_max);
        drop(asked);
        response.extension("cost", cost)
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        {
            let mut asked = self.asked();
            asked.operation.clone_from(&request.operation_name);
            asked.budget = of_request::<Budget>(&request).cloned();
        }
        let viewer = of_request::<Viewer>(&request).cloned();
        let request = match (viewer, ctx.data_opt::<Services>()) {
            (Some(viewer), Some(services)) => {
                request.data(Arc::new(Loaders::new(services, viewer.tenant)))
            }
            (None, _) | (_, None) => request,
        };
        next.run(ctx, request).await
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        in_rounds(next.run(ctx, operation_name)).await
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let mut asked = self.asked();
        let viewer = ctx.data_opt::<Viewer>();
        let registry = &ctx.schema_env.registry;
        let walk = Walk::new(&self.limits, registry, viewer, &document, variables);
        let estimate = walk.run(asked.operation.as_deref())?;
        asked.take(estimate, self.limits.cost_max)?;
        drop(asked);
        Ok(document)
    }
}

/// What the HTTP layer put into a request.
fn of_request<T: std::any::Any>(request: &Request) -> Option<&T> {
    request.data.get(&std::any::TypeId::of::<T>())?.downcast_ref()
}
