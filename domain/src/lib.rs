//! The rules of the desk. Pure: no clock, no chance, no I/O, no async.
//!
//! Read [`decider`] first (what an aggregate is here), then [`personal`] (what may be
//! forgotten), then any aggregate: `command`, `event`, `decide`. [`catalogue`] lists
//! every event that can stand in the log.

pub mod actor;
pub mod agent;
pub mod article;
pub mod catalogue;
pub mod conversation;
pub mod customer;
pub mod decider;
pub mod desk;
pub mod features;
pub mod fields;
pub mod identity;
pub mod ids;
pub mod intake;
#[cfg(test)]
mod laws;
pub mod personal;
pub mod sla;
pub mod team;
pub mod text;
pub mod trace;
pub mod words;
