//! Tests that need a database or the whole: one binary, since each would link everything again.

mod cli;
mod conformance;
mod embedded;
mod event_log;
mod faults;
mod graphql;
mod isolation;
mod migrations;
mod mutations;
mod process;
mod projections;
mod search;
mod sla;
mod sockets;
