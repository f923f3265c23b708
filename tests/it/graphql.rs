//! The schema on a real database: flows, races, rights, tenants apart, and what reads cost.

mod causes;
mod churn;
mod flows;
mod paging;
mod people;
mod persons;
mod points;
mod production;
mod rights;
mod searching;
mod served;
mod statements;
mod subscriptions;
mod tenants;
