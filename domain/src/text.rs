//! Texts that can't be invalid: bounded, without NUL, and not blank.

use serde::{Deserialize, Serialize};

/// Why a text was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextRefusal {
    /// Nothing but white space.
    #[error("{what} is empty")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// Over the limit.
    #[error("{what} has {characters} characters, the limit is {characters_max}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// As counted.
        characters: usize,
        /// The limit.
        characters_max: usize,
    },
    /// A character that the log can't store or a form that does not fit.
    #[error("{what} {why}")]
    Malformed {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl TextRefusal {
    /// The same, said of a text that the one who sent it knows by another name.
    #[must_use]
    pub fn of(mut self, name: &'static str) -> Self {
        match &mut self {
            Self::Empty { what } | Self::TooLong { what, .. } | Self::Malformed { what, .. } => {
                *what = name;
            }
        }
        self
    }
}

type Check = fn(&str) -> Result<(), &'static str>;

fn bounded(
    what: &'static str,
    text: String,
    characters_max: usize,
    check: Check,
) -> Result<String, TextRefusal> {
    if text.trim().is_empty() {
        return Err(TextRefusal::Empty { what });
    }
    let characters = text.chars().count();
    if characters > characters_max {
        return Err(TextRefusal::TooLong { what, characters, characters_max });
    }
    if text.contains('\0') {
        return Err(TextRefusal::Malformed { what, why: "contains a NUL character" });
    }
    check(&text).map_err(|why| TextRefusal::Malformed { what, why })?;
    Ok(text)
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident, $what:literal, $max:literal, $check:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The most characters it may have.
            pub const CHARACTERS_MAX: usize = $max;

            /// Checks the form.
            ///
            /// # Errors
            ///
            /// Names what is wrong: empty, too long, or malformed.
            pub fn new(text: impl Into<String>) -> Result<Self, TextRefusal> {
                bounded($what, text.into(), $max, $check).map(Self)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextRefusal;

            fn try_from(text: String) -> Result<Self, TextRefusal> {
                Self::new(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    )+};
}

texts! {
    /// A name of a person, team, desk or article.
    Name, "name", 200, |_| Ok(());
    /// The subject line of a conversation.
    Subject, "subject", 500, |_| Ok(());
    /// What was written in a message, reply or note.
    MessageText, "text", 50_000, |_| Ok(());
    /// The body of a knowledge article (Markdown).
    ArticleBody, "body", 200_000, |_| Ok(());
    /// Why something was done, in the words of the one who did it.
    Reason, "reason", 1_000, |_| Ok(());
    /// What was entered in a custom field that takes text.
    FieldText, "value", 1_000, |_| Ok(());
    /// A mail address, phone number or handle, as the channel writes it.
    Address, "address", 320, |_| Ok(());
    /// A provider's id of one of its messages.
    ExternalId, "externalId", 1_000, |_| Ok(());
    /// The raw form of an inbound message, as the provider sent it.
    RawMessage, "raw", 1_000_000, |_| Ok(());
    /// A tag: lower case letters of any script, digits, `-`, `_`, `.`, `:`.
    Tag, "tag", 64, plain;
    /// The key of a custom field or a skill.
    Key, "key", 64, plain;
    /// A BCP 47 language tag, `en` or `zh-Hans`.
    Language, "language", 35, language;
}

fn plain(text: &str) -> Result<(), &'static str> {
    let fits = |it: char| {
        (it.is_alphanumeric() && !it.is_uppercase()) || matches!(it, '-' | '_' | '.' | ':')
    };
    if text.chars().all(fits) {
        Ok(())
    } else {
        Err("may hold lower case letters, digits and - _ . : only")
    }
}

fn language(text: &str) -> Result<(), &'static str> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let primary = (2..=3).contains(&first.len()) && first.chars().all(|it| it.is_ascii_lowercase());
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.chars().all(|it| it.is_ascii_alphanumeric())
    });
    if primary && rest { Ok(()) } else { Err("is not a BCP 47 language tag") }
}

impl Language {
    /// The primary subtag: `zh` of `zh-Hans`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_what_is_wrong_with_it() {
        assert_eq!(Name::new("  "), Err(TextRefusal::Empty { what: "name" }));
        let long = Tag::new("x".repeat(65));
        assert!(matches!(long, Err(TextRefusal::TooLong { characters: 65, .. })), "{long:?}");
        let nul = MessageText::new("a\0b");
        assert!(matches!(nul, Err(TextRefusal::Malformed { what: "text", .. })), "{nul:?}");
    }

    #[test]
    fn a_text_that_does_not_fit_is_called_what_its_sender_calls_it() {
        let long = Reason::new("x".repeat(1_001)).unwrap_err().of("comment");
        assert_eq!(long.to_string(), "comment has 1001 characters, the limit is 1000");
        let malformed = Key::new("GDPR 17").unwrap_err().of("--legal-basis").to_string();
        assert!(malformed.starts_with("--legal-basis may hold"), "{malformed}");
        let empty = Name::new(" ").unwrap_err().of("title").to_string();
        assert_eq!(empty, "title is empty");
    }

    #[test]
    fn a_language_is_a_bcp_47_tag() {
        assert_eq!(Language::new("zh-Hans").map(|it| it.primary().to_owned()), Ok("zh".to_owned()));
        assert!(Language::new("English").is_err());
    }

    #[test]
    fn a_tag_may_be_of_any_script_but_not_upper_case() {
        assert!(Tag::new("退款-1").is_ok());
        assert!(Tag::new("Refund").is_err());
    }
}
