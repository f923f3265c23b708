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
use serde::{Deserialize, Serialize};
use serde_ignored::Path;
use uuid::Uuid;

use super::fault;
use crate::{
    clock,
    desk::{Unit, stream_of},
};

/// The most turns of a dialogue: all of it is one append.
pub const TURNS_MAX: usize = 900;
/// The longest id of a dialogue.
const ID_CHARACTERS_MAX: usize = 200;

/// A dialogue as a line holds it; fields that are not named here are passed over, and reported.
/// `fault` and the help of `import dialogues` name them all as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialogue {
    /// Tells it from the other dialogues of the source.
    pub id: String,
    /// In which language; left out where unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What it is about; becomes the subject line, which is personal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What it is filed under; kept for good, so that nothing personal belongs there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it was held; now where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Who said what.
    pub turns: Vec<Turn>,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Who asks.
    Customer,
    /// Who answers.
    Agent,
}

impl Dialogue {
    /// Reads a line; each field that it passes over is told to `unknown`, where it stands.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that quote nothing of what was said.
    pub fn read(line: &[u8], unknown: &mut dyn FnMut(&Path<'_>)) -> Result<Self, String> {
        let mut json = serde_json::Deserializer::from_slice(line);
        let dialogue: Self = serde_ignored::deserialize(&mut json, |place| unknown(&place))
            .and_then(|dialogue| json.end().map(|()| dialogue))
            .map_err(|error| fault::of(line, &error))?;
        let characters = dialogue.id.chars().count();
        if !(1..=ID_CHARACTERS_MAX).contains(&characters) {
            return Err(format!("its `id` must have 1 to {ID_CHARACTERS_MAX} characters"));
        }
        match dialogue.turns.len() {
            0 => Err("it has no turns: `turns` is empty".to_owned()),
            1..=TURNS_MAX => Ok(dialogue),
            turns => Err(format!("it has {turns} turns, the most is {TURNS_MAX}")),
        }
    }

    /// What it says, always written in the same way: a line with other spaces, another order
    /// of fields or more fields that nobody looks at says the same. A field that is left out is
    /// not written, so that one more field in later versions changes no dialogue of today.
    ///
    /// # Errors
    ///
    /// A value that JSON can't hold; a bug.
    pub fn content(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|error| error.to_string())
    }

    /// The commands it becomes: a customer, a conversation, each turn; at the end it is
    /// resolved where the agent had the last word, and otherwise back in the queue.
    ///
    /// # Errors
    ///
    /// A text that the desk does not take, by the name of its field.
    pub fn plan<'d, L: Log>(
        &self,
        unit: Unit<'d, L>,
        space: Uuid,
        agent: AgentId,
        at: Timestamp,
    ) -> Result<(Unit<'d, L>, StreamId, StreamId), String> {
        let own = |what: &str| clock::derived_id(space, &format!("{}\n{what}", self.id));
        let customer = CustomerId(own("customer"));
        let id = ConversationId(own("conversation"));
        let language = self.language.as_deref().map(Language::new).transpose();
        let language = language.map_err(in_field("`language`"))?;
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
            subject: topic.map(Subject::new).transpose().map_err(in_field("`topic`"))?,
            language: language.clone(),
            tier: Tier::Standard,
            priority: Priority::Normal,
            team: None,
        };
        let mut unit = unit.with::<Customer>(customer.0, identify);
        unit = unit.with::<Conversation>(id.0, open);
        for (number, tag) in (1..).zip(&self.tags) {
            let place = format!("`tags`, number {number}");
            let tag = Tag::new(tag.as_str()).map_err(in_field(&place))?;
            unit = unit.with::<Conversation>(id.0, conversation::command::AddTag { tag });
        }
        for (number, turn) in self.turns.iter().enumerate() {
            let message = MessageId(own(&format!("turn:{number}")));
            let place = format!("`text` of turn {}", number + 1);
            let text = MessageText::new(turn.text.as_str()).map_err(in_field(&place))?;
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

/// Says where a text stands that the desk does not take.
fn in_field(place: &str) -> impl Fn(TextRefusal) -> String {
    move |why| format!("{place}: {why}")
}

/// Refuses when a dialogue can't have been held.
pub(super) fn was_held(at: Timestamp, now: Timestamp) -> Result<(), String> {
    if at > now {
        Err("`at` is in the future".to_owned())
    } else if at < Timestamp::UNIX_EPOCH {
        Err("`at` is before 1970".to_owned())
    } else {
        Ok(())
    }
}
