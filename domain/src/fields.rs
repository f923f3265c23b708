//! Typed custom fields: what a desk defines, and what a conversation holds.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    personal::Personal,
    text::{FieldText, Key},
};

/// What kind of value a custom field takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// Free text; personal by default.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// One of the desk's own words.
    Choice {
        /// The words that may be chosen.
        choices: Vec<Key>,
    },
}

/// The type of a field's values, whatever its choices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// One of the desk's own words.
    Choice,
}

impl std::fmt::Display for FieldType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Boolean => "yes or no",
            Self::Date => "a date",
            Self::Choice => "a choice",
        })
    }
}

/// A value as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// Free text about the conversation's customer.
    Text(Personal),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A calendar day.
    Date(Date),
    /// One of the desk's own words.
    Choice(Key),
}

/// A value as somebody enters it, before it is known whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldInput {
    /// Free text.
    Text(FieldText),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A calendar day.
    Date(Date),
    /// One of the desk's own words.
    Choice(Key),
}

impl FieldKind {
    /// Of what type its values are.
    #[must_use]
    pub fn field_type(&self) -> FieldType {
        match self {
            Self::Text => FieldType::Text,
            Self::Integer => FieldType::Integer,
            Self::Boolean => FieldType::Boolean,
            Self::Date => FieldType::Date,
            Self::Choice { .. } => FieldType::Choice,
        }
    }

    /// Whether `input` is a value of this kind.
    #[must_use]
    pub fn takes(&self, input: &FieldInput) -> bool {
        match (self, input) {
            (Self::Text, FieldInput::Text(_))
            | (Self::Integer, FieldInput::Integer(_))
            | (Self::Boolean, FieldInput::Boolean(_))
            | (Self::Date, FieldInput::Date(_)) => true,
            (Self::Choice { choices }, FieldInput::Choice(choice)) => choices.contains(choice),
            (
                Self::Text | Self::Integer | Self::Boolean | Self::Date | Self::Choice { .. },
                FieldInput::Text(_)
                | FieldInput::Integer(_)
                | FieldInput::Boolean(_)
                | FieldInput::Date(_)
                | FieldInput::Choice(_),
            ) => false,
        }
    }
}
