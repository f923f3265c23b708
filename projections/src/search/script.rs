//! Characters: their script, and the one form that all ways of writing them share.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// What a character is, as far as cutting a text into words is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Han,
    Hiragana,
    Katakana,
    Hangul,
    /// Scripts of South East Asia, which put no spaces between words.
    Unspaced,
    Digit,
    /// Letters of any other script, and marks that belong to the letter before.
    Letter,
    /// Anything that ends a word.
    Break,
}

/// The script of a character.
pub(super) fn script_of(character: char) -> Script {
    match u32::from(character) {
        0x41..=0x5A | 0x61..=0x7A | 0xAA | 0xBA => Script::Latin,
        0x00C0..=0x024F | 0x1E00..=0x1EFF | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A
            if character != '×' && character != '÷' =>
        {
            Script::Latin
        }
        0x0400..=0x052F => Script::Cyrillic,
        0x0660..=0x0669 | 0x06F0..=0x06F9 | 0xFF10..=0xFF19 => Script::Digit,
        0x0620..=0x065F
        | 0x066E..=0x06D3
        | 0x06D5..=0x06EF
        | 0x06FA..=0x06FF
        | 0x0750..=0x077F
        | 0x08A0..=0x08FF
        | 0xFB50..=0xFDFF
        | 0xFE70..=0xFEFC => Script::Arabic,
        0x3041..=0x309F => Script::Hiragana,
        0x30A1..=0x30FA | 0x30FC..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F => Script::Katakana,
        0x3005..=0x3007
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF => Script::Han,
        0xAC00..=0xD7A3 | 0x1100..=0x11FF | 0x3130..=0x318F => Script::Hangul,
        0x0E01..=0x0E3A
        | 0x0E40..=0x0E4E
        | 0x0E80..=0x0ECF
        | 0x0EDC..=0x0EDF
        | 0x1000..=0x103F
        | 0x1780..=0x17D3 => Script::Unspaced,
        0x0300..=0x036F | 0x0900..=0x0963 | 0x0980..=0x0DF3 => Script::Letter,
        _ if character.is_numeric() => Script::Digit,
        _ if character.is_alphabetic() => Script::Letter,
        _ => Script::Break,
    }
}

/// A word in lower case: full-width forms narrow, digits European, Arabic letters without
/// their ornaments. A Turkish `I` becomes `ı`, which the Turkish stemmer needs.
pub(super) fn lowered(word: &str, turkish: bool) -> String {
    let mut out = String::with_capacity(word.len());
    for character in word.chars().map(narrow) {
        match character {
            'İ' => out.push('i'),
            'I' => out.push(if turkish { 'ı' } else { 'i' }),
            // What is left of `İ` after somebody else lowered it; tatweel, and the Arabic marks
            // that are mostly not written.
            '\u{307}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' => {}
            'أ' | 'إ' | 'آ' | 'ٱ' => out.push('ا'),
            'ى' => out.push('ي'),
            'ة' => out.push('ه'),
            'ё' | 'Ё' => out.push('е'),
            _ if character.is_ascii() => out.push(character.to_ascii_lowercase()),
            _ => out.extend(character.to_lowercase()),
        }
    }
    out
}

fn narrow(character: char) -> char {
    let code = u32::from(character);
    let narrowed = match code {
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0),
        0x0660..=0x0669 => char::from_u32(code - 0x0660 + 0x30),
        0x06F0..=0x06F9 => char::from_u32(code - 0x06F0 + 0x30),
        _ => None,
    };
    narrowed.unwrap_or(character)
}

/// The same word without accents: what people type in a hurry.
pub(super) fn folded(lower: &str) -> String {
    if lower.is_ascii() {
        return lower.to_owned();
    }
    let mut out = String::with_capacity(lower.len());
    for character in lower.chars() {
        match u32::from(character) {
            0x300..=0x36F => {}
            // Latin and Greek letters; in other scripts a mark makes another letter.
            0xC0..=0x24F | 0x370..=0x3FF | 0x1E00..=0x1FFF => {
                let bare = std::iter::once(character).nfd().filter(|it| !is_combining_mark(*it));
                bare.for_each(|letter| push_plain(&mut out, letter));
            }
            _ => out.push(character),
        }
    }
    out
}

/// A letter that is no letter with a mark, as those write it who don't have it.
fn push_plain(out: &mut String, letter: char) {
    match letter {
        'æ' => out.push_str("ae"),
        'ƀ' => out.push('b'),
        'đ' | 'ð' => out.push('d'),
        'ɇ' => out.push('e'),
        'ǥ' => out.push('g'),
        'ħ' => out.push('h'),
        'ı' => out.push('i'),
        'ɉ' => out.push('j'),
        'ł' => out.push('l'),
        'ø' => out.push('o'),
        'œ' => out.push_str("oe"),
        'ɍ' => out.push('r'),
        'ß' => out.push_str("ss"),
        'ŧ' => out.push('t'),
        'þ' => out.push_str("th"),
        'ɏ' => out.push('y'),
        'ƶ' => out.push('z'),
        'ς' => out.push('σ'),
        _ => out.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_a_turkish_i_fold_to_one() {
        for (word, turkish) in
            [("İADE", true), ("iade", true), ("IADE", false), ("IADE", true), ("i\u{307}ade", true)]
        {
            assert_eq!(folded(&lowered(word, turkish)), "iade", "{word}");
        }
        assert_eq!(lowered("KARGOLARIM", true), "kargolarım");
    }

    #[test]
    fn accents_width_and_arabic_ornaments_fold_away() {
        assert_eq!(folded(&lowered("Devolução", false)), "devolucao");
        assert_eq!(folded(&lowered("GRÖSSE", false)), folded(&lowered("Größe", false)));
        assert_eq!(folded(&lowered("ＯＲＤＥＲ１２", false)), "order12");
        assert_eq!(lowered("الطَّلَبِيَّة", false), lowered("الطلبيه", false));
        assert_eq!(lowered("٤٢", false), "42");
        assert_eq!(folded(&lowered("Ещё", false)), "еще");
        assert_eq!(folded(&lowered("Мой", false)), "мой");
        assert_eq!(folded(&lowered("Tiếng Việt", false)), "tieng viet");
        assert_eq!(folded(&lowered("Nǐ hǎo, pīnyīn lǜ", false)), "ni hao, pinyin lu");
        assert_eq!(folded(&lowered("Ǧabal H̱alīl", false)), "gabal halil");
        assert_eq!(folded(&lowered("Ǻrsta Ǿre Ǽ Łódź", false)), "arsta ore ae lodz");
        assert_eq!(folded(&lowered("ΟΔΌΣ", false)), folded(&lowered("οδός", false)));
    }

    #[test]
    fn punctuation_of_any_script_ends_a_word() {
        for character in ['。', '，', '？', '،', '؟', '×', ' ', '\u{3000}', '・'] {
            assert_eq!(script_of(character), Script::Break, "{character}");
        }
    }
}
