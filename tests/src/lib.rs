//! What tests stand on that need a database or the whole.
//!
//! [`database`] gives each test a migrated database of its own; [`history`] fills a log; [`sla`]
//! makes up promises and counts when they are broken.

pub mod database;
pub mod history;
pub mod sla;
