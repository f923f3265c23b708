//! In which language a customer writes, where nobody says so.

use allhours_domain::text::{Language, MessageText};
use allhours_inference::language::{LanguageIdentifier, Trigrams};

use crate::graphql::scalars;

/// Below this, no language is better than a wrong one.
const CONFIDENCE_MIN: f64 = 0.5;

/// The language that was said, else the one that is recognised, if it is clear enough.
pub(super) fn of_message(said: Option<scalars::Language>, text: &MessageText) -> Option<Language> {
    said.map(|it| it.0).or_else(|| {
        let found = Trigrams.identify(text.as_str())?;
        let clear = found.confidence >= CONFIDENCE_MIN;
        clear.then(|| Language::new(found.language).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(text: &str) -> Option<String> {
        let text = MessageText::new(text).unwrap();
        of_message(None, &text).map(|it| it.to_string())
    }

    #[test]
    fn what_is_said_goes_before_what_is_recognised() {
        let text = MessageText::new("Mein Paket ist noch nicht angekommen.").unwrap();
        let said = scalars::Language(Language::new("nl").unwrap());
        assert_eq!(of_message(Some(said), &text), Language::new("nl").ok());
    }

    #[test]
    fn a_sentence_is_recognised() {
        let german = "Letzte Woche habe ich zwei Paar Schuhe bestellt und sie sind noch nicht da.";
        assert_eq!(recognised(german).as_deref(), Some("de"));
        assert_eq!(recognised("我上周订购了两双鞋，到现在还没有收到。").as_deref(), Some("zh"));
    }

    #[test]
    fn what_is_not_clear_has_no_language() {
        assert_eq!(recognised("ok"), None);
        assert_eq!(recognised("4711"), None);
    }
}
