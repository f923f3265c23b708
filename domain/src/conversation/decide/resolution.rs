//! Resolving, confirming, reopening, closing.

use super::{Conversation, ConversationEvent, ConversationRefusal, Decision, Standing};
use crate::{
    conversation::{
        command::{Reopen, Resolve},
        event::{Closed, ResolutionConfirmed, Resolved},
    },
    words::{Cause, ResolutionKind},
};

impl Conversation {
    pub(super) fn resolve(&self, command: &Resolve) -> Decision {
        self.must_be_live()?;
        let Resolve { kind, at } = *command;
        if let Standing::Resolved { .. } = self.standing {
            return match kind {
                ResolutionKind::Confirmed => self.confirm_resolution(),
                ResolutionKind::Assumed => Ok(vec![]),
            };
        }
        // A customer who confirms does so by a message, which nobody needs to answer.
        if kind == ResolutionKind::Assumed && self.awaits_reply() {
            return Err(ConversationRefusal::CustomerWaits);
        }
        let mut events: Vec<_> = self.pause_ended(Cause::Person).into_iter().collect();
        events.push(Resolved { kind, episode: self.episode, at }.into());
        Ok(events)
    }

    pub(super) fn confirm_resolution(&self) -> Decision {
        self.must_be_live()?;
        match self.must_be_resolved()? {
            ResolutionKind::Confirmed => Ok(vec![]),
            ResolutionKind::Assumed => {
                Ok(vec![ResolutionConfirmed { episode: self.episode }.into()])
            }
        }
    }

    pub(super) fn reopen(&self, command: &Reopen) -> Decision {
        self.must_be_live()?;
        let reopened: Option<ConversationEvent> =
            self.must_be_resolved().is_ok().then(|| self.next_episode(command.cause));
        Ok(reopened.into_iter().collect())
    }

    pub(super) fn close(&self) -> Decision {
        self.must_exist()?;
        if self.standing == Standing::Closed {
            return Ok(vec![]);
        }
        self.must_be_live()?;
        self.must_be_resolved()?;
        Ok(vec![Closed { episode: self.episode }.into()])
    }

    /// There is nobody to answer any more. What was merged goes with where it went.
    pub(super) fn close_forgotten(&self) -> Decision {
        self.must_exist()?;
        if self.must_be_live().is_err() {
            return Ok(vec![]);
        }
        let mut events: Vec<_> = self.pause_ended(Cause::Timer).into_iter().collect();
        events.push(Closed { episode: self.episode }.into());
        Ok(events)
    }

    fn must_be_resolved(&self) -> Result<ResolutionKind, ConversationRefusal> {
        match self.standing {
            Standing::Resolved { kind, .. } => Ok(kind),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Closed
            | Standing::Merged { .. } => Err(ConversationRefusal::NotResolved),
        }
    }
}
