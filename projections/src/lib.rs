//! Folds of the log: disposable, rebuilt at any time, never a source of truth.
//!
//! Read [`fold`] (what a projection is), [`rows`] and [`table`] (what a read table is), then
//! [`conversations`], the richest of them, and [`runner`], which keeps them all current.

pub mod agents;
pub mod articles;
pub mod batch;
pub mod churn_features;
pub mod columns;
pub mod compare;
pub mod connection;
pub mod conversations;
pub mod counters;
pub mod customers;
pub mod error;
pub mod fold;
pub mod generations;
pub mod intakes;
pub mod intervals;
pub mod page;
pub mod profiles;
pub mod rebuild;
pub mod rows;
pub mod runner;
pub mod search;
pub mod sql;
pub mod table;
pub mod teams;
pub mod verify;

/// A connection that statements are prepared on once.
pub type Client = deadpool_postgres::ClientWrapper;

#[cfg(test)]
mod sql_tests;
