//! One form for all ways of writing the same: half-width and full-width, composed and decomposed,
//! ligatures (Unicode's NFKC), traditional and simplified Chinese.
//!
//! Texts and queries are both brought to it before they are cut into terms. A text remembers where
//! each of its characters came from, so that what was found can be marked as it was written.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use unicode_normalization::{
    UnicodeNormalization as _,
    char::{canonical_combining_class, is_combining_mark},
};

use super::script::{Script, script_of};

/// Simplified characters by the traditional ones.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("../../data/simplified.txt").lines();
    let mut characters = lines.filter(|line| !line.starts_with('#')).flat_map(str::chars);
    std::iter::from_fn(|| Some((characters.next()?, characters.next()?))).collect()
});

/// A text in its normal form.
#[derive(Debug)]
pub(super) struct Normal<'a> {
    text: Cow<'a, str>,
    /// For each character: where it begins, and where in the original its cluster begins and ends.
    /// Empty where the text was normal already.
    places: Vec<(usize, usize, usize)>,
}

impl<'a> Normal<'a> {
    /// The normal form of a text.
    pub(super) fn of(text: &'a str) -> Self {
        if text.chars().all(is_plain) {
            return Self { text: Cow::Borrowed(text), places: Vec::new() };
        }
        let mut normal = String::with_capacity(text.len());
        let mut places = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = cluster_bytes(first, rest);
            let start = text.len() - rest.len();
            let (cluster, after) = rest.split_at(length);
            push_normal(cluster, start, &mut normal, &mut places);
            rest = after;
        }
        Self { text: Cow::Owned(normal), places }
    }

    /// The text in that form.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where in the original a part begins and ends, in bytes.
    pub(super) fn in_original(&self, start: usize, end: usize) -> (usize, usize) {
        let place = |byte: usize| {
            let after = self.places.partition_point(|(begins, ..)| *begins <= byte);
            self.places.get(after.wrapping_sub(1))
        };
        let from = place(start).map_or(start, |(_, from, _)| *from);
        let to = place(end.saturating_sub(1)).map_or(end, |(_, _, to)| *to);
        (from, to)
    }
}

/// The normal form of a query, of which nothing is marked.
pub(super) fn normal(text: &str) -> String {
    Normal::of(text).text.into_owned()
}

/// Characters that are their own normal form, whatever stands beside them.
fn is_plain(character: char) -> bool {
    match u32::from(character) {
        0x4E00..=0x9FFF => !SIMPLIFIED.contains_key(&character),
        // Latin, Cyrillic, Arabic; kana; Hangul.
        0..0xA0
        | 0xC0..=0x131
        | 0x134..=0x13E
        | 0x141..=0x148
        | 0x14A..=0x17E
        | 0x400..=0x482
        | 0x620..=0x64A
        | 0x3041..=0x3096
        | 0x30A1..=0x30FA
        | 0xAC00..=0xD7A3 => true,
        _ => is_left(character),
    }
}

/// What ends a word stays as it is (a `™` is no `TM` of the word before it), and so do the scripts
/// of South East Asia, whose marks would be taken apart.
fn is_left(character: char) -> bool {
    matches!(script_of(character), Script::Break | Script::Unspaced)
}

/// How far what begins with `first` goes: up to the next character that stands by itself.
fn cluster_bytes(first: char, text: &str) -> usize {
    if is_left(first) {
        return first.len_utf8();
    }
    let mut others = text.char_indices().skip(1);
    others.find(|(_, next)| is_left(*next) || !joins(*next)).map_or(text.len(), |(at, _)| at)
}

/// Whether a character may become one with those before it: marks, the sound marks of half-width
/// kana, the vowels and endings of Hangul.
fn joins(character: char) -> bool {
    match u32::from(character) {
        0..0x300 | 0x4E00..=0x9FFF => false,
        0xFF9E..=0xFF9F | 0x1160..=0x11FF | 0x314F..=0x3163 | 0xFFC2..=0xFFDC => true,
        _ => canonical_combining_class(character) != 0 || is_combining_mark(character),
    }
}

/// Writes the normal form of a cluster that begins at `start`; one that is normal is not joined.
fn push_normal(
    cluster: &str,
    start: usize,
    normal: &mut String,
    places: &mut Vec<(usize, usize, usize)>,
) {
    let simplified = |it: char| SIMPLIFIED.get(&it).copied().unwrap_or(it);
    let is_left = cluster.chars().next().is_some_and(is_left);
    if is_left || cluster.nfkc().eq(cluster.chars()) {
        for (at, character) in cluster.char_indices() {
            let from = start + at;
            places.push((normal.len(), from, from + character.len_utf8()));
            normal.push(if is_left { character } else { simplified(character) });
        }
    } else {
        for character in cluster.nfkc() {
            places.push((normal.len(), start, start + cluster.len()));
            normal.push(simplified(character));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_ways_of_writing_the_same_have_one_form() {
        for (one, other) in [
            ("ｷｬﾝｾﾙ", "キャンセル"),
            ("ｶﾞｲﾄﾞﾌﾞｯｸ", "ガイドブック"),
            ("か\u{3099}", "が"),
            ("門票訂單退換貨", "门票订单退换货"),
            ("頭髮發現", "头发发现"),
            ("ＯＲＤＥＲ１２", "ORDER12"),
            ("ﬁnance", "finance"),
            ("re\u{301}sume\u{301}", "résumé"),
            ("\u{1112}\u{1161}\u{11AB}국", "한국"),
            ("\u{F9B4}", "领"),
            ("ﻃﻠﺐ", "طلب"),
        ] {
            assert_eq!(normal(one), normal(other), "{one}");
        }
    }

    #[test]
    fn what_ends_a_word_stays_and_so_does_thai() {
        for text in ["Allhours™", "5 ㎏", "№7", "ขอคืนเงินจำนวน", "，。！", "…"]
        {
            assert_eq!(normal(text), text);
        }
    }

    #[test]
    fn a_part_is_found_where_it_was_written() {
        let text = "x ｷｬﾝｾﾙ ｶﾞ 門票";
        let found = Normal::of(text);
        for (part, written) in
            [("キャンセル", "ｷｬﾝｾﾙ"), ("ガ", "ｶﾞ"), ("门票", "門票"), ("x", "x"), ("票", "票")]
        {
            let start = found.text().find(part).unwrap();
            let (from, to) = found.in_original(start, start + part.len());
            assert_eq!(&text[from..to], written);
        }
        let plain = Normal::of("plain");
        assert_eq!(plain.in_original(1, 3), (1, 3));
    }

    #[test]
    fn the_table_of_characters_says_each_once_and_leads_nowhere_further() {
        assert!(SIMPLIFIED.len() > 3_000, "{}", SIMPLIFIED.len());
        for (traditional, simplified) in SIMPLIFIED.iter() {
            assert_ne!(traditional, simplified);
            assert!(!SIMPLIFIED.contains_key(simplified), "{traditional} {simplified}");
            assert!(simplified.nfkc().eq([*simplified]), "{simplified}");
        }
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_form_and_every_part_lies_in_the_text(text in "\\PC{0,60}") {
            let found = Normal::of(&text);
            prop_assert_eq!(normal(found.text()), found.text());
            let mut last = 0;
            for (at, character) in found.text().char_indices() {
                let (from, to) = found.in_original(at, at + character.len_utf8());
                prop_assert!(from < to && text.get(from..to).is_some(), "{from}..{to}");
                prop_assert!(from >= last);
                last = from;
            }
        }
    }
}
