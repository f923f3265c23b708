//! Benchmarks: each figure beside its limit or peer, measured in the same run.
//!
//! `bench [NAME...]` runs those named, or all. Read `figures` (what is reported), `pgbench` (the peer of
//! the appends) and `load` (the load generator), then one benchmark.
#![expect(clippy::panic, reason = "a benchmark that can't go on should stop and say why")]

mod figures;
mod load;
mod pgbench;

fn main() {}
