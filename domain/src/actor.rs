//! Who or what caused an event.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{CustomerId, PersonId};

/// The cause of an event, as the log records it: `kind:name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Actor {
    /// Somebody who signed in: an agent, a supervisor, an administrator.
    Person(PersonId),
    /// A customer, through a channel or the customer role.
    Customer(CustomerId),
    /// An automation rule, by name.
    Rule(String),
    /// A versioned policy, by name and version.
    Policy(String),
    /// A model, by name and hash.
    Model(String),
    /// A timer, by name.
    Timer(String),
    /// A channel adapter, by name.
    Channel(String),
    /// The program itself: import, demo, migration.
    System(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(formatter, "person:{id}"),
            Self::Customer(id) => write!(formatter, "customer:{id}"),
            Self::Rule(name) => write!(formatter, "rule:{name}"),
            Self::Policy(name) => write!(formatter, "policy:{name}"),
            Self::Model(name) => write!(formatter, "model:{name}"),
            Self::Timer(name) => write!(formatter, "timer:{name}"),
            Self::Channel(name) => write!(formatter, "channel:{name}"),
            Self::System(name) => write!(formatter, "system:{name}"),
        }
    }
}

/// A stored actor that does not read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no kind of actor")]
pub struct UnknownActor(String);

impl FromStr for Actor {
    type Err = UnknownActor;

    fn from_str(stored: &str) -> Result<Self, UnknownActor> {
        let unknown = || UnknownActor(stored.to_owned());
        let (kind, name) = stored.split_once(':').ok_or_else(unknown)?;
        let id = || Uuid::parse_str(name).map_err(|_| unknown());
        match kind {
            "person" => Ok(Self::Person(PersonId(id()?))),
            "customer" => Ok(Self::Customer(CustomerId(id()?))),
            "rule" => Ok(Self::Rule(name.to_owned())),
            "policy" => Ok(Self::Policy(name.to_owned())),
            "model" => Ok(Self::Model(name.to_owned())),
            "timer" => Ok(Self::Timer(name.to_owned())),
            "channel" => Ok(Self::Channel(name.to_owned())),
            "system" => Ok(Self::System(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = UnknownActor;

    fn try_from(stored: String) -> Result<Self, UnknownActor> {
        stored.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_reads_back_as_it_was_stored() {
        let actors = [
            Actor::Person(PersonId(Uuid::from_u128(1))),
            Actor::Customer(CustomerId(Uuid::from_u128(2))),
            Actor::Model("langid:1".to_owned()),
            Actor::Timer("snooze".to_owned()),
        ];
        for actor in actors {
            assert_eq!(actor.to_string().parse::<Actor>(), Ok(actor));
        }
    }

    #[test]
    fn an_unknown_kind_is_refused_by_name() {
        assert_eq!("ghost:1".parse::<Actor>(), Err(UnknownActor("ghost:1".to_owned())));
    }
}
