//! What a document may ask for: how deep, how wide, at what cost, and by whom.
//!
//! All of it is known before anything runs, by one [`walk`] over the document. `docs/api.md`
//! publishes the rules, [`super::cost`] holds them.

pub mod given;
mod inputs;
pub mod under_way;
mod walk;

use async_graphql::{Request, Response, ServerError, Value, registry::Registry, value};
use axum::http::header::RETRY_AFTER;

use self::{given::Given, walk::Walk};
use super::{cost::Estimate, error::Code, order::Order, viewer::Viewer};
use crate::limits::Budget;

/// How much a document may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether it may ask what the schema is, and is told what it might have meant.
    pub introspection: bool,
    /// How deep fields may stand in fields.
    pub depth_max: u32,
    /// What it may cost.
    pub cost_max: u64,
    /// What all that are carried out at the same time may cost together.
    pub cost_under_way_max: u64,
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
            introspection: true,
            depth_max: 12,
            cost_max: 1_000,
            cost_under_way_max: 10_000,
            root_fields_max: 20,
            aliases_max: 30,
            directives_max: 30,
        }
    }
}

/// Why a document is not carried out.
#[derive(Debug)]
pub(super) struct Denied(Code, String);

impl From<Denied> for ServerError {
    fn from(Denied(code, message): Denied) -> Self {
        let mut error = Self::new(message, None);
        error.extensions.get_or_insert_default().set("code", code.as_str());
        error
    }
}

/// What is known of a request before it is carried out.
#[derive(Debug)]
pub(super) struct Asked {
    limits: Limits,
    budget: Option<Budget>,
    estimate: Estimate,
    /// In which order its answer is to stand.
    order: Order,
    /// What was taken from the budget.
    taken: u64,
    /// When the budget will do, where it did not.
    retry_after_s: Option<u64>,
}

impl Asked {
    /// Nothing yet but who asks.
    pub fn of(request: &Request, limits: Limits) -> Self {
        let budget = of_request::<Budget>(request).cloned();
        let (estimate, order) = (Estimate::default(), Order::default());
        Self { limits, budget, estimate, order, taken: 0, retry_after_s: None }
    }

    /// Reads the document and lets it pass, if its variables are all there, it keeps within its
    /// limits and its sender may ask for all of it. Gives the variables that were left out their
    /// defaults, or takes out what stands for them.
    pub fn admit(&mut self, request: &mut Request, types: &Registry) -> Result<(), ServerError> {
        let viewer = of_request::<Viewer>(request).cloned();
        let operation = request.operation_name.clone();
        let variables = std::mem::take(&mut request.variables);
        let document = request.parsed_query()?;
        let given = Given::of(document, operation.as_deref(), variables)?;
        let walk = Walk::new(&self.limits, types, viewer.as_ref(), document, &given);
        let estimate = walk.run(operation.as_deref())?;
        self.order = Order::of(document, operation.as_deref());
        if let Some(document) = given.without_left_out(document) {
            request.set_parsed_query(document);
        }
        request.variables = given.variables;
        Ok(self.take(estimate)?)
    }

    /// Takes what the document may cost at most from what its sender may still ask.
    fn take(&mut self, estimate: Estimate) -> Result<(), Denied> {
        self.estimate = estimate;
        let (requested, cost_max) = (self.estimate.requested, self.limits.cost_max);
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

    /// What the document costs at most.
    pub const fn requested(&self) -> u64 {
        self.estimate.requested
    }

    /// In which order the answer, or each frame of it, is to stand.
    pub fn into_order(self) -> Order {
        self.order
    }

    /// Says with an answer what it cost, and puts it in order.
    pub fn settle(&self, mut response: Response) -> Response {
        self.order.arrange(&mut response.data);
        if let Some(seconds) = self.retry_after_s {
            response.http_headers.insert(RETRY_AFTER, seconds.into());
        }
        let cost = self.cost(&response);
        response.extension("cost", cost)
    }

    /// Gives back what was not used; what it cost, and how much may still be asked.
    fn cost(&self, response: &Response) -> Value {
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
            "maximum": self.limits.cost_max,
            "throttleStatus": throttle.unwrap_or_default(),
        })
    }
}

/// What the HTTP layer put into a request.
pub(super) fn of_request<T: std::any::Any>(request: &Request) -> Option<&T> {
    request.data.get(&std::any::TypeId::of::<T>())?.downcast_ref()
}
