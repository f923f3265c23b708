//! The rules of a customer's profile: one function for each command.

use super::{
    Customer, CustomerCommand, CustomerEvent, CustomerRefusal, Profile, Standing,
    command::{
        ChangeProfile, Erase, Identify, LinkIdentity, MergeInto, ReceiveMerge, SetConsent, SetTier,
        UndoMerge, UnlinkIdentity,
    },
    event::{
        ConsentSet, Erased, Identified, IdentityLinked, IdentityUnlinked, MergeReceived,
        MergeUndone, MergedInto, ProfileChanged, TierSet, Unmerged,
    },
};
use crate::personal::Personal;

type Decision = Result<Vec<CustomerEvent>, CustomerRefusal>;

impl Customer {
    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// A name is always recorded: rules can't look inside personal text to compare it. What was
    /// merged keeps its own consents and addresses, and still takes back either.
    ///
    /// # Errors
    ///
    /// Only ever a [`CustomerRefusal`]: a rule said no.
    pub fn decide(&self, command: CustomerCommand) -> Decision {
        let Some(profile) = &self.profile else {
            let CustomerCommand::Identify(command) = command else {
                return Err(CustomerRefusal::NoSuchCustomer);
            };
            return Ok(identify(command));
        };
        let own = matches!(
            command,
            CustomerCommand::SetConsent(_)
                | CustomerCommand::UnlinkIdentity(_)
                | CustomerCommand::Unmerge(_)
                | CustomerCommand::Erase(_)
        );
        match (profile.standing, &command) {
            (Standing::Active, _) => profile.decide(command),
            (Standing::MergedInto(_), _) if own => profile.decide(command),
            (Standing::MergedInto(target), _) => Err(CustomerRefusal::MergedInto { target }),
            (Standing::Erased, CustomerCommand::Erase(_)) => Ok(vec![]),
            (Standing::Erased, _) => Err(CustomerRefusal::Erased),
        }
    }
}

fn identify(Identify { id, display_name, language, tier }: Identify) -> Vec<CustomerEvent> {
    let display_name = display_name.map(|name| Personal::about(id, name));
    vec![CustomerEvent::Identified(Identified { customer: id, display_name, language, tier })]
}

impl Profile {
    fn decide(&self, command: CustomerCommand) -> Decision {
        match command {
            CustomerCommand::Identify(_) => Err(CustomerRefusal::AlreadyIdentified),
            CustomerCommand::ChangeProfile(command) => Ok(self.change(command)),
            CustomerCommand::LinkIdentity(command) => self.link_identity(command),
            CustomerCommand::UnlinkIdentity(command) => self.unlink_identity(&command),
            CustomerCommand::SetTier(command) => Ok(self.set_tier(&command)),
            CustomerCommand::SetConsent(command) => Ok(self.set_consent(&command)),
            CustomerCommand::MergeInto(command) => self.merge_into(&command),
            CustomerCommand::ReceiveMerge(command) => self.receive_merge(&command),
            CustomerCommand::Unmerge(_) => self.unmerge(),
            CustomerCommand::UndoMerge(command) => self.undo_merge(&command),
            CustomerCommand::Erase(command) => Ok(erase(command)),
        }
    }

    fn change(
        &self,
        ChangeProfile { display_name, language }: ChangeProfile,
    ) -> Vec<CustomerEvent> {
        if display_name.is_none() && !self.named && self.language == language {
            return vec![];
        }
        let display_name = display_name.map(|name| Personal::about(self.id, name));
        vec![CustomerEvent::ProfileChanged(ProfileChanged { display_name, language })]
    }

    /// Linked again it changes nothing, unless it is verified now and was not before.
    fn link_identity(&self, command: LinkIdentity) -> Decision {
        let LinkIdentity { identity, channel, address, verified } = command;
        let before = self.identities.get(&identity).copied();
        if before.is_some_and(|was_verified| was_verified || !verified) {
            return Ok(vec![]);
        }
        let identities_max = Customer::IDENTITIES_MAX;
        if before.is_none() && self.identities.len() >= identities_max {
            return Err(CustomerRefusal::TooManyIdentities { identities_max });
        }
        let address = Personal::about(self.id, address);
        let linked = IdentityLinked { identity, channel, address, verified };
        Ok(vec![CustomerEvent::IdentityLinked(linked)])
    }

    fn unlink_identity(&self, &UnlinkIdentity { identity }: &UnlinkIdentity) -> Decision {
        if self.identities.contains_key(&identity) {
            Ok(vec![CustomerEvent::IdentityUnlinked(IdentityUnlinked { identity })])
        } else {
            Err(CustomerRefusal::NotLinked { identity })
        }
    }

    fn set_tier(&self, &SetTier { tier: to }: &SetTier) -> Vec<CustomerEvent> {
        let from = self.tier;
        if from == to { vec![] } else { vec![CustomerEvent::TierSet(TierSet { from, to })] }
    }

    fn set_consent(&self, &SetConsent { purpose, granted }: &SetConsent) -> Vec<CustomerEvent> {
        if self.consents.get(&purpose) == Some(&granted) {
            return vec![];
        }
        vec![CustomerEvent::ConsentSet(ConsentSet { purpose, granted })]
    }

    fn merge_into(&self, &MergeInto { target }: &MergeInto) -> Decision {
        if target == self.id {
            return Err(CustomerRefusal::MergeWithItself);
        }
        if self.merged.contains(&target) {
            return Err(CustomerRefusal::MergeInCircle { target });
        }
        Ok(vec![CustomerEvent::MergedInto(MergedInto { target })])
    }

    fn receive_merge(&self, &ReceiveMerge { source }: &ReceiveMerge) -> Decision {
        if source == self.id {
            return Err(CustomerRefusal::MergeWithItself);
        }
        if self.merged.contains(&source) {
            return Ok(vec![]);
        }
        let merged_max = Customer::MERGED_MAX;
        if self.merged.len() >= merged_max {
            return Err(CustomerRefusal::TooManyMerges { merged_max });
        }
        Ok(vec![CustomerEvent::MergeReceived(MergeReceived { source })])
    }

    fn unmerge(&self) -> Decision {
        match self.standing {
            Standing::MergedInto(target) => Ok(vec![CustomerEvent::Unmerged(Unmerged { target })]),
            Standing::Active | Standing::Erased => Err(CustomerRefusal::NotMerged),
        }
    }

    fn undo_merge(&self, &UndoMerge { source }: &UndoMerge) -> Decision {
        if self.merged.contains(&source) {
            Ok(vec![CustomerEvent::MergeUndone(MergeUndone { source })])
        } else {
            Err(CustomerRefusal::NotMergedHere { profile: source })
        }
    }
}

fn erase(Erase { legal_basis, texts_deleted }: Erase) -> Vec<CustomerEvent> {
    let legal_basis = legal_basis.into();
    vec![CustomerEvent::Erased(Erased { legal_basis, texts_deleted })]
}
