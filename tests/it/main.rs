//! Tests that need a database or the whole: one binary, since each would link everything again.

mod embedded;
mod isolation;
mod migrations;
