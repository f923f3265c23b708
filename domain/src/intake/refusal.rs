//! Why an intake says no.

use crate::{
    decider::Refusal,
    ids::{ConversationId, MessageId},
};

/// A rule's no, with what the one who asked needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeRefusal {
    /// Nothing was delivered under this key.
    #[error("there is no such delivery")]
    NoSuchIntake,
    /// It became a message before.
    #[error("the delivery is message {message} of conversation {conversation} already")]
    AlreadyParsed {
        /// Of which conversation.
        conversation: ConversationId,
        /// Which message.
        message: MessageId,
    },
    /// A person decided that it is not for this desk.
    #[error("the delivery was discarded")]
    Discarded,
    /// What was received is too long for a message, or empty.
    #[error("what was received has {characters} characters and is no message")]
    NoMessage {
        /// How many it has.
        characters: usize,
    },
}

impl Refusal for IntakeRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchIntake => "NO_SUCH_INTAKE",
            Self::AlreadyParsed { .. } => "ALREADY_PARSED",
            Self::Discarded => "DISCARDED",
            Self::NoMessage { .. } => "NO_MESSAGE",
        }
    }
}
