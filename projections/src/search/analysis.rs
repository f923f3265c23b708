//! Cutting texts into the terms that are looked up: stems of words, grams of characters.
//!
//! Words of scripts with spaces become stems. Han, kana and Hangul become overlapping pairs of
//! characters, the scripts of South East Asia triples: any part of a text can be found whatever
//! a dictionary would have made of it. A dictionary only ever cuts the query, where a wrong cut
//! finds more, never less.

use std::ops::Range;

use super::{
    language::Tongue,
    normal::Normal,
    script::{Script, folded, lowered, script_of},
};

/// Which of the two fields the terms are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Stems and grams with their places: what queries look up.
    Stems,
    /// Words as they stand and single characters: beginnings of words, one-character queries.
    Words,
}

/// What a run of characters of one sort is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A word.
    Word,
    /// Han and kana: pairs.
    Ideographs,
    /// Hangul: pairs within a spaced unit.
    Hangul,
    /// No spaces and no pictures: triples.
    Unspaced,
}

/// A stretch of a text, of one sort, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) sort: Sort,
    pub(super) range: Range<usize>,
}

/// No term is longer; a longer word is cut, on both sides alike.
const WORD_CHARACTERS_MAX: usize = 64;

/// The characters in one gram.
pub(super) fn gram_characters(sort: Sort) -> usize {
    match sort {
        Sort::Ideographs | Sort::Hangul => 2,
        Sort::Unspaced => 3,
        Sort::Word => 1,
    }
}

/// The runs of a text, in order; what lies between them is no part of any word.
pub(super) fn runs(text: &str) -> impl Iterator<Item = Run> + '_ {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = characters.next()?;
            let Some(sort) = sort_of(first) else { continue };
            let mut end = start + first.len_utf8();
            while let Some(&(at, next)) = characters.peek() {
                if sort_of(next) != Some(sort) && !continues(sort, next) {
                    break;
                }
                end = at + next.len_utf8();
                characters.next();
            }
            return Some(Run { sort, range: start..end });
        }
    })
}

fn sort_of(character: char) -> Option<Sort> {
    match script_of(character) {
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Digit | Script::Letter => {
            Some(Sort::Word)
        }
        Script::Han | Script::Hiragana | Script::Katakana => Some(Sort::Ideographs),
        Script::Hangul => Some(Sort::Hangul),
        Script::Unspaced => Some(Sort::Unspaced),
        Script::Break => None,
    }
}

/// Characters that stand inside words but never begin one: joiners and the Arabic tatweel.
fn continues(sort: Sort, character: char) -> bool {
    sort == Sort::Word && matches!(character, '\u{200C}' | '\u{200D}' | '\u{640}')
}

/// The forms of a word: as written, and its stems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forms {
    /// In lower case, without accents.
    pub(super) word: String,
    /// The stem, then without accents.
    pub(super) stem: String,
    /// Without accents, then the stem; none where that is the same.
    pub(super) plain_stem: Option<String>,
}

/// The forms of a word in a language. Another script than the language's decides for itself.
pub(super) fn forms(word: &str, tongue: Tongue) -> Forms {
    let tongue = match word.chars().next().map(script_of) {
        Some(Script::Latin) if !matches!(tongue, Tongue::Russian | Tongue::Arabic) => tongue,
        Some(Script::Latin) => Tongue::English,
        Some(Script::Cyrillic) => Tongue::Russian,
        Some(Script::Arabic) => Tongue::Arabic,
        _ => Tongue::Other,
    };
    let cut = word.char_indices().nth(WORD_CHARACTERS_MAX).map_or(word, |(end, _)| &word[..end]);
    let lower = lowered(cut, tongue == Tongue::Turkish);
    if tongue == Tongue::Arabic {
        let word = without_article(&lower).to_owned();
        // The stemmer takes endings off only where there is an article.
        let stem = tongue.stem(&format!("ال{word}")).into_owned();
        return Forms { word, stem, plain_stem: None };
    }
    let word = folded(&lower);
    let stem = folded(&tongue.stem(&lower));
    let plain_stem = (lower != word).then(|| plain_stem(&word, tongue)).filter(|it| *it != stem);
    Forms { word, stem, plain_stem }
}

/// The stem of a word that was typed without its accents. The Portuguese stemmer knows the
/// plural `-ões` of `-ão` by its accent only.
fn plain_stem(word: &str, tongue: Tongue) -> String {
    match word.strip_suffix("oes") {
        Some(stem) if tongue == Tongue::Portuguese => folded(&tongue.stem(&format!("{stem}ao"))),
        _ => folded(&tongue.stem(word)),
    }
}

/// An Arabic word without its article, which is written together with it.
fn without_article(lower: &str) -> &str {
    const ARTICLES: [&str; 6] = ["وال", "بال", "كال", "فال", "لل", "ال"];
    const LEFT_CHARACTERS_MIN: usize = 3;
    ARTICLES
        .iter()
        .filter_map(|article| lower.strip_prefix(article))
        .find(|rest| rest.chars().count() >= LEFT_CHARACTERS_MIN)
        .unwrap_or(lower)
}

/// One term of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term<'a> {
    /// What is looked up.
    pub(super) text: &'a str,
    /// Where it was found, in bytes.
    pub(super) start: usize,
    /// Where that ends, in bytes.
    pub(super) end: usize,
    /// Its place, counted in words and characters of grams.
    pub(super) place: usize,
}

/// Calls `emit` with each term of `text`, in order of their places. What is cut is the normal form
/// of the text; where a term was found is where it stands in the text itself.
pub(super) fn analyse(text: &str, tongue: Tongue, part: Part, emit: &mut impl FnMut(Term<'_>)) {
    let normal = Normal::of(text);
    cut(normal.text(), tongue, part, &mut |term| {
        let (start, end) = normal.in_original(term.start, term.end);
        emit(Term { start, end, ..term });
    });
}

fn cut(text: &str, tongue: Tongue, part: Part, emit: &mut impl FnMut(Term<'_>)) {
    let mut place = 0;
    for run in runs(text) {
        let Range { start, end } = run.range;
        if run.sort == Sort::Word {
            let forms = forms(&text[start..end], tongue);
            match part {
                Part::Words => emit(Term { text: &forms.word, start, end, place }),
                Part::Stems => {
                    emit(Term { text: &forms.stem, start, end, place });
                    if let Some(plain) = &forms.plain_stem {
                        emit(Term { text: plain, start, end, place });
                    }
                }
            }
            place += 1;
        } else {
            place += grams(text, &run, part, place, emit);
        }
    }
}

/// A gram begins at each character; the last ones of a run are shorter. Returns the places used.
fn grams(
    text: &str,
    run: &Run,
    part: Part,
    place: usize,
    emit: &mut impl FnMut(Term<'_>),
) -> usize {
    let length = match (part, run.sort) {
        (Part::Words, Sort::Ideographs | Sort::Hangul) => 1,
        (Part::Words | Part::Stems, sort) => gram_characters(sort),
    };
    let starts: Vec<usize> =
        text[run.range.clone()].char_indices().map(|(at, _)| run.range.start + at).collect();
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + length).copied().unwrap_or(run.range.end);
        emit(Term { text: &text[start..end], start, end, place: place + index });
    }
    starts.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str, tongue: Tongue, part: Part) -> Vec<(String, usize)> {
        let mut all = Vec::new();
        analyse(text, tongue, part, &mut |term| all.push((term.text.to_owned(), term.place)));
        all
    }

    fn words(text: &str, tongue: Tongue) -> Vec<String> {
        terms(text, tongue, Part::Stems).into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn a_text_of_several_scripts_is_cut_where_the_script_changes() {
        assert_eq!(words("订单A12退款", Tongue::English), ["订单", "单", "a12", "退款", "款"]);
    }

    #[test]
    fn an_accented_word_is_found_with_and_without_accents() {
        let forms = forms("devolución", Tongue::Spanish);
        assert_eq!(forms.word, "devolucion");
        assert!(forms.stem.starts_with("devolu"));
        let typed = super::forms("devolucion", Tongue::Spanish);
        assert!(typed.stem == forms.stem || Some(&typed.stem) == forms.plain_stem.as_ref());
    }

    #[test]
    fn places_count_words_and_characters() {
        assert_eq!(
            terms("buy 退款 now", Tongue::English, Part::Stems),
            [("buy".into(), 0), ("退款".into(), 1), ("款".into(), 2), ("now".into(), 3)]
        );
        assert_eq!(
            terms("退款", Tongue::English, Part::Words),
            [("退".into(), 0), ("款".into(), 1)]
        );
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(words(&"x".repeat(10_000), Tongue::Other), ["x".repeat(64)]);
    }

    #[test]
    fn offsets_point_into_the_text() {
        let text = "Müller’s 注文 \u{1F600} ok ｷｬﾝｾﾙ 門票 ｶﾞ";
        let mut last = "";
        analyse(text, Tongue::German, Part::Words, &mut |term| {
            last = text.get(term.start..term.end).expect("a part of the text");
        });
        assert_eq!(last, "ｶﾞ");
    }

    #[test]
    fn half_width_and_traditional_characters_give_the_terms_of_the_others() {
        for (written, usual) in [("ｷｬﾝｾﾙしたい", "キャンセルしたい"), ("門票退換", "门票退换")]
        {
            for part in [Part::Stems, Part::Words] {
                let of = |text: &str| terms(text, Tongue::English, part);
                assert_eq!(of(written), of(usual), "{written}");
            }
        }
    }
}
