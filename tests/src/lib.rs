//! What tests stand on that need a database or the whole.
//!
//! [`database`] gives each test a migrated database of its own.

pub mod database;
