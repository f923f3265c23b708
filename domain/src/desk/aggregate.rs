//! The desk as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Desk, DeskCommand, DeskEvent, DeskRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Desk {
    const STREAM_TYPE: &'static str = "desk";
    type Command = DeskCommand;
    type Event = DeskEvent;
    type Refusal = DeskRefusal;

    fn decide(&self, command: DeskCommand) -> Result<Vec<DeskEvent>, DeskRefusal> {
        Desk::decide(self, command)
    }

    fn evolve(&mut self, event: &DeskEvent) {
        Desk::evolve(self, event);
    }
}

cqrs_seam!(Desk);
