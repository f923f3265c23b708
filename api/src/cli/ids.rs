//! Ids as people have them: UUIDs, or the opaque ones that GraphQL gives, which say what they
//! are of.

use std::str::FromStr;

use uuid::Uuid;

use crate::graphql::id::{self, Kind};

/// An id, and what it is of where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// What it is of; a UUID says nothing.
    pub kind: Option<Kind>,
    /// The id.
    pub id: Uuid,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Ok(id) = Uuid::parse_str(word) {
            return Ok(Self { kind: None, id });
        }
        let (kind, id) = id::parse(word).ok_or("expected a UUID, or an id that GraphQL gives")?;
        Ok(Self { kind: Some(kind), id })
    }
}

impl Named {
    /// The id, where it may be of one of these.
    ///
    /// # Errors
    ///
    /// It is of something else.
    pub fn of(self, kinds: &[Kind]) -> Result<Uuid, String> {
        match self.kind {
            Some(kind) if !kinds.contains(&kind) => {
                let wanted: Vec<&str> = kinds.iter().map(|kind| word(*kind)).collect();
                Err(format!("that is the id of {}, not of {}", word(kind), wanted.join(" or ")))
            }
            Some(_) | None => Ok(self.id),
        }
    }
}

/// The id of a customer.
///
/// # Errors
///
/// It is none.
pub fn customer(word: &str) -> Result<Uuid, String> {
    word.parse::<Named>()?.of(&[Kind::Customer])
}

/// The id of somebody whom personal texts are about.
///
/// # Errors
///
/// It is none.
pub fn subject(word: &str) -> Result<Uuid, String> {
    word.parse::<Named>()?.of(&[Kind::Customer, Kind::Agent])
}

/// The id of a conversation.
///
/// # Errors
///
/// It is none.
pub fn conversation(word: &str) -> Result<Uuid, String> {
    word.parse::<Named>()?.of(&[Kind::Conversation])
}

/// The name of a stream, `conversation:UUID`, that a global id means; none where what it is of
/// has no stream.
#[must_use]
pub fn stream(word: &str) -> Option<String> {
    let (kind, id) = id::parse(word)?;
    let stream_type = match kind {
        Kind::Conversation => "conversation",
        Kind::Customer => "customer",
        Kind::Agent => "agent",
        Kind::Team => "team",
        Kind::Article => "article",
        Kind::Intake => "intake",
        Kind::Desk => "desk",
        Kind::Identity => "identity",
        Kind::Message | Kind::Event => return None,
    };
    Some(format!("{stream_type}:{id}"))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Conversation => "a conversation",
        Kind::Message => "a message",
        Kind::Customer => "a customer",
        Kind::Agent => "an agent",
        Kind::Team => "a team",
        Kind::Article => "an article",
        Kind::Intake => "a delivery",
        Kind::Event => "an event",
        Kind::Desk => "a desk",
        Kind::Identity => "an address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    #[test]
    fn an_id_is_taken_in_both_forms_and_only_of_what_is_asked_for() {
        let global = Kind::Customer.id(ID).0;
        assert_eq!(customer(&global), Ok(ID));
        assert_eq!(customer(&ID.to_string()), Ok(ID));
        assert_eq!(subject(&Kind::Agent.id(ID).0), Ok(ID));
        let why = conversation(&global).unwrap_err();
        assert_eq!(why, "that is the id of a customer, not of a conversation");
        assert!(customer("nonsense").unwrap_err().contains("expected a UUID"));
    }

    #[test]
    fn a_global_id_means_a_stream_where_there_is_one() {
        let named = stream(&Kind::Team.id(ID).0);
        assert_eq!(named.as_deref(), Some("team:00000000-0000-0000-0000-000000000007"));
        assert_eq!(stream(&Kind::Event.id(ID).0), None);
    }
}
