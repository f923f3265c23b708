//! Tests of the whole index over a log in memory.

mod damage;
mod erasure;
mod isolation;
mod languages;
mod life;
mod support;
