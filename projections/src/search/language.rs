//! Which language a text is in: told by the event, else by its script, else by its letters.

use std::sync::LazyLock;

use allhours_domain::text::Language;
use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{
    Language as StopLanguage, RawTokenizer, StopWordFilter, TextAnalyzer, TokenStream,
};
use whatlang::{Detector, Lang};

use super::script::{Script, script_of};

/// A language whose words are brought to a stem. The scripts without spaces need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tongue {
    English,
    Spanish,
    Portuguese,
    French,
    German,
    Italian,
    Turkish,
    Russian,
    Arabic,
    /// Words stay as they are.
    Other,
}

/// The tongues that are written in Latin letters, the likeliest first.
pub(super) const LATIN: [Tongue; 7] = [
    Tongue::English,
    Tongue::Spanish,
    Tongue::Portuguese,
    Tongue::French,
    Tongue::German,
    Tongue::Italian,
    Tongue::Turkish,
];

impl Tongue {
    /// By a BCP 47 tag. Latin words inside a text of Eastern Asia are mostly English.
    pub(super) fn of(language: Option<&Language>) -> Self {
        match language.map_or("en", |it| primary(it)) {
            "en" | "zh" | "ja" | "ko" | "th" => Self::English,
            "es" => Self::Spanish,
            "pt" => Self::Portuguese,
            "fr" => Self::French,
            "de" => Self::German,
            "it" => Self::Italian,
            "tr" => Self::Turkish,
            "ru" => Self::Russian,
            "ar" => Self::Arabic,
            _ => Self::Other,
        }
    }

    /// One letter, for the head of a text that goes to the tokeniser.
    pub(super) fn letter(self) -> u8 {
        match self {
            Self::English => b'e',
            Self::Spanish => b's',
            Self::Portuguese => b'p',
            Self::French => b'f',
            Self::German => b'd',
            Self::Italian => b'i',
            Self::Turkish => b't',
            Self::Russian => b'r',
            Self::Arabic => b'a',
            Self::Other => b'-',
        }
    }

    /// From the letter.
    pub(super) fn from_letter(letter: u8) -> Self {
        match letter {
            b'e' => Self::English,
            b's' => Self::Spanish,
            b'p' => Self::Portuguese,
            b'f' => Self::French,
            b'd' => Self::German,
            b'i' => Self::Italian,
            b't' => Self::Turkish,
            b'r' => Self::Russian,
            b'a' => Self::Arabic,
            _ => Self::Other,
        }
    }

    /// The stem of a word in lower case, still with its accents.
    pub(super) fn stem(self, lower: &str) -> std::borrow::Cow<'_, str> {
        let algorithm = match self {
            Self::English => Algorithm::English,
            Self::Spanish => Algorithm::Spanish,
            Self::Portuguese => Algorithm::Portuguese,
            Self::French => Algorithm::French,
            Self::German => Algorithm::German,
            Self::Italian => Algorithm::Italian,
            Self::Turkish => Algorithm::Turkish,
            Self::Russian => Algorithm::Russian,
            Self::Arabic => Algorithm::Arabic,
            Self::Other => return lower.into(),
        };
        Stemmer::new(algorithm).stem(lower)
    }

    /// Whether a word of this language says next to nothing (`the`, `und`).
    pub(super) fn is_stop_word(self, lower: &str) -> bool {
        let index = match self {
            Self::English => 0,
            Self::Spanish => 1,
            Self::Portuguese => 2,
            Self::French => 3,
            Self::German => 4,
            Self::Italian => 5,
            Self::Russian => 6,
            Self::Turkish | Self::Arabic | Self::Other => return false,
        };
        let mut analyzer = STOP_WORDS[index].clone();
        !analyzer.token_stream(lower).advance()
    }
}

/// English words that say next to nothing in a question, besides those tantivy knows.
const ENGLISH_STOP_WORDS: [&str; 52] = [
    "am", "about", "been", "being", "can", "could", "did", "do", "does", "doing", "from", "get",
    "got", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i", "its",
    "just", "me", "my", "our", "out", "please", "she", "should", "so", "some", "than", "them",
    "those", "too", "up", "us", "we", "were", "what", "when", "where", "which", "who", "why",
    "would", "you", "your",
];

static STOP_WORDS: LazyLock<Vec<TextAnalyzer>> = LazyLock::new(|| {
    [
        StopLanguage::English,
        StopLanguage::Spanish,
        StopLanguage::Portuguese,
        StopLanguage::French,
        StopLanguage::German,
        StopLanguage::Italian,
        StopLanguage::Russian,
    ]
    .into_iter()
    .map(|language| {
        let filter =
            StopWordFilter::new(language).unwrap_or_else(|| StopWordFilter::remove(Vec::new()));
        let more = match language {
            StopLanguage::English => ENGLISH_STOP_WORDS.map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        TextAnalyzer::builder(RawTokenizer::default())
            .filter(filter)
            .filter(StopWordFilter::remove(more))
            .build()
    })
    .collect()
});

static LATIN_DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    Detector::with_allowlist(vec![
        Lang::Eng,
        Lang::Spa,
        Lang::Por,
        Lang::Fra,
        Lang::Deu,
        Lang::Ita,
        Lang::Tur,
    ])
});

/// From so many letters on, a likely language is better than none.
const LETTERS_MIN: usize = 24;
/// How likely that has to be, from 0 to 1.
const CONFIDENCE_MIN: f64 = 0.2;

/// The primary part of a tag: `zh` of `zh-Hans`.
pub(super) fn primary(language: &Language) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

/// The language of a text of which nobody said it. None where the text is too short to tell.
pub(super) fn detect(text: &str) -> Option<Language> {
    let tag = match leading_script(text)? {
        Script::Han => "zh",
        Script::Hiragana | Script::Katakana => "ja",
        Script::Hangul => "ko",
        Script::Unspaced => "th",
        Script::Cyrillic => "ru",
        Script::Arabic => "ar",
        Script::Latin => latin(text)?,
        Script::Digit | Script::Letter | Script::Break => return None,
    };
    Language::new(tag).ok()
}

/// The script of most letters; Japanese where there is any kana among Han characters.
fn leading_script(text: &str) -> Option<Script> {
    const LETTERS_MAX: usize = 400;
    let mut counts: Vec<(Script, usize)> = Vec::new();
    let scripts = text.chars().map(script_of);
    for script in
        scripts.filter(|it| !matches!(it, Script::Break | Script::Digit)).take(LETTERS_MAX)
    {
        match counts.iter_mut().find(|(known, _)| *known == script) {
            Some((_, count)) => *count += 1,
            None => counts.push((script, 1)),
        }
    }
    let kana = counts.iter().any(|(script, _)| *script == Script::Hiragana);
    let (leading, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    Some(if leading == Script::Han && kana { Script::Hiragana } else { leading })
}

/// A letter that only one of our languages has decides; else the statistics of all letters.
fn latin(text: &str) -> Option<&'static str> {
    for character in text.chars() {
        match character {
            '¿' | '¡' | 'ñ' | 'Ñ' => return Some("es"),
            'ã' | 'õ' | 'Ã' | 'Õ' => return Some("pt"),
            'ß' | 'ä' | 'Ä' => return Some("de"),
            'ğ' | 'Ğ' | 'ı' | 'İ' | 'ş' | 'Ş' => return Some("tr"),
            'œ' | 'Œ' | 'ë' | 'ù' | 'û' => return Some("fr"),
            _ => {}
        }
    }
    let likely = |info: &whatlang::Info| {
        let long = text.chars().filter(|it| it.is_alphabetic()).count() >= LETTERS_MIN;
        info.is_reliable() || (long && info.confidence() >= CONFIDENCE_MIN)
    };
    let info = LATIN_DETECTOR.detect(text).filter(likely)?;
    match info.lang() {
        Lang::Eng => Some("en"),
        Lang::Spa => Some("es"),
        Lang::Por => Some("pt"),
        Lang::Fra => Some("fr"),
        Lang::Deu => Some("de"),
        Lang::Ita => Some("it"),
        Lang::Tur => Some("tr"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_tells_the_language_where_it_can() {
        let texts = [
            ("请问怎么退款", "zh"),
            ("返品したいのですが", "ja"),
            ("환불하고 싶어요", "ko"),
            ("ต้องการคืนสินค้า", "th"),
            ("где мой заказ", "ru"),
            ("أين طلبي", "ar"),
        ];
        for (text, tag) in texts {
            assert_eq!(detect(text).unwrap().as_str(), tag, "{text}");
        }
    }

    #[test]
    fn a_sentence_in_latin_letters_is_told_by_its_letters_and_a_word_is_not() {
        let german = "Ich warte seit drei Wochen auf meine Bestellung und niemand antwortet mir.";
        assert_eq!(detect(german).unwrap().as_str(), "de");
        assert_eq!(detect("ok"), None);
        assert_eq!(detect("12345 ..."), None);
    }

    #[test]
    fn stop_words_are_known_in_their_own_language_only() {
        assert!(Tongue::English.is_stop_word("the"));
        assert!(Tongue::German.is_stop_word("und"));
        assert!(!Tongue::English.is_stop_word("refund"));
    }

    #[test]
    fn every_tongue_reads_back_from_its_letter() {
        for tongue in LATIN.into_iter().chain([Tongue::Russian, Tongue::Arabic, Tongue::Other]) {
            assert_eq!(Tongue::from_letter(tongue.letter()), tongue);
        }
    }
}
