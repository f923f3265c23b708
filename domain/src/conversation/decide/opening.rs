//! How a conversation begins.

use super::{Conversation, ConversationEvent, ConversationRefusal, Decision};
use crate::{
    conversation::{
        command::{BeginFromSplit, Open},
        event::{Opened, SplitFrom},
    },
    personal::Personal,
};

impl Conversation {
    pub(super) fn open_new(&self, command: Open) -> Decision {
        self.must_be_unopened()?;
        Ok(vec![opened(command)])
    }

    pub(super) fn begin_from_split(&self, command: BeginFromSplit) -> Decision {
        self.must_be_unopened()?;
        let BeginFromSplit {
            id,
            source,
            messages,
            customer,
            channel,
            subject,
            language,
            tier,
            priority,
            team,
        } = command;
        if source == id {
            return Err(ConversationRefusal::IntoItself);
        }
        if messages.is_empty() {
            return Err(ConversationRefusal::NothingToSplit);
        }
        let open = Open { id, customer, channel, subject, language, tier, priority, team };
        Ok(vec![opened(open), SplitFrom { source, messages }.into()])
    }

    fn must_be_unopened(&self) -> Result<(), ConversationRefusal> {
        match self.origin {
            None => Ok(()),
            Some(_) => Err(ConversationRefusal::AlreadyOpen),
        }
    }
}

fn opened(command: Open) -> ConversationEvent {
    let Open { id, customer, channel, subject, language, tier, priority, team } = command;
    let subject = subject.map(|line| Personal::about(customer, line));
    let conversation = id;
    Opened { conversation, customer, channel, subject, language, tier, priority, team }.into()
}
