//! Merging into another conversation of the same customer, and undoing it.
//!
//! Merges form a forest: only one that goes on is merged, and only into one that goes on
//! (the target's own `ReceiveMerge` refuses otherwise), so that no circle can arise;
//! undoing cuts one link.

use super::{Conversation, ConversationRefusal, Decision, Standing};
use crate::{
    conversation::{
        SOURCES_MAX,
        command::{MergeInto, ReceiveMerge, UndoMerge},
        event::{MergeReceived, MergeUndone, MergedInto, Released, Unmerged},
    },
    words::Cause,
};

impl Conversation {
    pub(super) fn merge_into(&self, command: &MergeInto) -> Decision {
        let MergeInto { target, target_customer, one_person } = *command;
        if self.merged_into() == Some(target) {
            return Ok(vec![]);
        }
        let origin = self.must_be_live()?;
        if target == origin.id {
            return Err(ConversationRefusal::IntoItself);
        }
        if target_customer != origin.customer && !one_person {
            return Err(ConversationRefusal::OtherCustomer { customer: target_customer });
        }
        if self.sources.contains_key(&target) {
            return Err(ConversationRefusal::MergedHere { source_id: target });
        }
        let mut events: Vec<_> = self.pause_ended(Cause::Person).into_iter().collect();
        events.extend(self.assignee.map(|agent| Released { agent }.into()));
        events.push(MergedInto { target }.into());
        Ok(events)
    }

    /// An unanswered question that comes along brings this conversation back.
    pub(super) fn receive_merge(&self, command: &ReceiveMerge) -> Decision {
        let origin = self.must_be_live()?;
        let ReceiveMerge { source, awaits_reply } = *command;
        if source == origin.id {
            return Err(ConversationRefusal::IntoItself);
        }
        if self.sources.contains_key(&source) {
            return Ok(vec![]);
        }
        if self.sources.len() >= SOURCES_MAX {
            return Err(ConversationRefusal::TooManyMerges { sources_max: SOURCES_MAX });
        }
        let mut events = vec![];
        if awaits_reply {
            events.extend(self.brought_back(Cause::Person));
        }
        events.push(MergeReceived { source, awaits_reply }.into());
        Ok(events)
    }

    /// Goes back to its queue; what was resolved before the merge begins a new episode.
    pub(super) fn unmerge(&self) -> Decision {
        self.must_exist()?;
        let Standing::Merged { into: target, was_resolved } = self.standing else {
            return Err(ConversationRefusal::NotMerged);
        };
        let mut events = vec![Unmerged { target }.into()];
        if was_resolved {
            events.push(self.next_episode(Cause::Person));
        }
        Ok(events)
    }

    /// Wherever it stands, it lets its sources go: also merged itself, and closed, for a source
    /// that turns out to be somebody else's would be nobody's work any more.
    pub(super) fn undo_merge(&self, command: &UndoMerge) -> Decision {
        self.must_exist()?;
        let source = command.source;
        if !self.sources.contains_key(&source) {
            return Err(ConversationRefusal::NotMergedHere { source_id: source });
        }
        Ok(vec![MergeUndone { source }.into()])
    }
}
