//! The peer of the search benchmarks: tantivy alone, over the same texts.
//!
//! One field, its own tokenizer, positions and frequencies; no tenants, no ids, no sealed texts, no
//! log to read from. As many threads and as much memory for writing as the desk's index has.

use std::{path::Path, time::Instant};

use hdrhistogram::Histogram;
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument,
    collector::{Count, TopDocs},
    doc,
    query::QueryParser,
    schema::{Field, Schema, TEXT},
};

use crate::{
    figures::{histogram, record},
    history,
};

const WRITER_BYTES: usize = 64 << 20;
const HITS: usize = 20;
/// How often one more text is committed.
const COMMITS: u64 = 50;

/// An index of all messages.
pub struct BareIndex {
    index: Index,
    text: Field,
    writer: IndexWriter,
    reader: IndexReader,
    /// Messages a second while it was built.
    pub documents_per_s: f64,
}

impl BareIndex {
    /// Builds it over the messages of so many conversations.
    pub fn build(folder: &Path, conversations: u64) -> Self {
        let mut schema = Schema::builder();
        let text = schema.add_text_field("text", TEXT);
        std::fs::create_dir(folder).expect("the folder is ours");
        let index = Index::create_in_dir(folder, schema.build()).expect("the folder is empty");
        let mut writer = index.writer_with_num_threads(1, WRITER_BYTES).expect("a writer");
        let started = Instant::now();
        for number in 0..conversations {
            for message in history::texts(number) {
                writer.add_document(doc!(text => message)).expect("it takes a document");
            }
        }
        writer.commit().expect("it commits");
        let documents_per_s = history::per_second(conversations * history::MESSAGES, started);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader = reader.try_into().expect("a reader");
        Self { index, text, writer, reader, documents_per_s }
    }

    /// Waits for its merges, which would write into its folder and take time from what is
    /// measured next.
    pub fn end(self) {
        self.writer.wait_merging_threads().expect("its segments are merged");
    }

    /// How long searches for two words take, both of them in each hit: twenty hits and their count.
    pub fn searches(&self, count: u64) -> Histogram<u64> {
        let mut parser = QueryParser::for_index(&self.index, vec![self.text]);
        parser.set_conjunction_by_default();
        let mut seen = histogram();
        let mut hits = 0;
        for number in 0..count {
            let words = history::two_words(number);
            let begun = Instant::now();
            let query = parser.parse_query(&words).expect("two words");
            let wanted = (TopDocs::with_limit(HITS).order_by_score(), Count);
            let (best, _) = self.reader.searcher().search(&query, &wanted).expect("it answers");
            record(&mut seen, begun.elapsed());
            hits += best.len();
        }
        assert!(hits > 0, "searches for words that were written find something");
        seen
    }

    /// How long it takes to add one text, commit it and see it.
    pub fn commits(&mut self) -> Histogram<u64> {
        let mut seen = histogram();
        for number in 0..COMMITS {
            let begun = Instant::now();
            let document: TantivyDocument = doc!(self.text => history::new_word(number));
            self.writer.add_document(document).expect("it takes a document");
            self.writer.commit().expect("it commits");
            self.reader.reload().expect("it reloads");
            record(&mut seen, begun.elapsed());
        }
        seen
    }
}
