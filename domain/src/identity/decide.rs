//! The rules of an identity: one function for each command.

use super::{
    Identity, IdentityCommand, IdentityEvent, IdentityRefusal,
    command::{Claim, Release},
    event::{Claimed, Released},
};

/// What happens, or why it does not.
type Decision = Result<Vec<IdentityEvent>, IdentityRefusal>;

impl Identity {
    pub(super) fn decision(&self, command: IdentityCommand) -> Decision {
        match command {
            IdentityCommand::Claim(it) => self.claim(&it),
            IdentityCommand::Release(it) => self.release(&it),
        }
    }

    fn claim(&self, command: &Claim) -> Decision {
        let Claim { customer, channel } = *command;
        match self.holder {
            None => Ok(vec![Claimed { customer, channel }.into()]),
            Some(holder) if holder == customer => Ok(vec![]),
            Some(by) => Err(IdentityRefusal::AlreadyClaimed { by }),
        }
    }

    fn release(&self, command: &Release) -> Decision {
        match self.holder {
            None => Ok(vec![]),
            Some(customer) if customer == command.customer => {
                Ok(vec![Released { customer }.into()])
            }
            Some(customer) => Err(IdentityRefusal::BelongsTo { customer }),
        }
    }
}
