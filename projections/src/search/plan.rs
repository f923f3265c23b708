//! From what was typed to what tantivy looks up: terms of one tenant, only those that exist.

use std::collections::BTreeMap;

use tantivy::{
    Searcher, Term,
    query::{BooleanQuery, ConstScoreQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery},
    schema::{Field, IndexRecordOption},
};

use super::{error::SearchError, query::Matcher, schema::Fields};

/// The most words that a beginning stands for, the most frequent ones.
const EXPANSIONS_MAX: usize = 64;
/// How many words are looked at to find those, in each segment.
const EXPANSIONS_SCANNED_MAX: usize = 1_024;

/// Builds queries for one tenant.
pub(super) struct Planner<'a> {
    pub(super) searcher: &'a Searcher,
    pub(super) fields: &'a Fields,
    /// What every term of the tenant begins with.
    pub(super) code: &'a str,
}

impl Planner<'_> {
    /// The query of these matchers and of `ids`, each of which has to match as well.
    /// `None` where no document can match.
    pub(super) fn query(
        &self,
        matchers: &[Matcher],
        ids: Vec<Vec<Term>>,
    ) -> Result<Option<Box<dyn Query>>, SearchError> {
        let mut parts: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for matcher in matchers {
            match self.matcher(matcher)? {
                Some(query) => parts.push((Occur::Must, query)),
                None => return Ok(None),
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        for terms in ids {
            let query: Box<dyn Query> = match <[Term; 1]>::try_from(terms) {
                Ok([term]) => Box::new(TermQuery::new(term, IndexRecordOption::Basic)),
                Err(terms) => Box::new(TermSetQuery::new(terms)),
            };
            parts.push((Occur::Must, Box::new(ConstScoreQuery::new(query, 0.0))));
        }
        if parts.len() == 1 {
            return Ok(parts.pop().map(|(_, query)| query));
        }
        Ok(Some(Box::new(BooleanQuery::new(parts))))
    }

    fn term(&self, field: Field, text: &str) -> Term {
        Term::from_field_text(field, &format!("{}{text}", self.code))
    }

    /// The term, if any document has it.
    fn known(&self, field: Field, text: &str) -> Result<Option<Term>, SearchError> {
        let term = self.term(field, text);
        Ok((self.searcher.doc_freq(&term)? > 0).then_some(term))
    }

    fn matcher(&self, matcher: &Matcher) -> Result<Option<Box<dyn Query>>, SearchError> {
        match matcher {
            Matcher::Stem(forms) => {
                let mut queries = Vec::new();
                for form in forms {
                    if let Some(term) = self.known(self.fields.stems, form)? {
                        queries.push(scored(term));
                    }
                }
                Ok(any(queries))
            }
            Matcher::Word(word) => {
                let term = self.known(self.fields.words, word)?;
                Ok(term.map(|term| {
                    let query = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
                    Box::new(ConstScoreQuery::new(query, 1.0)) as Box<dyn Query>
                }))
            }
            Matcher::Prefix(beginning) => self.prefix(beginning),
            Matcher::Phrase(sequences) => {
                let mut queries = Vec::new();
                for sequence in sequences {
                    queries.extend(self.phrase(sequence)?);
                }
                Ok(any(queries))
            }
            Matcher::Grams { grams, required } => self.grams(grams, *required),
        }
    }

    fn phrase(&self, sequence: &[(usize, String)]) -> Result<Option<Box<dyn Query>>, SearchError> {
        let mut terms = Vec::with_capacity(sequence.len());
        for (place, text) in sequence {
            match self.known(self.fields.stems, text)? {
                Some(term) => terms.push((*place, term)),
                None => return Ok(None),
            }
        }
        if terms.len() == 1 {
            return Ok(terms.pop().map(|(_, term)| scored(term)));
        }
        Ok(Some(Box::new(PhraseQuery::new_with_offset(terms))))
    }

    fn grams(
        &self,
        grams: &[String],
        required: usize,
    ) -> Result<Option<Box<dyn Query>>, SearchError> {
        let mut queries = Vec::new();
        for gram in grams {
            if let Some(term) = self.known(self.fields.stems, gram)? {
                queries.push(scored(term));
            }
        }
        if queries.len() < required {
            return Ok(None);
        }
        Ok(Some(Box::new(BooleanQuery::union_with_minimum_required_clauses(queries, required))))
    }

    fn prefix(&self, beginning: &str) -> Result<Option<Box<dyn Query>>, SearchError> {
        let term = self.term(self.fields.words, beginning);
        let prefix = term.serialized_value_bytes();
        let mut counts: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(self.fields.words)?;
            let mut stream = inverted.terms().range().ge(prefix).into_stream()?;
            let mut scanned = 0;
            while scanned < EXPANSIONS_SCANNED_MAX
                && let Some((word, info)) = stream.next()
                && word.starts_with(prefix)
            {
                *counts.entry(word.to_vec()).or_default() += u64::from(info.doc_freq);
                scanned += 1;
            }
        }
        let mut words: Vec<(Vec<u8>, u64)> = counts.into_iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        words.truncate(EXPANSIONS_MAX);
        if words.is_empty() {
            return Ok(None);
        }
        let terms = words.iter().filter_map(|(word, _)| {
            let text = std::str::from_utf8(word).ok()?;
            Some(Term::from_field_text(self.fields.words, text))
        });
        let query = Box::new(TermSetQuery::new(terms.collect::<Vec<_>>()));
        Ok(Some(Box::new(ConstScoreQuery::new(query, 1.0))))
    }
}

fn scored(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

fn any(mut queries: Vec<Box<dyn Query>>) -> Option<Box<dyn Query>> {
    match queries.len() {
        0 => None,
        1 => queries.pop(),
        _ => Some(Box::new(BooleanQuery::union(queries))),
    }
}
