//! How the values of rows stand in columns.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use allhours_domain::{
    ids::{
        AgentId, ArticleId, ConversationId, CustomerId, IdentityId, IntakeId, MessageId, TeamId,
        TenantId,
    },
    text::{Key, Language, Name, Tag},
    words::{
        Channel, ConversationStatus, Presence, Priority, Purpose, ResolutionKind, Tier, WaitingOn,
    },
};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::types::{FromSqlOwned, Json, ToSql, Type};
use uuid::Uuid;

/// A value that stands in a column.
pub trait Column: Sized {
    /// As the driver takes it.
    type Stored: ToSql + FromSqlOwned + Debug + Send + Sync + 'static;
    /// The type of the column.
    const TYPE: Type;
    /// To the column.
    fn store(&self) -> Self::Stored;
    /// From the column; `None` where it does not read as the code expects.
    fn restore(stored: Self::Stored) -> Option<Self>;
}

macro_rules! plain_columns {
    ($($type:ty = $sql:ident,)+) => {$(
        impl Column for $type {
            type Stored = $type;
            const TYPE: Type = Type::$sql;
            fn store(&self) -> $type {
                self.clone()
            }
            fn restore(stored: $type) -> Option<Self> {
                Some(stored)
            }
        }
    )+};
}

plain_columns! {
    Uuid = UUID,
    i64 = INT8,
    i32 = INT4,
    bool = BOOL,
    String = TEXT,
    Timestamp = TIMESTAMPTZ,
}

macro_rules! id_columns {
    ($($type:ty,)+) => {$(
        impl Column for $type {
            type Stored = Uuid;
            const TYPE: Type = Type::UUID;
            fn store(&self) -> Uuid {
                self.0
            }
            fn restore(stored: Uuid) -> Option<Self> {
                Some(Self(stored))
            }
        }
    )+};
}

id_columns! {
    AgentId,
    ArticleId,
    ConversationId,
    CustomerId,
    IdentityId,
    IntakeId,
    MessageId,
    TeamId,
    TenantId,
}

macro_rules! word_columns {
    ($($type:ty,)+) => {$(
        impl $crate::columns::Column for $type {
            type Stored = String;
            const TYPE: tokio_postgres::types::Type = tokio_postgres::types::Type::TEXT;
            fn store(&self) -> String {
                self.as_str().to_owned()
            }
            fn restore(stored: String) -> Option<Self> {
                Self::parse(&stored)
            }
        }
    )+};
}
pub(crate) use word_columns;

word_columns! {
    Channel,
    ConversationStatus,
    Presence,
    Priority,
    Purpose,
    ResolutionKind,
    Tier,
    WaitingOn,
}

macro_rules! text_columns {
    ($($type:ty,)+) => {$(
        impl Column for $type {
            type Stored = String;
            const TYPE: Type = Type::TEXT;
            fn store(&self) -> String {
                self.as_str().to_owned()
            }
            fn restore(stored: String) -> Option<Self> {
                Self::new(stored).ok()
            }
        }
    )+};
}

text_columns! { Key, Language, Name, }

impl<T: Column> Column for Option<T> {
    type Stored = Option<T::Stored>;
    const TYPE: Type = T::TYPE;
    fn store(&self) -> Self::Stored {
        self.as_ref().map(Column::store)
    }
    fn restore(stored: Self::Stored) -> Option<Self> {
        match stored {
            None => Some(None),
            Some(stored) => T::restore(stored).map(Some),
        }
    }
}

/// A column of JSON that holds a whole structure.
pub trait Structure: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {}

impl Structure for BTreeSet<Tag> {}
impl Structure for BTreeSet<AgentId> {}
impl Structure for BTreeMap<Key, u8> {}
impl Structure for BTreeMap<Purpose, bool> {}
impl Structure for Vec<Language> {}

impl<T: Structure> Column for Structured<T> {
    type Stored = Json<T>;
    const TYPE: Type = Type::JSONB;
    fn store(&self) -> Json<T> {
        Json(self.0.clone())
    }
    fn restore(stored: Json<T>) -> Option<Self> {
        Some(Self(stored.0))
    }
}

/// Something that stands in one column as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structured<T>(pub T);

impl<T> std::ops::Deref for Structured<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Structured<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// An instant as a column holds it: whole microseconds.
#[must_use]
pub fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_loses_only_what_a_column_can_not_hold() {
        let at = Timestamp::from_nanosecond(1_700_000_000_123_456_789);
        let whole = at.map(whole_microseconds).map(Timestamp::as_nanosecond);
        assert_eq!(whole.ok(), Some(1_700_000_000_123_456_000));
    }

    #[test]
    fn a_word_that_nobody_knows_does_not_read_back() {
        assert_eq!(Tier::restore("gold".to_owned()), None);
        assert_eq!(Option::<Tier>::restore(None), Some(None));
    }
}
