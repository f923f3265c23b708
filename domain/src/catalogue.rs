//! Every event that can stand in the log, and how a stored one is read.

mod markdown;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::markdown::to_markdown;
use crate::{
    agent::AgentEvent,
    article::ArticleEvent,
    conversation::ConversationEvent,
    customer::CustomerEvent,
    decider::{EventKind, StoredEvent},
    desk::DeskEvent,
    identity::IdentityEvent,
    intake::IntakeEvent,
    team::TeamEvent,
};

macro_rules! catalogue {
    ($($Variant:ident($Event:ty) = $stream_type:literal,)+) => {
        /// An event of any aggregate.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum AnyEvent {
            $(#[doc = concat!("Of a `", $stream_type, "` stream.")] $Variant($Event),)+
        }

        $(impl From<$Event> for AnyEvent {
            fn from(event: $Event) -> Self {
                Self::$Variant(event)
            }
        })+

        /// Every kind of event, with the stream type it belongs to.
        #[must_use]
        pub fn catalogue() -> Vec<(&'static str, EventKind)> {
            let mut all = Vec::new();
            $(all.extend(<$Event>::CATALOGUE.iter().map(|kind| ($stream_type, *kind)));)+
            all
        }

        impl AnyEvent {
            /// The stored name and version.
            #[must_use]
            pub fn kind(&self) -> EventKind {
                match self { $(Self::$Variant(event) => event.kind(),)+ }
            }

            /// The payload as JSON.
            ///
            /// # Errors
            ///
            /// A value that JSON can't hold; a bug.
            pub fn to_payload(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$Variant(event) => event.to_payload(),)+ }
            }

            fn newest(name: &str, payload: &str) -> Result<Self, UnreadableEvent> {
                let stream_type = name.split('.').next().unwrap_or_default();
                let read = match stream_type {
                    $($stream_type => <$Event>::from_payload(name, payload)
                        .map(|read| read.map(Self::$Variant)),)+
                    _ => None,
                };
                match read {
                    Some(read) => Ok(read?),
                    None => Err(UnreadableEvent::UnknownName(name.to_owned())),
                }
            }

            fn upcast(name: &str, version: i16, payload: Value) -> Value {
                match name.split('.').next().unwrap_or_default() {
                    $($stream_type => <$Event>::upcast(name, version, payload),)+
                    _ => payload,
                }
            }
        }
    };
}

catalogue! {
    Agent(AgentEvent) = "agent",
    Article(ArticleEvent) = "article",
    Conversation(ConversationEvent) = "conversation",
    Customer(CustomerEvent) = "customer",
    Desk(DeskEvent) = "desk",
    Identity(IdentityEvent) = "identity",
    Intake(IntakeEvent) = "intake",
    Team(TeamEvent) = "team",
}

/// A stored event that this program can't read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// No event has this name.
    #[error("no event is named `{0}`")]
    UnknownName(String),
    /// Written by a newer program.
    #[error("`{name}` has version {version}, this program knows {newest}")]
    TooNew {
        /// The stored name.
        name: String,
        /// The stored version.
        version: i16,
        /// The newest one known here.
        newest: i16,
    },
    /// The payload does not have the shape that its name and version promise.
    #[error("the payload does not read back")]
    Payload(#[from] serde_json::Error),
}

impl AnyEvent {
    /// Reads a stored event, bringing an older shape to the newest.
    ///
    /// # Errors
    ///
    /// An unknown name, a version from the future, or a payload that does not fit.
    pub fn read(name: &str, version: i16, payload: &str) -> Result<Self, UnreadableEvent> {
        let newest =
            newest_version(name).ok_or_else(|| UnreadableEvent::UnknownName(name.to_owned()))?;
        if version > newest {
            return Err(UnreadableEvent::TooNew { name: name.to_owned(), version, newest });
        }
        if version == newest {
            return Self::newest(name, payload);
        }
        let older: Value = serde_json::from_str(payload)?;
        Self::newest(name, &Self::upcast(name, version, older).to_string())
    }
}

fn newest_version(name: &str) -> Option<i16> {
    static VERSIONS: std::sync::LazyLock<std::collections::HashMap<&'static str, i16>> =
        std::sync::LazyLock::new(|| {
            catalogue().into_iter().map(|(_, kind)| (kind.name, kind.version)).collect()
        });
    VERSIONS.get(name).copied()
}
