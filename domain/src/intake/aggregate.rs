//! The intake as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Intake, IntakeCommand, IntakeEvent, IntakeRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Intake {
    const STREAM_TYPE: &'static str = "intake";
    type Command = IntakeCommand;
    type Event = IntakeEvent;
    type Refusal = IntakeRefusal;

    fn decide(&self, command: IntakeCommand) -> Result<Vec<Self::Event>, Self::Refusal> {
        self.decision(command)
    }

    fn evolve(&mut self, event: &IntakeEvent) {
        self.fold(event);
    }
}

cqrs_seam!(Intake);
