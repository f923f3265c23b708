//! What an aggregate is here: a state folded from events, and rules that decide.
//!
//! `events!` spells out an aggregate's events with stored names and versions; the log
//! stores a payload under its name, so that Rust names may change and stored ones not.

use serde_json::Value;

/// The stored name and version of an event, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    /// The stored name, `conversation.opened`.
    pub name: &'static str,
    /// The newest version of its shape, from 1.
    pub version: i16,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

/// An event of one aggregate, as the log stores it.
pub trait StoredEvent: Clone + Send + Sync + Sized + 'static {
    /// Every kind of event of this aggregate.
    const CATALOGUE: &'static [EventKind];

    /// The stored name and version of this one.
    fn kind(&self) -> EventKind;

    /// The payload: a JSON object with the fields of the event.
    ///
    /// # Errors
    ///
    /// A value that JSON can't hold; a bug.
    fn to_payload(&self) -> Result<Value, serde_json::Error>;

    /// Reads a payload of the newest version; `None` for a name that is not this aggregate's.
    ///
    /// # Errors
    ///
    /// The payload does not have the shape that its name promises.
    fn from_payload(name: &str, payload: &str) -> Option<Result<Self, serde_json::Error>>;

    /// Brings a payload of an older version to the newest shape.
    #[must_use]
    fn upcast(name: &str, version: i16, payload: Value) -> Value;
}

/// A rule's no. Part of the answer, never a failure.
pub trait Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static {
    /// The fixed code that callers match on, `ALREADY_CLAIMED`.
    fn code(&self) -> &'static str;
}

/// A state folded from events, with rules.
pub trait Decider: Default + Clone + Send + Sync + 'static {
    /// The stored name of the stream type.
    const STREAM_TYPE: &'static str;
    /// What can be asked.
    type Command: Clone + Send + Sync + 'static;
    /// What can have happened.
    type Event: StoredEvent;
    /// Why not.
    type Refusal: Refusal;

    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// # Errors
    ///
    /// Only ever a refusal: a rule said no.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Folds one event into the state. Total: an event that was recorded has happened.
    fn evolve(&mut self, event: &Self::Event);
}

/// Spells out the events of an aggregate: variant, stored name, version, meaning.
macro_rules! events {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident, upcast = $upcast:path {
            $(#[doc = $doc:literal] $Variant:ident = $name:literal, $version:literal;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "name", content = "payload")]
        pub enum $Enum {
            $(#[doc = $doc] #[serde(rename = $name)] $Variant($Variant),)+
        }

        $(impl From<$Variant> for $Enum {
            fn from(event: $Variant) -> Self {
                Self::$Variant(event)
            }
        })+

        impl $crate::decider::StoredEvent for $Enum {
            const CATALOGUE: &'static [$crate::decider::EventKind] = &[
                $($crate::decider::EventKind {
                    name: $name,
                    version: $version,
                    meaning: $doc,
                },)+
            ];

            fn kind(&self) -> $crate::decider::EventKind {
                match self {
                    $(Self::$Variant(_) => $crate::decider::EventKind {
                        name: $name,
                        version: $version,
                        meaning: $doc,
                    },)+
                }
            }

            fn to_payload(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Self::$Variant(event) => serde_json::to_value(event),)+ }
            }

            fn from_payload(
                name: &str,
                payload: &str,
            ) -> Option<Result<Self, serde_json::Error>> {
                match name {
                    $($name => Some(serde_json::from_str(payload).map(Self::$Variant)),)+
                    _ => None,
                }
            }

            fn upcast(name: &str, version: i16, payload: serde_json::Value) -> serde_json::Value {
                $upcast(name, version, payload)
            }
        }

        impl cqrs_es::DomainEvent for $Enum {
            fn event_type(&self) -> String {
                $crate::decider::StoredEvent::kind(self).name.to_owned()
            }

            fn event_version(&self) -> String {
                $crate::decider::StoredEvent::kind(self).version.to_string()
            }
        }
    };
}

/// The seam to `cqrs_es`: its trait over our decider. Nothing is decided here.
macro_rules! cqrs_seam {
    ($Aggregate:ident) => {
        impl cqrs_es::Aggregate for $Aggregate {
            const TYPE: &'static str = <Self as $crate::decider::Decider>::STREAM_TYPE;
            type Command = <Self as $crate::decider::Decider>::Command;
            type Event = <Self as $crate::decider::Decider>::Event;
            type Error = <Self as $crate::decider::Decider>::Refusal;
            /// None: whatever a rule needs to know is in the command.
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in $crate::decider::Decider::decide(self, command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                $crate::decider::Decider::evolve(self, &event);
            }
        }
    };
}

/// Spells out the fields of events: one struct each.
macro_rules! shapes {
    ($(
        $(#[$meta:meta])+
        $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)* }
    )+) => {$(
        $(#[$meta])+
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $type,)* }
    )+};
}

/// Spells out the commands of an aggregate: one struct each, and the enum of all.
macro_rules! commands {
    (
        $(#[$emeta:meta])+ $Enum:ident;
        $($(#[$meta:meta])+ $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)* })+
    ) => {
        $(#[$emeta])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $Enum {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)+
        }
        $(
            $(#[$meta])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $name { $($(#[doc = $doc])+ pub $field: $type,)* }

            impl From<$name> for $Enum {
                fn from(command: $name) -> Self {
                    Self::$name(command)
                }
            }
        )+
    };
}

pub(crate) use {commands, cqrs_seam, events, shapes};
