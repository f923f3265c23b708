//! Who is responsible, and in whose queue a conversation is.

use super::{Conversation, ConversationRefusal, Decision};
use crate::conversation::{
    command::{Assign, Claim, MoveToTeam, Release},
    event::{Assigned, Claimed, Released, TeamChanged},
};

impl Conversation {
    pub(super) fn assign(&self, command: &Assign) -> Decision {
        self.must_be_live()?;
        let agent = command.agent;
        if self.assignee == Some(agent) {
            return Ok(vec![]);
        }
        Ok(vec![Assigned { agent, previous: self.assignee }.into()])
    }

    /// What is resolved is in no queue, so that nobody takes it from there.
    pub(super) fn claim(&self, command: &Claim) -> Decision {
        self.must_be_unresolved()?;
        let agent = command.agent;
        match self.assignee {
            None => Ok(vec![Claimed { agent }.into()]),
            Some(owner) if owner == agent => Ok(vec![]),
            Some(by) => Err(ConversationRefusal::AlreadyClaimed { by }),
        }
    }

    pub(super) fn release(&self, command: &Release) -> Decision {
        self.must_be_live()?;
        match self.assignee {
            None => Ok(vec![]),
            Some(agent) if agent == command.agent => Ok(vec![Released { agent }.into()]),
            Some(agent) => Err(ConversationRefusal::BelongsTo { agent }),
        }
    }

    pub(super) fn move_to_team(&self, command: &MoveToTeam) -> Decision {
        self.must_be_live()?;
        let to = command.team;
        if self.team == to {
            return Ok(vec![]);
        }
        let mut events: Vec<_> =
            self.assignee.map(|agent| Released { agent }.into()).into_iter().collect();
        events.push(TeamChanged { from: self.team, to }.into());
        Ok(events)
    }
}
