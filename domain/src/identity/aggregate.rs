//! The identity as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Identity, IdentityCommand, IdentityEvent, IdentityRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Identity {
    const STREAM_TYPE: &'static str = "identity";
    type Command = IdentityCommand;
    type Event = IdentityEvent;
    type Refusal = IdentityRefusal;

    fn decide(&self, command: IdentityCommand) -> Result<Vec<Self::Event>, Self::Refusal> {
        self.decision(command)
    }

    fn evolve(&mut self, event: &IdentityEvent) {
        self.fold(event);
    }
}

cqrs_seam!(Identity);
