//! Reading what a person typed: any text is a valid search.
//!
//! All words have to be there. `"..."` is a phrase, `begin*` a beginning. Words that say next to
//! nothing, and endings that change with grammar, do not count where anything else is asked for.

use std::collections::BTreeSet;

use super::{
    analysis::{Part, Run, Sort, analyse, forms, gram_characters, runs},
    language::{LATIN, Tongue, detect},
    normal::normal,
    script::{Script, script_of},
    segment::{self, Segment},
};

/// What is read of a query, in characters; the rest is ignored.
const QUERY_CHARACTERS_MAX: usize = 512;
/// The most clauses; the rest is ignored.
const CLAUSES_MAX: usize = 24;
/// How much of a long run without spaces has to be there.
const UNSPACED_EXACT_CHARACTERS_MAX: usize = 12;

/// What a document is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matcher {
    /// Any of these stems or grams.
    Stem(Vec<String>),
    /// This word or character as it stands.
    Word(String),
    /// Any word that begins so.
    Prefix(String),
    /// Any of these sequences, each term at its distance from the first.
    Phrase(Vec<Vec<(usize, String)>>),
    /// At least so many of these grams.
    Grams {
        /// The grams.
        grams: Vec<String>,
        /// How many have to be there.
        required: usize,
    },
}

/// One part of a query.
#[derive(Debug)]
struct Clause {
    /// Whether it says anything.
    required: bool,
    matcher: Matcher,
}

/// Reads a query: all of these have to match. With a language, words are read in that one;
/// without, in every likely one. Empty where there is nothing to search for.
pub(super) fn parse(text: &str, tongue: Option<Tongue>) -> Vec<Matcher> {
    let text: String = text.chars().take(QUERY_CHARACTERS_MAX).collect();
    let text = normal(&text);
    let guess = detect(&text).map(|it| Tongue::of(Some(&it)));
    let reading = Reading {
        tongues: tongue.map_or_else(|| LATIN.to_vec(), |it| vec![it]),
        stop: [tongue.or(Some(Tongue::English)), tongue.or(guess)],
    };
    let mut clauses = Vec::new();
    for chunk in chunks(&text) {
        match chunk {
            Chunk::Phrase(phrase) => clauses.extend(reading.phrase(phrase)),
            Chunk::Plain(plain) => reading.plain(plain, &mut clauses),
        }
    }
    let empty = !clauses.iter().any(|it| it.required);
    let counting = clauses.into_iter().filter(|it| empty || it.required);
    counting.map(|it| it.matcher).take(CLAUSES_MAX).collect()
}

enum Chunk<'a> {
    Phrase(&'a str),
    Plain(&'a str),
}

/// Cuts at white space and at quotation marks; an open quotation ends with the text.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let quote = |it: char| matches!(it, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '＂');
    let mut all = Vec::new();
    for (index, piece) in text.split(quote).enumerate() {
        if index % 2 == 1 {
            all.push(Chunk::Phrase(piece));
        } else {
            all.extend(piece.split_whitespace().map(Chunk::Plain));
        }
    }
    all
}

struct Reading {
    tongues: Vec<Tongue>,
    stop: [Option<Tongue>; 2],
}

impl Reading {
    fn phrase(&self, text: &str) -> Option<Clause> {
        let mut sequences = BTreeSet::new();
        for &tongue in &self.tongues {
            for plain in [false, true] {
                sequences.insert(sequence(text, tongue, plain));
            }
        }
        sequences.remove(&Vec::new());
        if sequences.is_empty() {
            // A single character of Eastern Asia begins no gram that could be looked up.
            let run = runs(text).next()?;
            return Some(required(Matcher::Word(text[run.range].to_owned())));
        }
        let mut sequences: Vec<_> = sequences.into_iter().collect();
        if sequences.iter().all(|it| it.len() == 1) {
            let stems = sequences.drain(..).flatten().map(|(_, term)| term).collect();
            return Some(required(Matcher::Stem(stems)));
        }
        Some(required(Matcher::Phrase(sequences)))
    }

    fn plain(&self, chunk: &str, clauses: &mut Vec<Clause>) {
        let begins = chunk.ends_with('*');
        let all: Vec<Run> = runs(chunk).collect();
        let words = all.iter().all(|it| it.sort == Sort::Word);
        let apostrophe = |it: char| matches!(it, '\'' | '’' | '`' | 'ʼ');
        if words && all.len() > 1 && !begins && !chunk.contains(apostrophe) {
            clauses.extend(self.phrase(chunk));
            return;
        }
        let elided = chunk.contains(apostrophe);
        let last = all.len().saturating_sub(1);
        for (index, run) in all.iter().enumerate() {
            let text = &chunk[run.range.clone()];
            match run.sort {
                Sort::Word if begins && index == last => {
                    let word = forms(text, Tongue::Other).word;
                    clauses.push(required(Matcher::Prefix(word)));
                }
                // What is left of `l'ordine`, `don't`, `Ankara'da` says nothing by itself.
                Sort::Word if elided && all.len() > 1 && text.chars().count() < 3 => {}
                Sort::Word => clauses.push(self.word(text)),
                Sort::Ideographs => ideographs(text, clauses),
                Sort::Hangul => clauses.push(hangul(text)),
                Sort::Unspaced => clauses.push(unspaced(text)),
            }
        }
    }

    fn word(&self, text: &str) -> Clause {
        let mut stems: Vec<String> = Vec::new();
        for &tongue in &self.tongues {
            let forms = forms(text, tongue);
            for stem in std::iter::once(forms.stem).chain(forms.plain_stem) {
                if !stems.contains(&stem) {
                    stems.push(stem);
                }
            }
        }
        let cyrillic = text.chars().next().map(script_of) == Some(Script::Cyrillic);
        let tongues = if cyrillic { [Some(Tongue::Russian); 2] } else { self.stop };
        let lower = text.to_lowercase();
        let stop = tongues.into_iter().flatten().any(|it| it.is_stop_word(&lower));
        Clause { required: !stop, matcher: Matcher::Stem(stems) }
    }
}

fn required(matcher: Matcher) -> Clause {
    Clause { required: true, matcher }
}

/// The terms of a phrase in one language, each at its distance from the first. Grams that the
/// end of the phrase cut short are left out: in a document they may go on.
fn sequence(text: &str, tongue: Tongue, plain: bool) -> Vec<(usize, String)> {
    let mut terms: Vec<(usize, String)> = Vec::new();
    let sorts: Vec<Run> = runs(text).collect();
    analyse(text, tongue, Part::Stems, &mut |term| {
        let run = sorts.iter().find(|it| it.range.contains(&term.start));
        let sort = run.map_or(Sort::Word, |it| it.sort);
        let whole = sort == Sort::Word || term.text.chars().count() == gram_characters(sort);
        match terms.last_mut() {
            // A second form of the same word.
            Some((place, last)) if *place == term.place && plain => term.text.clone_into(last),
            Some((place, _)) if *place == term.place => {}
            _ if whole => terms.push((term.place, term.text.to_owned())),
            _ => {}
        }
    });
    let first = terms.first().map_or(0, |(place, _)| *place);
    for (place, _) in &mut terms {
        *place -= first;
    }
    terms
}

/// Han and kana. Katakana and Han words carry the meaning; hiragana is mostly grammar.
fn ideographs(text: &str, clauses: &mut Vec<Clause>) {
    let segments = segment::segments(text);
    let meaning = segments.iter().any(|it| !it.grammar);
    for Segment { text, grammar } in segments {
        let matcher = pairs(text);
        clauses.push(Clause { required: !grammar || !meaning, matcher });
    }
}

fn pairs(text: &str) -> Matcher {
    let characters: Vec<char> = text.chars().collect();
    let pairs: Vec<String> = characters.windows(2).map(|it| it.iter().collect()).collect();
    match pairs.len() {
        0 => Matcher::Word(text.to_owned()),
        1 => Matcher::Stem(pairs),
        _ => Matcher::Phrase(vec![pairs.into_iter().enumerate().collect()]),
    }
}

/// A unit of Korean: its particle does not count, and of a long one three fifths are enough,
/// since compounds are written with and without spaces.
fn hangul(text: &str) -> Clause {
    let stem = segment::without_particle(text);
    let characters: Vec<char> = stem.chars().collect();
    let grams: Vec<String> = characters.windows(2).map(|it| it.iter().collect()).collect();
    required(match grams.len() {
        0 => Matcher::Word(stem.to_owned()),
        1 => Matcher::Stem(grams),
        count => Matcher::Grams { grams, required: (count * 3).div_ceil(5) },
    })
}

/// A run of Thai: a short one as it stands, of a long one seven tenths.
fn unspaced(text: &str) -> Clause {
    let characters: Vec<char> = text.chars().collect();
    let grams: Vec<String> = characters.windows(3).map(|it| it.iter().collect()).collect();
    required(match grams.len() {
        0 => Matcher::Prefix(text.to_owned()),
        1 => Matcher::Stem(grams),
        _ if characters.len() <= UNSPACED_EXACT_CHARACTERS_MAX => {
            Matcher::Phrase(vec![grams.into_iter().enumerate().collect()])
        }
        count => Matcher::Grams { grams, required: (count * 7).div_ceil(10) },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Matcher> {
        parse(text, Some(Tongue::English))
    }

    fn stem(text: &str) -> Matcher {
        Matcher::Stem(vec![text.to_owned()])
    }

    #[test]
    fn words_are_all_asked_for_but_those_that_say_nothing() {
        assert_eq!(read("where is the late order"), [stem("late"), stem("order")]);
    }

    #[test]
    fn a_query_of_empty_words_only_still_asks_for_them() {
        assert_eq!(read("to be or not to be").len(), 6);
    }

    #[test]
    fn quotes_make_a_phrase_even_unclosed() {
        let phrase = vec![(0, "late".to_owned()), (1, "deliveri".to_owned())];
        let phrase = Matcher::Phrase(vec![phrase]);
        for text in ["\"late delivery\"", "\"late delivery", "late-delivery", "“late delivery”"]
        {
            assert_eq!(read(text), std::slice::from_ref(&phrase), "{text}");
        }
    }

    #[test]
    fn a_star_asks_for_a_beginning() {
        assert_eq!(read("Refu*"), [Matcher::Prefix("refu".into())]);
    }

    #[test]
    fn an_elision_does_not_ask_for_its_article() {
        assert_eq!(parse("l'ordine", Some(Tongue::Italian)).len(), 1);
    }

    #[test]
    fn chinese_is_cut_into_words_that_need_not_stand_together() {
        assert_eq!(read("我想查询快递"), [stem("查询"), stem("快递")]);
    }

    #[test]
    fn nothing_to_search_for_gives_no_clause() {
        for text in ["", "   ", "\"\"", "***", "?!", "' '"] {
            assert_eq!(parse(text, None), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_valid_query(text in "\\PC{0,80}") {
            prop_assert!(parse(&text, None).len() <= CLAUSES_MAX);
        }
    }
}
