//! The conversation aggregate: read `command`, then `event`.

pub mod command;
pub mod event;
pub mod upcast;

pub use self::{command::ConversationCommand, event::ConversationEvent};
