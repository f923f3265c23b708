//! The article aggregate: read `command`, then `event`.

pub mod command;
pub mod event;
pub mod upcast;

pub use self::{command::ArticleCommand, event::ArticleEvent};
