//! The schema on a real database: flows, races, rights, tenants apart, and what reads cost.

mod flows;
mod served;
mod subscriptions;
mod tenants;
