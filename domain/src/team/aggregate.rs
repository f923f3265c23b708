//! The team as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Team, TeamCommand, TeamEvent, TeamRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Team {
    const STREAM_TYPE: &'static str = "team";
    type Command = TeamCommand;
    type Event = TeamEvent;
    type Refusal = TeamRefusal;

    fn decide(&self, command: TeamCommand) -> Result<Vec<TeamEvent>, TeamRefusal> {
        Team::decide(self, command)
    }

    fn evolve(&mut self, event: &TeamEvent) {
        Team::evolve(self, event);
    }
}

cqrs_seam!(Team);
