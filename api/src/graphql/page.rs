//! Connections: pages of long lists, forwards or backwards, with opaque cursors.

use allhours_projections::page::Span;
use async_graphql::{
    ObjectType, OutputType, Result,
    connection::{Connection, CursorType, Edge, EmptyFields},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use super::error::Code;

/// The most rows of one page.
pub const PAGE_MAX: i32 = 100;

/// Where a page begins, in a form that callers can't take apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// A cursor that does not read.
#[derive(Debug, thiserror::Error)]
#[error("this is no cursor of this list")]
pub struct BadCursor;

impl CursorType for Cursor {
    type Error = BadCursor;

    fn decode_cursor(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        String::from_utf8(bytes).map(Self).map_err(|_| BadCursor)
    }

    fn encode_cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

impl Cursor {
    /// Of the parts of a key.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        Self(parts.join("\n"))
    }

    /// Of a number in a list.
    #[must_use]
    pub fn number(list: &str, number: i64) -> Self {
        Self::of(&[list, &number.to_string()])
    }

    /// Of an instant and an id in a list.
    #[must_use]
    pub fn instant(list: &str, at: Timestamp, id: Uuid) -> Self {
        Self::of(&[list, &at.as_microsecond().to_string(), &id.to_string()])
    }

    /// The parts of a key, if there are so many.
    #[must_use]
    pub fn parts<const N: usize>(&self) -> Option<[&str; N]> {
        self.0.split('\n').collect::<Vec<_>>().try_into().ok()
    }

    /// As a number in a list.
    #[must_use]
    pub fn as_number(&self, list: &str) -> Option<i64> {
        let [_, number] = self.parts().filter(|[of, _]| *of == list)?;
        number.parse().ok()
    }

    /// As an instant and an id in a list.
    #[must_use]
    pub fn as_instant(&self, list: &str) -> Option<(Timestamp, Uuid)> {
        let [_, at, id] = self.parts().filter(|[of, _, _]| *of == list)?;
        Some((instant(at)?, id.parse().ok()?))
    }
}

/// An instant as cursors hold it.
#[must_use]
pub fn instant(microseconds: &str) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds.parse().ok()?).ok()
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BothWays {
    /// How many rows, 1 to 100.
    pub limit: usize,
    /// Whether they are counted from the end.
    pub from_end: bool,
    /// After which row.
    pub after: Option<Cursor>,
    /// Before which row.
    pub before: Option<Cursor>,
}

impl BothWays {
    /// Reads the arguments of a connection.
    ///
    /// # Errors
    ///
    /// Neither or both of `first` and `last`, one out of bounds, or a cursor that does not read.
    pub fn read(
        first: Option<i32>,
        last: Option<i32>,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<Self> {
        let (limit, from_end) = match (first, last) {
            (Some(first), None) => (bounded("first", first)?, false),
            (None, Some(last)) => (bounded("last", last)?, true),
            (None, None) | (Some(_), Some(_)) => {
                return Err(Code::BadUserInput.error("exactly one of first and last is needed"));
            }
        };
        Ok(Self { limit, from_end, after: cursor(after)?, before: cursor(before)? })
    }

    /// The keys that the page stands between.
    ///
    /// # Errors
    ///
    /// A cursor of another list.
    pub fn keys<K>(&self, read: impl Fn(&Cursor) -> Option<K>) -> Result<(Option<K>, Option<K>)> {
        let key = |cursor: &Option<Cursor>| match cursor {
            Some(cursor) => read(cursor).map(Some).ok_or_else(bad_cursor),
            None => Ok(None),
        };
        Ok((key(&self.after)?, key(&self.before)?))
    }

    /// As a question to a read table.
    ///
    /// # Errors
    ///
    /// A cursor of another list.
    pub fn span<K>(&self, read: impl Fn(&Cursor) -> Option<K>) -> Result<Span<K>> {
        let (after, before) = self.keys(read)?;
        Ok(Span { after, before, from_end: self.from_end, limit: self.limit })
    }

    /// The page that was found; `more` says whether there are rows beyond it in the direction of
    /// reading. In the other one there are some where a cursor said where to begin.
    pub fn connection<N: OutputType>(
        &self,
        rows: impl IntoIterator<Item = (Cursor, N)>,
        more: bool,
    ) -> Connection<Cursor, N> {
        self.connection_with(rows, more, EmptyFields)
    }

    /// The same, with more to say of the list than its rows.
    pub fn connection_with<N: OutputType, F: ObjectType>(
        &self,
        rows: impl IntoIterator<Item = (Cursor, N)>,
        more: bool,
        fields: F,
    ) -> Connection<Cursor, N, F> {
        let (has_previous, has_next) = if self.from_end {
            (more, self.before.is_some())
        } else {
            (self.after.is_some(), more)
        };
        let mut connection = Connection::with_additional_fields(has_previous, has_next, fields);
        connection.edges.extend(rows.into_iter().map(|(cursor, node)| Edge::new(cursor, node)));
        connection
    }
}

fn bounded(name: &str, rows: i32) -> Result<usize> {
    match usize::try_from(rows) {
        Ok(rows) if (1..=PAGE_MAX.unsigned_abs() as usize).contains(&rows) => Ok(rows),
        _ => Err(Code::BadUserInput.error(format!("{name} is from 1 to {PAGE_MAX}"))),
    }
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>> {
    text.map(|text| Cursor::decode_cursor(text).map_err(|_| bad_cursor())).transpose()
}

/// A cursor of another list.
#[must_use]
pub fn bad_cursor() -> async_graphql::Error {
    Code::BadUserInput.error(BadCursor.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_says_nothing() {
        let cursor = Cursor::instant("agents", Timestamp::UNIX_EPOCH, Uuid::from_u128(7));
        let text = cursor.encode_cursor();
        assert!(!text.contains('-'), "{text}");
        let read = Cursor::decode_cursor(&text).unwrap();
        assert_eq!(read.as_instant("agents"), Some((Timestamp::UNIX_EPOCH, Uuid::from_u128(7))));
    }

    #[test]
    fn a_page_has_from_1_to_100_rows() {
        for first in [0, -1, 101, i32::MIN] {
            assert!(BothWays::read(Some(first), None, None, None).is_err(), "{first}");
            assert!(BothWays::read(None, Some(first), None, None).is_err(), "{first}");
        }
        assert_eq!(BothWays::read(Some(100), None, None, None).unwrap().limit, 100);
        assert!(BothWays::read(Some(1), Some(1), None, None).is_err());
        assert!(BothWays::read(None, None, None, None).is_err());
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Cursor::number("events", 3).encode_cursor();
        let page = BothWays::read(Some(1), None, Some(&cursor), None).unwrap();
        assert!(page.keys(|cursor| cursor.as_instant("events")).is_err());
        assert!(page.keys(|cursor| cursor.as_number("timeline")).is_err());
        assert_eq!(page.keys(|cursor| cursor.as_number("events")).unwrap(), (Some(3), None));
        let cursor = Cursor::instant("teams", Timestamp::UNIX_EPOCH, Uuid::from_u128(7));
        assert!(cursor.as_instant("customers").is_none());
        assert!(BothWays::read(Some(1), None, Some("%"), None).is_err());
    }
}
