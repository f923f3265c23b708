//! The agent as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Agent, AgentCommand, AgentEvent, AgentRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Agent {
    const STREAM_TYPE: &'static str = "agent";
    type Command = AgentCommand;
    type Event = AgentEvent;
    type Refusal = AgentRefusal;

    fn decide(&self, command: AgentCommand) -> Result<Vec<AgentEvent>, AgentRefusal> {
        Agent::decide(self, command)
    }

    fn evolve(&mut self, event: &AgentEvent) {
        Agent::evolve(self, event);
    }
}

cqrs_seam!(Agent);
