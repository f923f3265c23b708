//! One dialogue: what a line may hold, and the commands it becomes.

use allhours_domain::{
    conversation::{self, Conversation},
    customer::{self, Customer},
    ids::{AgentId, ConversationId, CustomerId, MessageId},
    text::{Language, MessageText, Subject, Tag, TextRefusal},
    words::{Channel, Priority, ResolutionKind, Tier},
};
use allhours_eventstore::{log::Log, recorded::StreamId};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    clock,
    desk::{Unit, stream_of},
};

/// The most turns of a dialogue: all of it is one append.
pub const TURNS_MAX: usize = 900;
/// The longest id of a dialogue.
const ID_CHARACTERS_MAX: usize = 200;

/// A dialogue as a line holds it; fields that are not named here are not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dialogue {
    /// Tells it from the other dialogues of the file.
    pub id: String,
    /// In which language; left out where unknown.
    pub language: Option<String>,
    /// What it is about; becomes the subject line, which is personal.
    pub topic: Option<String>,
    /// What it is filed under; kept for good, so that nothing personal belongs there.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it was held; now where it is left out.
    pub at: Option<Timestamp>,
    /// Who said what.
    pub turns: Vec<Turn>,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Who asks.
    Customer,
    /// Who answers.
    Agent,
}

impl Dialogue {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that quote nothing of what was said.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let dialogue: Self = serde_json::from_slice(line).map_err(|error| {
            let (column, kind) = (error.column(), error.classify());
            format!("it is no dialogue: {kind:?} error at column {column}")
        })?;
        let characters = dialogue.id.chars().count();
        if !(1..=ID_CHARACTERS_MAX).contains(&characters) {
            return Err(format!("its id must have 1 to {ID_CHARACTERS_MAX} characters"));
        }
        match dialogue.turns.len() {
            0 => Err("it has no turns".to_owned()),
            1..=TURNS_MAX => Ok(dialogue),
            turns => Err(format!("it has {turns} turns, the most is {TURNS_MAX}")),
        }
    }

    /// The commands it becomes: a customer, a conversation, each turn; at the end it is
    /// resolved where the agent had the last word, and otherwise back in the queue.
    ///
    /// # Errors
    ///
    /// A text that the desk does not take.
    pub fn plan<'d, L: Log>(
        &self,
        unit: Unit<'d, L>,
        space: Uuid,
        agent: AgentId,
        at: Timestamp,
    ) -> Result<(Unit<'d, L>, StreamId, StreamId), TextRefusal> {
        let own = |what: &str| clock::derived_id(space, &format!("{}\n{what}", self.id));
        let customer = CustomerId(own("customer"));
        let id = ConversationId(own("conversation"));
        let language = self.language.as_deref().map(Language::new).transpose()?;
        let identify = customer::command::Identify {
            id: customer,
            display_name: None,
            language: language.clone(),
            tier: Tier::Standard,
        };
        let topic = self.topic.as_deref().filter(|topic| !topic.trim().is_empty());
        let open = conversation::command::Open {
            id,
            customer,
            channel: Channel::Chat,
            subject: topic.map(Subject::new).transpose()?,
            language: language.clone(),
            tier: Tier::Standard,
            priority: Priority::Normal,
            team: None,
        };
        let mut unit = unit.with::<Customer>(customer.0, identify);
        unit = unit.with::<Conversation>(id.0, open);
        for tag in &self.tags {
            let tag = Tag::new(tag.as_str())?;
            unit = unit.with::<Conversation>(id.0, conversation::command::AddTag { tag });
        }
        for (number, turn) in self.turns.iter().enumerate() {
            let message = MessageId(own(&format!("turn:{number}")));
            let text = MessageText::new(turn.text.as_str())?;
            let language = language.clone();
            unit = match turn.speaker {
                Speaker::Customer => {
                    let receive = conversation::command::ReceiveCustomerMessage {
                        message,
                        text,
                        channel: Channel::Chat,
                        language,
                        intake: None,
                        at,
                        reopen_within_hours: 0,
                    };
                    unit.with::<Conversation>(id.0, receive)
                }
                Speaker::Agent => {
                    let channel = Channel::Chat;
                    let reply = conversation::command::Reply { message, agent, text, channel };
                    unit.with::<Conversation>(id.0, reply)
                }
            };
        }
        let agent_spoke = self.turns.iter().any(|turn| turn.speaker == Speaker::Agent);
        unit = match self.turns.last().map(|turn| turn.speaker) {
            Some(Speaker::Agent) => {
                let kind = ResolutionKind::Assumed;
                unit.with::<Conversation>(id.0, conversation::command::Resolve { kind, at })
            }
            Some(Speaker::Customer) if agent_spoke => {
                unit.with::<Conversation>(id.0, conversation::command::Release { agent })
            }
            Some(Speaker::Customer) | None => unit,
        };
        Ok((unit, stream_of::<Customer>(customer.0), stream_of::<Conversation>(id.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_line_is_said_without_quoting_it() {
        let why = Dialogue::read(br#"{"id":"1","turns":[{"speaker":"secret","text":"x"}]}"#);
        let why = why.expect_err("nobody is called so");
        assert!(!why.contains("secret"), "{why}");
        assert!(Dialogue::read(br#"{"id":"1","turns":[]}"#).is_err());
        assert!(Dialogue::read(br#"{"id":"","turns":[{"speaker":"agent","text":"x"}]}"#).is_err());
    }
}
