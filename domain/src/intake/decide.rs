//! The rules of an intake: one function for each command.

use super::{
    Intake, IntakeCommand, IntakeEvent, IntakeRefusal, Standing,
    command::{Discard, MarkParsed, Park, Receive},
    event::{Discarded, DuplicateReceived, Parked, Parsed, Received},
};
use crate::{ids::SubjectId, personal::Personal};

/// What happens, or why it does not.
type Decision = Result<Vec<IntakeEvent>, IntakeRefusal>;

impl Intake {
    pub(super) fn decision(&self, command: IntakeCommand) -> Decision {
        match command {
            IntakeCommand::Receive(it) => Ok(vec![self.receive(it)]),
            IntakeCommand::MarkParsed(it) => self.mark_parsed(&it),
            IntakeCommand::Park(it) => self.park(it),
            IntakeCommand::Discard(it) => self.discard(it),
        }
    }

    /// Never refused: that a provider delivered is a fact, the first time and every other.
    fn receive(&self, command: Receive) -> IntakeEvent {
        if !self.is_new() {
            let deliveries = self.deliveries.saturating_add(1);
            return DuplicateReceived { deliveries }.into();
        }
        let Receive { channel, account, external_id, raw, subject } = command;
        let external_id = Personal::about(subject, external_id);
        let raw = Personal::about(subject, raw);
        Received { channel, account: account.into(), external_id, raw }.into()
    }

    fn mark_parsed(&self, command: &MarkParsed) -> Decision {
        let MarkParsed { customer, conversation, message } = *command;
        if self.parsed() == Some((conversation, message)) {
            return Ok(vec![]);
        }
        self.must_be_undecided()?;
        Ok(vec![Parsed { customer, conversation, message }.into()])
    }

    fn park(&self, command: Park) -> Decision {
        self.must_be_undecided()?;
        if self.is_parked() {
            return Ok(vec![]);
        }
        Ok(vec![Parked { why: command.why.into() }.into()])
    }

    fn discard(&self, command: Discard) -> Decision {
        if self.is_discarded() {
            return Ok(vec![]);
        }
        let subject = self.must_be_undecided()?;
        let reason = Personal::about(subject, command.reason);
        Ok(vec![Discarded { reason }.into()])
    }

    /// Received or parked; says whom its texts are about.
    fn must_be_undecided(&self) -> Result<SubjectId, IntakeRefusal> {
        match self.standing {
            Standing::New => Err(IntakeRefusal::NoSuchIntake),
            Standing::Received | Standing::Parked => {
                self.subject.ok_or(IntakeRefusal::NoSuchIntake)
            }
            Standing::Parsed { conversation, message } => {
                Err(IntakeRefusal::AlreadyParsed { conversation, message })
            }
            Standing::Discarded => Err(IntakeRefusal::Discarded),
        }
    }
}
