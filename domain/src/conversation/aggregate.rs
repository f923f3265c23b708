//! The conversation as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Conversation, ConversationCommand, ConversationEvent, ConversationRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Conversation {
    const STREAM_TYPE: &'static str = "conversation";
    type Command = ConversationCommand;
    type Event = ConversationEvent;
    type Refusal = ConversationRefusal;

    fn decide(&self, command: ConversationCommand) -> Result<Vec<Self::Event>, Self::Refusal> {
        self.decision(command)
    }

    fn evolve(&mut self, event: &ConversationEvent) {
        self.fold(event);
    }
}

cqrs_seam!(Conversation);
