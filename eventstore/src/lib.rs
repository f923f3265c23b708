//! The log: append and read. The only code that writes events; it adds rows and changes none.
//!
//! Read [`recorded`] (what stands in the log), [`append`] (what an append is and what comes
//! back), then [`log`] (the trait that PostgreSQL and memory both keep) and [`history`] (the
//! questions that analysts and auditors ask of it). [`merkle`] and [`checkpoint`] are what
//! auditors hold the log to.

pub mod append;
pub mod canonical;
pub mod checkpoint;
pub mod contract;
pub mod database;
pub mod embedded;
pub mod error;
pub mod history;
pub mod keys;
pub mod log;
pub mod memory;
pub mod merkle;
pub mod migrate;
mod opening;
pub mod operator;
pub mod pg;
mod prepare;
pub mod recorded;
pub mod sql;
pub mod tail;
mod texts;
pub mod verify;
