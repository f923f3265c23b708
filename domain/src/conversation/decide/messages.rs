//! Messages and notes. Every text is about the conversation's customer.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Conversation, ConversationRefusal, Decision, Standing};
use crate::{
    conversation::{
        Author, MENTIONS_MAX, MESSAGES_MAX,
        command::{AddNote, ReceiveCustomerMessage, Reply},
        event::{AgentMentioned, AgentReplied, Claimed, CustomerMessageReceived, NoteAdded},
    },
    ids::MessageId,
    personal::Personal,
    words::Cause,
};

impl Conversation {
    pub(super) fn receive(&self, command: ReceiveCustomerMessage) -> Decision {
        let ReceiveCustomerMessage {
            message,
            text,
            channel,
            language,
            intake,
            at,
            reopen_within_hours,
        } = command;
        let origin = self.must_exist()?;
        if self.author(message) == Some(Author::Customer) {
            return Ok(vec![]);
        }
        self.takes_customer_messages(at, reopen_within_hours)?;
        self.must_take(message)?;
        let text = Personal::about(origin.customer, text);
        let received = CustomerMessageReceived { message, text, channel, language, intake };
        let mut events: Vec<_> = self.brought_back(Cause::CustomerMessage).into_iter().collect();
        events.push(received.into());
        Ok(events)
    }

    pub(super) fn reply(&self, command: Reply) -> Decision {
        let Reply { message, agent, text, channel } = command;
        let origin = self.must_exist()?;
        if self.author(message) == Some(Author::Agent(agent)) {
            return Ok(vec![]);
        }
        self.must_be_unresolved()?;
        self.must_take(message)?;
        let mut events = vec![];
        match self.assignee {
            None => events.push(Claimed { agent }.into()),
            Some(owner) if owner == agent => {}
            Some(owner) => return Err(ConversationRefusal::BelongsTo { agent: owner }),
        }
        if let Standing::Snoozed { .. } = self.standing {
            events.extend(self.pause_ended(Cause::Person));
        }
        let text = Personal::about(origin.customer, text);
        events.push(AgentReplied { message, agent, text, channel }.into());
        Ok(events)
    }

    pub(super) fn add_note(&self, command: AddNote) -> Decision {
        let AddNote { message, agent, text, mentions } = command;
        let origin = self.must_exist()?;
        if self.author(message) == Some(Author::Note(agent)) {
            return Ok(vec![]);
        }
        self.must_be_live()?;
        self.must_take(message)?;
        let mentioned: BTreeSet<_> = mentions.into_iter().filter(|it| *it != agent).collect();
        if mentioned.len() > MENTIONS_MAX {
            return Err(ConversationRefusal::TooManyMentions { mentions_max: MENTIONS_MAX });
        }
        let text = Personal::about(origin.customer, text);
        let mut events = vec![NoteAdded { message, agent, text }.into()];
        let by = agent;
        events.extend(
            mentioned.into_iter().map(|agent| AgentMentioned { message, agent, by }.into()),
        );
        Ok(events)
    }

    /// There is room for another message, and its id is new.
    fn must_take(&self, message: MessageId) -> Result<(), ConversationRefusal> {
        if self.author(message).is_some() {
            return Err(ConversationRefusal::MessageExists { message });
        }
        if self.messages.len() >= MESSAGES_MAX {
            return Err(ConversationRefusal::TooManyMessages { messages_max: MESSAGES_MAX });
        }
        Ok(())
    }

    /// Whether what the customer writes `now` goes on here, where it reopens what was resolved
    /// up to so many hours ago. Callers ask this to find the conversation for a message.
    ///
    /// # Errors
    ///
    /// Says where it goes instead: into what this one was merged into, or into a new one.
    pub fn takes_customer_messages(
        &self,
        now: Timestamp,
        reopen_within_hours: u32,
    ) -> Result<(), ConversationRefusal> {
        self.must_be_live()?;
        let window = SignedDuration::from_hours(i64::from(reopen_within_hours));
        match self.resolved_at() {
            Some(resolved_at) if now.duration_since(resolved_at) > window => {
                Err(ConversationRefusal::WindowPassed { resolved_at })
            }
            Some(_) | None => Ok(()),
        }
    }
}
