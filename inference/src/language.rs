//! In which language a text is written.
//!
//! The implementation is trigram statistics over 69 languages (the crate `whatlang`), which
//! needs no model file. Short texts are answered with a low confidence rather than a guess.

use serde::Serialize;

/// A language, as a model suggests it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanguageSuggestion {
    /// ISO 639-1 code where there is one, else ISO 639-3: `en`, `zh`, `yue`.
    pub language: &'static str,
    /// From 0 to 1, as the model states it.
    pub confidence: f64,
    /// Name and version of the model.
    pub model: &'static str,
}

/// Asks for the language of a text.
pub trait LanguageIdentifier: Send + Sync {
    /// The most likely language; none for a text without letters.
    fn identify(&self, text: &str) -> Option<LanguageSuggestion>;
}

/// Trigram statistics; see the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trigrams;

/// At most this much of a text is looked at, in characters.
const CHARACTERS_MAX: usize = 2_000;

impl LanguageIdentifier for Trigrams {
    fn identify(&self, text: &str) -> Option<LanguageSuggestion> {
        let end = text.char_indices().nth(CHARACTERS_MAX).map_or(text.len(), |(index, _)| index);
        let found = whatlang::detect(&text[..end])?;
        Some(LanguageSuggestion {
            language: two_letters(found.lang().code()),
            confidence: found.confidence(),
            model: "whatlang:0.18",
        })
    }
}

/// The ISO 639-1 code of the languages that the desk is searched in; others stay as they are.
fn two_letters(code: &'static str) -> &'static str {
    match code {
        "eng" => "en",
        "cmn" => "zh",
        "jpn" => "ja",
        "kor" => "ko",
        "spa" => "es",
        "por" => "pt",
        "fra" => "fr",
        "deu" => "de",
        "ita" => "it",
        "rus" => "ru",
        "ara" => "ar",
        "tha" => "th",
        "tur" => "tr",
        "nld" => "nl",
        "pol" => "pl",
        "ukr" => "uk",
        "vie" => "vi",
        "hin" => "hi",
        "heb" => "he",
        "ell" => "el",
        "swe" => "sv",
        "dan" => "da",
        "fin" => "fi",
        "ces" => "cs",
        "hun" => "hu",
        "ron" => "ro",
        "ind" => "id",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_each_searched_language_is_recognised() {
        let sentences = [
            ("en", "I ordered two pairs of shoes last week and they have not arrived yet."),
            ("zh", "我上周订购了两双鞋，到现在还没有收到，请帮我查一下。"),
            ("ja", "先週靴を二足注文しましたが、まだ届いていません。"),
            ("ko", "지난주에 신발 두 켤레를 주문했는데 아직 도착하지 않았습니다."),
            ("es", "La semana pasada pedí dos pares de zapatos y todavía no han llegado."),
            ("pt", "Na semana passada encomendei dois pares de sapatos e ainda não chegaram."),
            ("fr", "La semaine dernière j'ai commandé deux paires de chaussures, toujours rien."),
            ("de", "Letzte Woche habe ich zwei Paar Schuhe bestellt und sie sind noch nicht da."),
            ("it", "La settimana scorsa ho ordinato due paia di scarpe e non sono arrivate."),
            ("ru", "На прошлой неделе я заказал две пары обуви, но они ещё не пришли."),
            ("ar", "طلبت الأسبوع الماضي زوجين من الأحذية ولم يصلا حتى الآن."),
            ("th", "สัปดาห์ที่แล้วฉันสั่งรองเท้าสองคู่แต่ยังไม่ได้รับ"),
            ("tr", "Geçen hafta iki çift ayakkabı sipariş ettim ama hâlâ gelmedi."),
        ];
        for (language, sentence) in sentences {
            let found = Trigrams.identify(sentence).map(|it| it.language);
            assert_eq!(found, Some(language), "{sentence}");
        }
    }

    #[test]
    fn a_text_without_letters_has_no_language() {
        assert_eq!(Trigrams.identify("12 + 3"), None);
        assert_eq!(Trigrams.identify(""), None);
    }
}
