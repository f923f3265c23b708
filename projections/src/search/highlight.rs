//! Where in a text the searched words stand, and the part of it worth showing.

use std::collections::HashSet;

use super::{
    analysis::{Part, analyse},
    language::Tongue,
    query::Matcher,
    request::Snippet,
};

/// The length of a snippet, in characters.
const SNIPPET_CHARACTERS_MAX: usize = 200;
/// How much of a text is looked through, in characters.
const TEXT_CHARACTERS_MAX: usize = 20_000;
/// What is shown before the first match, in characters.
const LEAD_CHARACTERS: usize = 30;

/// All that a query looks for in a text.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    stems: HashSet<String>,
    words: HashSet<String>,
    beginnings: Vec<String>,
}

impl Wanted {
    /// What these matchers look for.
    pub(super) fn of(matchers: &[Matcher]) -> Self {
        let mut wanted = Self::default();
        for matcher in matchers {
            match matcher {
                Matcher::Stem(forms) => wanted.stems.extend(forms.iter().cloned()),
                Matcher::Grams { grams, .. } => wanted.stems.extend(grams.iter().cloned()),
                Matcher::Word(word) => {
                    wanted.words.insert(word.clone());
                }
                Matcher::Prefix(beginning) => wanted.beginnings.push(beginning.clone()),
                Matcher::Phrase(sequences) => {
                    let terms = sequences.iter().flatten().map(|(_, term)| term.clone());
                    wanted.stems.extend(terms);
                }
            }
        }
        wanted
    }

    /// The matches in a text, in bytes; in order, without overlap.
    fn matches(&self, text: &str, tongue: Tongue) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        analyse(text, tongue, Part::Stems, &mut |term| {
            if self.stems.contains(term.text) {
                all.push((term.start, term.end));
            }
        });
        if !self.words.is_empty() || !self.beginnings.is_empty() {
            analyse(text, tongue, Part::Words, &mut |term| {
                let begins = |it: &String| term.text.starts_with(it.as_str());
                if self.words.contains(term.text) || self.beginnings.iter().any(begins) {
                    all.push((term.start, term.end));
                }
            });
        }
        all.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::with_capacity(all.len());
        for (start, end) in all {
            match joined.last_mut() {
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => joined.push((start, end)),
            }
        }
        joined
    }

    /// The part of `text` with the most matches.
    pub(super) fn snippet(&self, text: &str, tongue: Tongue) -> Snippet {
        let looked =
            text.char_indices().nth(TEXT_CHARACTERS_MAX).map_or(text, |(end, _)| &text[..end]);
        let matches = in_characters(looked, &self.matches(looked, tongue));
        let characters: Vec<char> = text.chars().collect();
        let start = window(&characters, &matches);
        let end = characters.len().min(start + SNIPPET_CHARACTERS_MAX);
        let ranges = matches.iter().filter(|(from, to)| *from >= start && *to <= end);
        Snippet {
            text: characters[start..end].iter().collect(),
            ranges: ranges.map(|(from, to)| (from - start, to - start)).collect(),
            cut_before: start > 0,
            cut_after: end < characters.len(),
        }
    }
}

fn in_characters(text: &str, matches: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let (mut at_byte, mut at_character) = (0, 0);
    let mut to_character = |byte: usize| {
        at_character += text[at_byte..byte].chars().count();
        at_byte = byte;
        at_character
    };
    matches.iter().map(|&(start, end)| (to_character(start), to_character(end))).collect()
}

/// Where the snippet begins: so that it holds most matches, a little before the first of them,
/// at the beginning of a word if there is one near.
fn window(characters: &[char], matches: &[(usize, usize)]) -> usize {
    if characters.len() <= SNIPPET_CHARACTERS_MAX {
        return 0;
    }
    let held = |from: usize| {
        let room = SNIPPET_CHARACTERS_MAX - LEAD_CHARACTERS;
        matches.iter().filter(|(start, end)| *start >= from && *end <= from + room).count()
    };
    let mut best = (0, 0);
    for &(start, _) in matches {
        let count = held(start);
        if count > best.1 {
            best = (start, count);
        }
    }
    let earliest = best.0.saturating_sub(LEAD_CHARACTERS);
    let latest_start = characters.len() - SNIPPET_CHARACTERS_MAX;
    let spaced = (earliest..best.0)
        .find(|&at| at == 0 || characters[at - 1].is_whitespace())
        .unwrap_or(earliest);
    spaced.min(latest_start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::query::parse, *};

    fn marked(text: &str, query: &str) -> Vec<String> {
        let wanted = Wanted::of(&parse(query, None));
        let snippet = wanted.snippet(text, Tongue::English);
        let characters: Vec<char> = snippet.text.chars().collect();
        snippet.ranges.iter().map(|&(from, to)| characters[from..to].iter().collect()).collect()
    }

    #[test]
    fn the_words_that_matched_are_marked_as_they_stand() {
        assert_eq!(marked("Two Refunds are late.", "refund"), ["Refunds"]);
        assert_eq!(marked("Refunds, refunding", "refu*"), ["Refunds", "refunding"]);
    }

    #[test]
    fn ranges_count_characters_not_bytes() {
        let wanted = Wanted::of(&parse("退款", None));
        let snippet = wanted.snippet("😀 我要退款！", Tongue::English);
        assert_eq!(snippet.ranges, [(4, 6)]);
    }

    #[test]
    fn what_was_written_in_another_form_is_marked_as_it_stands() {
        assert_eq!(marked("ﾁｹｯﾄのｷｬﾝｾﾙです", "キャンセル"), ["ｷｬﾝｾﾙ"]);
        assert_eq!(marked("我的門票還沒有退款", "门票"), ["門票"]);
        assert_eq!(marked("门票已退", "門票"), ["门票"]);
        assert_eq!(marked("a ﬁne cafe\u{301}!", "café fine"), ["ﬁne", "cafe\u{301}"]);
    }

    #[test]
    fn a_long_text_is_cut_around_its_matches() {
        let text = format!("{} the refund came late {}", "word ".repeat(200), "word ".repeat(200));
        let wanted = Wanted::of(&parse("refund late", None));
        let snippet = wanted.snippet(&text, Tongue::English);
        assert_eq!(snippet.text.chars().count(), SNIPPET_CHARACTERS_MAX);
        assert_eq!(snippet.ranges.len(), 2);
        assert!(snippet.cut_before && snippet.cut_after);
        assert!(snippet.text.starts_with("word"));
    }

    proptest! {
        #[test]
        fn ranges_always_lie_inside_the_snippet(text in "\\PC{0,400}", query in "\\PC{0,20}") {
            let wanted = Wanted::of(&parse(&query, None));
            let snippet = wanted.snippet(&text, Tongue::English);
            let length = snippet.text.chars().count();
            let mut last = 0;
            for (from, to) in snippet.ranges {
                prop_assert!(last <= from && from < to && to <= length);
                last = to;
            }
        }
    }
}
