//! The GraphQL schema: queries, mutations, subscriptions.
//!
//! Read [`viewer`] first: who asks, and what that allows.

pub mod viewer;
