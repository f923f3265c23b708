//! The seam between our analysis and tantivy: every term carries its tenant.
//!
//! A value handed to tantivy is a head (tenant, language) and the text. All terms of a tenant
//! begin with its code, so a query can only ever be built from, and meet, terms of one tenant.

use allhours_domain::ids::TenantId;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::{
    analysis::{Part, analyse},
    language::Tongue,
};

/// The name of the tokeniser of stems.
pub(super) const STEMS: &str = "allhours_stems";
/// The name of the tokeniser of words.
pub(super) const WORDS: &str = "allhours_words";

/// The length of [`tenant_code`], in bytes.
const CODE_BYTES: usize = 22;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What every term of a tenant begins with: its whole id, so that no two tenants share one.
pub(super) fn tenant_code(tenant: TenantId) -> String {
    let mut rest = tenant.0.as_u128();
    (0..CODE_BYTES)
        .map(|_| {
            let digit = (rest & 63) as usize;
            rest >>= 6;
            char::from(ALPHABET[digit])
        })
        .collect()
}

/// A text with its head, as it goes to tantivy.
pub(super) fn headed(code: &str, tongue: Tongue, text: &str) -> String {
    let mut value = String::with_capacity(CODE_BYTES + 1 + text.len());
    value.push_str(code);
    value.push(char::from(tongue.letter()));
    value.push_str(text);
    value
}

/// Cuts headed texts into terms.
#[derive(Clone)]
pub(super) struct TenantTokenizer {
    part: Part,
    cut: Cut,
}

/// All terms of one text, kept to be used again for the next.
#[derive(Clone, Default)]
struct Cut {
    letters: String,
    terms: Vec<CutTerm>,
}

#[derive(Clone)]
struct CutTerm {
    start: usize,
    end: usize,
    place: usize,
    letters_end: usize,
}

impl TenantTokenizer {
    /// For one of the two fields.
    pub(super) fn new(part: Part) -> Self {
        Self { part, cut: Cut::default() }
    }
}

impl Tokenizer for TenantTokenizer {
    type TokenStream<'a> = TenantTokens<'a>;

    fn token_stream<'a>(&'a mut self, value: &'a str) -> TenantTokens<'a> {
        let cut = &mut self.cut;
        cut.letters.clear();
        cut.terms.clear();
        let code = value.get(..CODE_BYTES).unwrap_or_default();
        let letter = value.as_bytes().get(CODE_BYTES).copied().unwrap_or_default();
        let text = value.get(CODE_BYTES + 1..).unwrap_or_default();
        analyse(text, Tongue::from_letter(letter), self.part, &mut |term| {
            cut.letters.push_str(term.text);
            let head = CODE_BYTES + 1;
            cut.terms.push(CutTerm {
                start: head + term.start,
                end: head + term.end,
                place: term.place,
                letters_end: cut.letters.len(),
            });
        });
        TenantTokens { code, cut, next: 0, letters_from: 0, token: Token::default() }
    }
}

/// The terms of one text.
pub(super) struct TenantTokens<'a> {
    code: &'a str,
    cut: &'a Cut,
    next: usize,
    letters_from: usize,
    token: Token,
}

impl TokenStream for TenantTokens<'_> {
    fn advance(&mut self) -> bool {
        let Some(term) = self.cut.terms.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(self.code);
        self.token.text.push_str(&self.cut.letters[self.letters_from..term.letters_end]);
        self.token.offset_from = term.start;
        self.token.offset_to = term.end;
        self.token.position = term.place;
        self.letters_from = term.letters_end;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_term_begins_with_the_whole_tenant() {
        let (one, two) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(1 << 127)));
        assert_ne!(tenant_code(one), tenant_code(two));
        let code = tenant_code(one);
        let value = headed(&code, Tongue::English, "late orders");
        let mut tokenizer = TenantTokenizer::new(Part::Stems);
        let mut terms = Vec::new();
        tokenizer.token_stream(&value).process(&mut |token| terms.push(token.text.clone()));
        assert_eq!(terms, [format!("{code}late"), format!("{code}order")]);
    }
}
