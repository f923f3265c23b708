//! Waiting and putting aside; one ends before the other begins.

use jiff::SignedDuration;

use super::{Conversation, ConversationRefusal, Decision, Standing};
use crate::{
    conversation::{
        SNOOZE_DAYS_MAX,
        command::{Snooze, Wait, Wake},
        event::{Snoozed, WaitingStarted},
    },
    words::Cause,
};

impl Conversation {
    pub(super) fn wait(&self, command: &Wait) -> Decision {
        self.must_be_unresolved()?;
        let on = command.on;
        if self.standing == Standing::Waiting(on) {
            return Ok(vec![]);
        }
        let mut events: Vec<_> = self.pause_ended(Cause::Person).into_iter().collect();
        events.push(WaitingStarted { on }.into());
        Ok(events)
    }

    pub(super) fn snooze(&self, command: &Snooze) -> Decision {
        self.must_be_unresolved()?;
        let Snooze { until, at } = *command;
        if until <= at {
            return Err(ConversationRefusal::NotInFuture { until });
        }
        if until.duration_since(at) > SignedDuration::from_hours(24 * SNOOZE_DAYS_MAX) {
            return Err(ConversationRefusal::SnoozeTooLong { days_max: SNOOZE_DAYS_MAX });
        }
        if self.standing == (Standing::Snoozed { until }) {
            return Ok(vec![]);
        }
        let mut events: Vec<_> = self.pause_ended(Cause::Person).into_iter().collect();
        events.push(Snoozed { until }.into());
        Ok(events)
    }

    pub(super) fn wake(&self, command: &Wake) -> Decision {
        self.must_be_live()?;
        let Wake { cause, at } = *command;
        match self.standing {
            Standing::Snoozed { until } if cause == Cause::Timer && at < until => {
                Err(ConversationRefusal::NotYet { until })
            }
            Standing::Unopened
            | Standing::Open
            | Standing::Waiting(_)
            | Standing::Snoozed { .. }
            | Standing::Resolved { .. }
            | Standing::Closed
            | Standing::Merged { .. } => Ok(self.pause_ended(cause).into_iter().collect()),
        }
    }
}
