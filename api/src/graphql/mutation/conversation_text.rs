//! What is written in a conversation and on it: replies, notes, tags, fields, redaction.

use allhours_domain::{
    conversation::command,
    desk::Desk as DeskState,
    fields::FieldInput as DomainInput,
    ids::MessageId,
    text::{FieldText, Key, MessageText, Reason, Tag},
};
use async_graphql::{ID, OneofObject};

use super::{
    conversation_queue::on,
    redaction::{Redacted, redact},
    stream::last_channel,
};
use crate::graphql::{
    call::{Problem, checked},
    conversation::Conversation,
    id::Kind,
    payload::{code_meaning, mutations},
    scalars::{Date, Long},
    words::Channel,
};

/// The value of a custom field.
#[derive(Debug, OneofObject)]
pub enum FieldValueInput {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(Long),
    /// Yes or no.
    Boolean(bool),
    /// A calendar day.
    Date(Date),
    /// One of the desk's own words.
    Choice(String),
}

impl FieldValueInput {
    fn read(self) -> Result<DomainInput, Problem> {
        Ok(match self {
            Self::Text(text) => DomainInput::Text(checked("value", FieldText::new(text))?),
            Self::Integer(number) => DomainInput::Integer(number.0),
            Self::Boolean(truth) => DomainInput::Boolean(truth),
            Self::Date(date) => DomainInput::Date(date.0),
            Self::Choice(choice) => DomainInput::Choice(checked("value", Key::new(choice))?),
        })
    }
}

mutations! {
    /// What is written in a conversation and on it.
    ConversationTextMutations;

    /// Answers the customer. A conversation that nobody is responsible for becomes the caller's.
    conversation_reply ConversationReply -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// What is written; up to 50,000 characters.
        text: String,
        /// Where it goes out; none means where the customer wrote last.
        channel: Option<Channel>,
    },
    refuses {
        BelongsTo, Closed, Deactivated, MergedInto, MessageExists, Resolved, TooManyMessages,
    },
    |call, input| {
        let text = checked("text", MessageText::new(input.text))?;
        let agent = call.working_agent().await?;
        let id = call.known_conversation("conversationId", &input.conversation_id).await?;
        let channel = match input.channel {
            Some(channel) => Some(channel.into()),
            None => last_channel(call, id).await?,
        };
        let command = command::Reply {
            message: MessageId(call.new_id("message")),
            agent,
            text,
            channel: channel.ok_or_else(|| Problem::not_found("conversationId"))?,
        };
        on(call, &input.conversation_id, command).await
    }

    /// Writes a private note, calling the attention of other agents.
    conversation_add_note ConversationAddNote -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// What is written; up to 50,000 characters. The customer never sees it.
        text: String,
        /// Whose attention is called; at most 32 agents.
        #[graphql(default)]
        mention_ids: Vec<ID>,
    },
    refuses {
        Closed, Deactivated, MergedInto, MessageExists, TooManyMentions, TooManyMessages,
    },
    |call, input| {
        if input.mention_ids.len() > allhours_domain::conversation::MENTIONS_MAX {
            let message = "a note calls too many agents";
            return Err(Problem::user("TOO_MANY_MENTIONS", message, Some("mentionIds")));
        }
        let mut mentions = Vec::new();
        for id in &input.mention_ids {
            mentions.push(call.known_agent("mentionIds", id).await?);
        }
        let command = command::AddNote {
            message: MessageId(call.new_id("note")),
            agent: call.working_agent().await?,
            text: checked("text", MessageText::new(input.text))?,
            mentions,
        };
        on(call, &input.conversation_id, command).await
    }

    /// Puts a tag on a conversation. Tags are kept for good: nothing personal belongs there.
    conversation_add_tag ConversationAddTag -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// The tag: lower case letters of any script, digits, `-`, `_`, `.`, `:`.
        tag: String,
    },
    refuses { Closed, MergedInto, TooManyTags },
    |call, input| {
        let tag = checked("tag", Tag::new(input.tag))?;
        on(call, &input.conversation_id, command::AddTag { tag }).await
    }

    /// Takes a tag off a conversation.
    conversation_remove_tag ConversationRemoveTag -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// The tag.
        tag: String,
    },
    refuses { Closed, MergedInto },
    |call, input| {
        let tag = checked("tag", Tag::new(input.tag))?;
        on(call, &input.conversation_id, command::RemoveTag { tag }).await
    }

    /// Sets or clears a custom field of a conversation.
    conversation_set_field ConversationSetField -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// Which field.
        field: String,
        /// The value from now on; none clears.
        value: Option<FieldValueInput>,
    },
    refuses { Closed, MergedInto, TooManyFields, UnknownField, WrongKind },
    |call, input| {
        let field = checked("field", Key::new(input.field))?;
        let tenant = call.viewer.tenant;
        let desk = call.services.desk.load::<DeskState>(tenant, tenant.0).await?;
        let command = command::SetField {
            kind: desk.state.field(&field).cloned(),
            field,
            value: input.value.map(FieldValueInput::read).transpose()?,
        };
        on(call, &input.conversation_id, command).await
    }

    /// Deletes a text for good: of a message or note, the subject line, or of a custom field; and
    /// what its provider sent. That there was one stays known.
    conversation_redact ConversationRedact -> conversation: Conversation,
    input {
        /// Which conversation holds it.
        conversation_id: ID,
        /// The text of this message or note. Just one of `messageId`, `subject` and `field` is
        /// given.
        message_id: Option<ID>,
        /// If true, the subject line.
        subject: Option<bool>,
        /// The texts of this custom field: the one that it holds, and all that it held before.
        field: Option<String>,
        /// Why.
        reason: String,
    },
    refuses { NoSubject, NoText, UnknownMessage },
    |call, input| {
        let id = call.known_conversation("conversationId", &input.conversation_id).await?;
        let what = match (input.message_id, input.subject.unwrap_or_default(), input.field) {
            (Some(message), false, None) => {
                Redacted::Message(call.id(Kind::Message, "messageId", &message)?)
            }
            (None, true, None) => Redacted::Subject,
            (None, false, Some(field)) => Redacted::Field(checked("field", Key::new(field))?),
            _ => {
                let message = "give just one of messageId, subject and field";
                return Err(Problem::user("INVALID_INPUT", message, None));
            }
        };
        let reason = checked("reason", Reason::new(input.reason))?;
        let done = redact(call, id, &what, &reason).await?;
        Ok((done, Conversation::now(call.ctx, id).await?))
    }
}
