//! The rules of a conversation: one function for each command, by theme.
//!
//! A command that would change nothing is granted with no events.

mod labels;
mod merging;
mod messages;
mod opening;
mod ownership;
mod redaction;
mod resolution;
mod splitting;
mod waiting;

use super::{
    Conversation, ConversationCommand, ConversationEvent, ConversationRefusal, Origin, Standing,
    event::{Reopened, WaitingEnded, Woken},
};
use crate::words::Cause;

/// What happens, or why it does not.
type Decision = Result<Vec<ConversationEvent>, ConversationRefusal>;

impl Conversation {
    pub(super) fn decision(&self, command: ConversationCommand) -> Decision {
        match command {
            ConversationCommand::Open(it) => self.open_new(it),
            ConversationCommand::ReceiveCustomerMessage(it) => self.receive(it),
            ConversationCommand::Reply(it) => self.reply(it),
            ConversationCommand::AddNote(it) => self.add_note(it),
            ConversationCommand::SetPriority(it) => self.set_priority(&it),
            ConversationCommand::AssignTier(it) => self.assign_tier(&it),
            ConversationCommand::AddTag(it) => self.add_tag(it),
            ConversationCommand::RemoveTag(it) => self.remove_tag(it),
            ConversationCommand::SetField(it) => self.decide_field(it),
            ConversationCommand::Assign(it) => self.assign(&it),
            ConversationCommand::Claim(it) => self.claim(&it),
            ConversationCommand::Release(it) => self.release(&it),
            ConversationCommand::MoveToTeam(it) => self.move_to_team(&it),
            ConversationCommand::Wait(it) => self.wait(&it),
            ConversationCommand::Snooze(it) => self.snooze(&it),
            ConversationCommand::Wake(it) => self.wake(&it),
            ConversationCommand::Resolve(it) => self.resolve(&it),
            ConversationCommand::ConfirmResolution(_) => self.confirm_resolution(),
            ConversationCommand::Reopen(it) => self.reopen(&it),
            ConversationCommand::Close(_) => self.close(),
            ConversationCommand::CloseForgotten(_) => self.close_forgotten(),
            ConversationCommand::MergeInto(it) => self.merge_into(&it),
            ConversationCommand::ReceiveMerge(it) => self.receive_merge(&it),
            ConversationCommand::Unmerge(_) => self.unmerge(),
            ConversationCommand::UndoMerge(it) => self.undo_merge(&it),
            ConversationCommand::SplitOff(it) => self.split_off(it),
            ConversationCommand::BeginFromSplit(it) => self.begin_from_split(it),
            ConversationCommand::Redact(it) => self.redact(it),
            ConversationCommand::RedactSubject(it) => self.redact_subject(it),
            ConversationCommand::RedactField(it) => self.redact_field(it),
        }
    }

    /// It exists, wherever it stands.
    fn must_exist(&self) -> Result<Origin, ConversationRefusal> {
        self.origin.ok_or(ConversationRefusal::NoSuchConversation)
    }

    /// It goes on here: neither closed nor merged.
    fn must_be_live(&self) -> Result<Origin, ConversationRefusal> {
        let origin = self.must_exist()?;
        match self.standing {
            Standing::Unopened => Err(ConversationRefusal::NoSuchConversation),
            Standing::Closed => Err(ConversationRefusal::Closed),
            Standing::Merged { into, .. } => Err(ConversationRefusal::MergedInto { target: into }),
            Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Resolved { .. } => Ok(origin),
        }
    }

    /// It is being worked on: live and not resolved.
    fn must_be_unresolved(&self) -> Result<Origin, ConversationRefusal> {
        let origin = self.must_be_live()?;
        match self.standing {
            Standing::Resolved { .. } => Err(ConversationRefusal::Resolved),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Closed
            | Standing::Merged { .. } => Ok(origin),
        }
    }

    /// Ends a wait or a snooze, so that every such interval has its end in the log.
    fn pause_ended(&self, cause: Cause) -> Option<ConversationEvent> {
        match self.standing {
            Standing::Waiting(_) => Some(WaitingEnded { cause }.into()),
            Standing::Snoozed { .. } => Some(Woken { cause }.into()),
            Standing::Unopened
            | Standing::Open
            | Standing::Resolved { .. }
            | Standing::Closed
            | Standing::Merged { .. } => None,
        }
    }

    /// Brings a live conversation back to where somebody has to act.
    fn brought_back(&self, cause: Cause) -> Option<ConversationEvent> {
        match self.standing {
            Standing::Resolved { .. } => Some(self.next_episode(cause)),
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Closed
            | Standing::Merged { .. } => self.pause_ended(cause),
        }
    }

    fn next_episode(&self, cause: Cause) -> ConversationEvent {
        Reopened { episode: self.episode + 1, cause }.into()
    }
}
