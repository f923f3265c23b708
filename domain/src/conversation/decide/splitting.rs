//! Splitting messages off into a new conversation.

use std::collections::BTreeSet;

use super::{Conversation, ConversationRefusal, Decision};
use crate::conversation::{Message, command, event};

impl Conversation {
    /// Only what the customer can see moves, and at least one such message stays.
    pub(super) fn split_off(&self, command: command::SplitOff) -> Decision {
        let origin = self.must_be_live()?;
        let command::SplitOff { target, messages } = command;
        if target == origin.id {
            return Err(ConversationRefusal::IntoItself);
        }
        if messages.is_empty() {
            return Err(ConversationRefusal::NothingToSplit);
        }
        let public: BTreeSet<_> =
            self.messages.iter().filter(|it| it.is_public()).map(|it| it.id).collect();
        if let Some(unknown) = messages.iter().find(|it| !public.contains(it)) {
            return Err(ConversationRefusal::UnknownMessage { message: *unknown });
        }
        let leaving: BTreeSet<_> = messages.into_iter().collect();
        if leaving.len() == public.len() {
            return Err(ConversationRefusal::NothingStays);
        }
        let stays = |it: &Message| !leaving.contains(&it.id);
        let awaits_reply = self.last_is_customers(stays);
        let messages = self.messages.iter().map(|it| it.id).filter(|it| leaving.contains(it));
        let messages = messages.collect();
        Ok(vec![event::SplitOff { target, messages, awaits_reply }.into()])
    }
}
