//! Global ids: opaque to callers, and each says what it is of, so that one can't be passed
//! for another.

use async_graphql::ID;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A conversation.
    Conversation = 1,
    /// A message or note in a conversation.
    Message = 2,
    /// A customer.
    Customer = 3,
    /// An agent.
    Agent = 4,
    /// A team.
    Team = 5,
    /// A knowledge article.
    Article = 6,
    /// A delivery of a provider's message.
    Intake = 7,
    /// An event.
    Event = 8,
    /// A desk.
    Desk = 9,
    /// A channel address.
    Identity = 10,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Conversation,
        Self::Message,
        Self::Customer,
        Self::Agent,
        Self::Team,
        Self::Article,
        Self::Intake,
        Self::Event,
        Self::Desk,
        Self::Identity,
    ];

    /// The global id of this one.
    #[must_use]
    pub fn id(self, id: impl Into<Uuid>) -> ID {
        let mut bytes = [self as u8; 17];
        bytes[1..].copy_from_slice(id.into().as_bytes());
        ID(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads an id that must be of this kind; `None` where it is not one.
    #[must_use]
    pub fn read(self, id: &str) -> Option<Uuid> {
        parse(id).filter(|(kind, _)| *kind == self).map(|(_, id)| id)
    }
}

/// Reads an id of any kind; `None` where it is not one of ours.
#[must_use]
pub fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
    let kind = Kind::ALL.iter().copied().find(|kind| *kind as u8 == bytes[0])?;
    Some((kind, Uuid::from_slice(&bytes[1..]).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_what_it_is_of() {
        for kind in Kind::ALL {
            let uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
            assert_eq!(parse(&kind.id(uuid)).unwrap(), (*kind, uuid));
        }
    }

    #[test]
    fn an_id_of_one_kind_is_none_of_another() {
        let team = Kind::Team.id(Uuid::from_u128(1));
        assert_eq!(Kind::Agent.read(&team), None);
    }

    #[test]
    fn what_is_no_id_is_no_id() {
        for text in ["", "x", "AQ", "%%%", "00000000-0000-0000-0000-000000000001"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
