//! Values that GraphQL has no word for.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::{Timestamp, civil};

/// RFC 3339 has no years before this one.
const YEAR_0: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// An instant in UTC, as RFC 3339 writes it: `2026-05-04T10:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub Timestamp);

/// An instant in UTC, as RFC 3339 writes it: `2026-05-04T10:00:00Z`.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let instant: Timestamp = text.parse().map_err(InputValueError::custom)?;
        if instant < YEAR_0 {
            return Err(InputValueError::custom("the year must be 0000 or later"));
        }
        // The log keeps microseconds; what is finer would not read back.
        Timestamp::from_microsecond(instant.as_microsecond())
            .map(Self)
            .map_err(InputValueError::custom)
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        // Tables keep microseconds, texts of events what they were given: both are told alike.
        let told = Timestamp::from_microsecond(self.0.as_microsecond()).unwrap_or(self.0);
        Value::String(told.to_string())
    }
}

/// A day of the calendar: `2026-05-04`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date(pub civil::Date);

/// A day of the calendar: `2026-05-04`.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/local-date.html")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        text.parse().map(Self).map_err(InputValueError::custom)
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The number of an event in the log: gapless, from 1. Reads that wait for one see what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// The number of an event in the log: gapless, from 1. A mutation returns one; a query that
/// names it as `minPosition` sees what the mutation did. Written as a JSON number.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for Position {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            Value::Null
            | Value::Boolean(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_)
            | Value::Binary(_) => None,
        };
        match number {
            Some(position) if position >= 0 => Ok(Self(position)),
            Some(_) => Err(InputValueError::custom("a position is not negative")),
            None => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// A BCP 47 language tag: `en`, `zh-Hans`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(pub allhours_domain::text::Language);

/// A BCP 47 language tag: `en`, `zh-Hans`.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/info/bcp47")]
impl ScalarType for Language {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let language = allhours_domain::text::Language::new(text.as_str());
        language.map(Self).map_err(InputValueError::custom)
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A whole number beyond 32 bits, up to 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long(pub i64);

/// A whole number beyond 32 bits. Written as a JSON number.
#[Scalar(specified_by_url = "https://scalars.graphql.org/jakobmerrild/long.html")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) if number.as_i64().is_some() => {
                Ok(Self(number.as_i64().unwrap_or_default()))
            }
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_)
            | Value::Binary(_) => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// A count for people: what does not fit into GraphQL's `Int` reads as its greatest value.
#[must_use]
pub fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
