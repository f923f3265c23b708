//! Cutting queries of Eastern Asia into what carries meaning and what is grammar.

use tantivy::tokenizer::{TokenStream, Tokenizer};
use tantivy_jieba::JiebaTokenizer;

use super::script::{Script, script_of};

/// A part of a query without spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) text: &'a str,
    /// Whether it is grammar, and says nothing by itself.
    pub(super) grammar: bool,
}

/// Characters that are mostly grammar when a Chinese query has them alone.
const FUNCTION_CHARACTERS: &str = "我你您他她它们的地得了着过吗呢吧啊呀哦嗯么是在有和与及或就都也还又很太最不没想要请把被给让对\
                                   从到向于以为这那哪谁个些几多少可能会该应上下里中去来说好怎什";
/// Words of that kind.
const FUNCTION_WORDS: [&str; 24] = [
    "我们",
    "你们",
    "他们",
    "什么",
    "怎么",
    "怎样",
    "怎么样",
    "为什么",
    "哪里",
    "哪个",
    "这个",
    "那个",
    "可以",
    "能够",
    "是否",
    "请问",
    "如何",
    "一下",
    "一个",
    "还是",
    "但是",
    "因为",
    "所以",
    "没有",
];

/// Particles and endings of Korean, the longer before the shorter.
const PARTICLES: [&str; 44] = [
    "했습니다",
    "하겠습니다",
    "합니다",
    "입니다",
    "습니다",
    "되나요",
    "하나요",
    "했어요",
    "해주세요",
    "에서는",
    "으로는",
    "에게서",
    "부터는",
    "까지는",
    "인가요",
    "에서",
    "에게",
    "한테",
    "께서",
    "으로",
    "부터",
    "까지",
    "처럼",
    "보다",
    "이나",
    "이랑",
    "하고",
    "해요",
    "하는",
    "하기",
    "하다",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "도",
    "만",
    "와",
    "과",
    "로",
];

/// The segments of a run of Han and kana, in order.
pub(super) fn segments(text: &str) -> Vec<Segment<'_>> {
    let japanese = text.chars().any(|it| script_of(it) == Script::Hiragana);
    let mut all = Vec::new();
    for (script, part) in by_script(text) {
        match script {
            Script::Han => han(part, japanese, &mut all),
            script => all.push(Segment { text: part, grammar: script == Script::Hiragana }),
        }
    }
    all
}

fn by_script(text: &str) -> Vec<(Script, &str)> {
    let mut parts: Vec<(Script, usize, usize)> = Vec::new();
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let script = script_of(character);
        match parts.last_mut() {
            Some((last, _, last_end)) if *last == script => *last_end = end,
            _ => parts.push((script, at, end)),
        }
    }
    parts.into_iter().map(|(script, start, end)| (script, &text[start..end])).collect()
}

/// Words by the dictionary; what it does not know stays together.
fn han<'a>(text: &'a str, japanese: bool, all: &mut Vec<Segment<'a>>) {
    let mut unknown: Option<(usize, usize)> = None;
    for (start, end) in words(text) {
        let word = &text[start..end];
        let single = word.chars().count() == 1;
        let function = !japanese
            && if single {
                FUNCTION_CHARACTERS.contains(word)
            } else {
                FUNCTION_WORDS.contains(&word)
            };
        if single && !function {
            unknown = Some((unknown.map_or(start, |(from, _)| from), end));
            continue;
        }
        flush(text, &mut unknown, all);
        all.push(Segment { text: word, grammar: function });
    }
    flush(text, &mut unknown, all);
}

fn flush<'a>(text: &'a str, unknown: &mut Option<(usize, usize)>, all: &mut Vec<Segment<'a>>) {
    if let Some((start, end)) = unknown.take() {
        all.push(Segment { text: &text[start..end], grammar: false });
    }
}

/// The words of a Chinese text, in bytes.
fn words(text: &str) -> Vec<(usize, usize)> {
    // Without the statistical model: it would glue unknown characters together, and a query
    // would then ask for more than was typed.
    let mut tokenizer = JiebaTokenizer::with_hmm(false);
    tokenizer.set_search_mode(false);
    let mut stream = tokenizer.token_stream(text);
    let mut all = Vec::new();
    while stream.advance() {
        let token = stream.token();
        all.push((token.offset_from, token.offset_to));
    }
    all
}

/// Loads the dictionary, so that the first Chinese query need not wait for it.
pub(super) fn warm() {
    words("预热");
}

/// A Korean unit without its particle or ending, if two syllables are left.
pub(super) fn without_particle(unit: &str) -> &str {
    PARTICLES
        .iter()
        .filter_map(|particle| unit.strip_suffix(particle))
        .find(|stem| stem.chars().count() >= 2)
        .unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Vec<&str> {
        segments(text).into_iter().filter(|it| !it.grammar).map(|it| it.text).collect()
    }

    #[test]
    fn a_chinese_question_keeps_its_words_and_loses_its_grammar() {
        assert_eq!(meaning("请问怎么退款"), ["退款"]);
        assert_eq!(meaning("我想查询快递"), ["查询", "快递"]);
    }

    #[test]
    fn a_name_that_no_dictionary_has_stays_together() {
        assert_eq!(meaning("讙讪讫"), ["讙讪讫"]);
    }

    #[test]
    fn japanese_endings_are_grammar() {
        assert_eq!(meaning("注文をキャンセルしたい"), ["注文", "キャンセル"]);
        assert_eq!(meaning("届きました"), ["届"]);
    }

    #[test]
    fn korean_particles_fall_off() {
        assert_eq!(without_particle("환불을"), "환불");
        assert_eq!(without_particle("배송은"), "배송");
        assert_eq!(without_particle("취소합니다"), "취소");
        assert_eq!(without_particle("나는"), "나는");
    }
}
