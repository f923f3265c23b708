//! Tests of the whole index over a log in memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod damage;
mod erasure;
mod isolation;
mod languages;
mod life;
mod support;
