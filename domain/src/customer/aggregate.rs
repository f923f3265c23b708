//! The customer as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Customer, CustomerCommand, CustomerEvent, CustomerRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Customer {
    const STREAM_TYPE: &'static str = "customer";
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type Refusal = CustomerRefusal;

    fn decide(&self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, CustomerRefusal> {
        Customer::decide(self, command)
    }

    fn evolve(&mut self, event: &CustomerEvent) {
        Customer::evolve(self, event);
    }
}

cqrs_seam!(Customer);
