//! Folds of the log: disposable, rebuilt at any time, never a source of truth.
//!
//! Read [`rows`] (what a read table is), then [`conversations`], the richest of them.

pub mod agents;
pub mod articles;
pub mod columns;
pub mod conversations;
pub mod customers;
pub mod error;
pub mod intervals;
pub mod page;
pub mod rows;
pub mod search;
pub mod sql;
pub mod teams;

/// A connection that statements are prepared on once.
pub type Client = deadpool_postgres::ClientWrapper;
