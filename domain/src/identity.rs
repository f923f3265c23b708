//! An identity: one channel address, held by at most one customer.
//!
//! Read `command`, then `event`, then `decide`. Its stream is derived from the address by a
//! keyed hash, so that holding an address is unique without a table of addresses.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
#[cfg(test)]
mod tests;
pub mod upcast;

use serde::{Deserialize, Serialize};

pub use self::{command::IdentityCommand, event::IdentityEvent, refusal::IdentityRefusal};
use crate::ids::CustomerId;

/// What past events say about one channel address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    holder: Option<CustomerId>,
}

impl Identity {
    /// Who holds the address; none while it is free.
    #[must_use]
    pub fn holder(&self) -> Option<CustomerId> {
        self.holder
    }

    /// Total and free of rules: what was recorded has happened.
    fn fold(&mut self, event: &IdentityEvent) {
        match event {
            IdentityEvent::Claimed(claimed) => self.holder = Some(claimed.customer),
            IdentityEvent::Released(_) => self.holder = None,
        }
    }
}
