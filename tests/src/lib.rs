//! What tests stand on that need a database or the whole.
//!
//! [`database`] gives each test a migrated database of its own; [`history`] fills a log.

pub mod database;
pub mod history;
