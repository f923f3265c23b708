//! The team aggregate: read `command`, then `event`.

pub mod command;
pub mod event;
pub mod upcast;

pub use self::{command::TeamCommand, event::TeamEvent};
