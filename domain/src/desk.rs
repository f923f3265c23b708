//! The desk aggregate: read `command`, then `event`.

pub mod command;
pub mod event;
pub mod upcast;

pub use self::{command::DeskCommand, event::DeskEvent};
