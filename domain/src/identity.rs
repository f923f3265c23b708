//! The identity aggregate: read `command`, then `event`.

pub mod command;
pub mod event;
pub mod upcast;

pub use self::{command::IdentityCommand, event::IdentityEvent};
