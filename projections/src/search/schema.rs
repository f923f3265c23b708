//! The fields of the index, and how a record becomes a document and back.

use allhours_domain::{
    ids::{CustomerId, TenantId},
    text::Language,
};
use tantivy::{
    DocAddress, Index, Searcher, TantivyDocument, Term,
    schema::{
        BytesOptions, FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing,
        TextOptions, Value,
    },
};
use uuid::Uuid;

use super::{
    analysis::Part,
    error::SearchError,
    language::{Tongue, primary},
    record::{Key, Record, Thing},
    request::Kind,
    tokenizer::{STEMS, TenantTokenizer, WORDS, headed, tenant_code},
};

/// Raised with every change of fields or analysis: an index of another version is rebuilt.
pub(super) const SCHEMA_VERSION: u32 = 4;

/// The columns that filters read.
pub(super) mod column {
    pub(crate) const KIND: &str = "kind";
    pub(crate) const LANGUAGE: &str = "language";
    pub(crate) const AT_MS: &str = "at_ms";
    pub(crate) const THREAD: &str = "thread";
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Stems and grams, with places.
    pub(super) stems: Field,
    /// Words and single characters.
    pub(super) words: Field,
    /// The key of the document.
    pub(super) key: Field,
    /// The conversation it is part of.
    pub(super) conversation: Field,
    /// Whose it is; articles are everybody's.
    pub(super) customer: Field,
    /// Who wrote it.
    pub(super) author: Field,
    /// The team of a conversation.
    pub(super) team: Field,
    /// Into what it was merged, and a mark that it was merged at all.
    pub(super) merged: Field,
    /// Whom its texts are about.
    pub(super) subject: Field,
    kind: Field,
    language: Field,
    at_ms: Field,
    thread: Field,
    hash: Field,
    record: Field,
}

/// The schema of the index.
pub(super) fn schema() -> (Schema, Fields) {
    let text = |tokenizer: &str, option, norms| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(option)
            .set_fieldnorms(norms);
        TextOptions::default().set_indexing_options(indexing)
    };
    let id = || BytesOptions::default().set_indexed();
    let column = || NumericOptions::default() | FAST;
    let mut builder = Schema::builder();
    let fields = Fields {
        stems: builder
            .add_text_field("stems", text(STEMS, IndexRecordOption::WithFreqsAndPositions, true)),
        words: builder.add_text_field("words", text(WORDS, IndexRecordOption::Basic, false)),
        key: builder.add_bytes_field("key", id()),
        conversation: builder.add_bytes_field("conversation", id()),
        customer: builder.add_bytes_field("customer", id()),
        author: builder.add_bytes_field("author", id()),
        team: builder.add_bytes_field("team", id()),
        merged: builder.add_bytes_field("merged", id()),
        subject: builder.add_bytes_field("subject", id()),
        kind: builder.add_u64_field(column::KIND, column()),
        language: builder.add_u64_field(column::LANGUAGE, column()),
        at_ms: builder.add_i64_field(column::AT_MS, column()),
        thread: builder.add_u64_field(column::THREAD, column()),
        hash: builder.add_u64_field("hash", column().set_stored()),
        record: builder.add_bytes_field("record", BytesOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

/// Teaches an index our tokenisers.
pub(super) fn register_tokenizers(index: &Index) {
    index.tokenizers().register(STEMS, TenantTokenizer::new(Part::Stems));
    index.tokenizers().register(WORDS, TenantTokenizer::new(Part::Words));
}

/// An id within a tenant; nil stands for all of them.
pub(super) fn scoped(tenant: TenantId, id: Uuid) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(tenant.0.as_bytes());
    bytes[16..].copy_from_slice(id.as_bytes());
    bytes
}

/// The number of a kind, as the column has it.
pub(super) fn kind_number(kind: Kind, note: bool) -> u64 {
    match kind {
        Kind::Message if note => 5,
        Kind::Message => 1,
        Kind::Conversation => 2,
        Kind::Customer => 3,
        Kind::Article => 4,
    }
}

/// The number of a language, as the column has it: the letters of its primary tag.
pub(super) fn language_number(language: &Language) -> u64 {
    primary(language).bytes().fold(0, |number, letter| number << 8 | u64::from(letter))
}

/// The number of a conversation, as the column has it. Only ever compared within a tenant.
pub(super) fn thread_number(conversation: Uuid) -> u64 {
    let (high, low) = conversation.as_u64_pair();
    high.rotate_left(17) ^ low
}

impl Fields {
    /// The document of a record.
    pub(super) fn document(&self, record: &Record) -> Result<TantivyDocument, SearchError> {
        let tenant = record.tenant;
        let mut document = TantivyDocument::new();
        self.add_texts(record, &mut document);
        document.add_bytes(self.key, &record.key().0);
        if let Some(subject) = record.subject {
            document.add_bytes(self.subject, &scoped(tenant, subject.0));
        }
        if let Some(conversation) = record.conversation() {
            document.add_bytes(self.conversation, &scoped(tenant, conversation.0));
            document.add_u64(self.thread, thread_number(conversation.0));
        }
        let owner = match &record.thing {
            Thing::Article { .. } => Some(CustomerId(Uuid::nil())),
            // An agent's note, a customer's own entry: theirs to be found by staff only.
            Thing::Message { .. }
            | Thing::Topic { .. }
            | Thing::Customer { .. }
            | Thing::Conversation { .. } => record.customer(),
        };
        if let Some(CustomerId(owner)) = owner {
            document.add_bytes(self.customer, &scoped(tenant, owner));
        }
        self.add_ties(record, &mut document);
        let note = matches!(record.thing, Thing::Message { note: true, .. });
        document.add_u64(self.kind, record.kind().map_or(0, |kind| kind_number(kind, note)));
        document.add_u64(self.language, record.language.as_ref().map_or(0, language_number));
        document.add_i64(self.at_ms, record.at_ms);
        document.add_u64(self.hash, record.hash());
        let stored = serde_json::to_vec(record).map_err(|it| SearchError::Document(Some(it)))?;
        document.add_bytes(self.record, &stored);
        Ok(document)
    }

    fn add_texts(&self, record: &Record, document: &mut TantivyDocument) {
        let code = tenant_code(record.tenant);
        let tongue = Tongue::of(record.language.as_ref());
        for text in &record.texts {
            let value = headed(&code, tongue, text);
            document.add_text(self.stems, &value);
            document.add_text(self.words, &value);
        }
    }

    /// What ties a document to others: its author, its team, a merge.
    fn add_ties(&self, record: &Record, document: &mut TantivyDocument) {
        let tenant = record.tenant;
        let merged = match &record.thing {
            Thing::Message { author, .. } => {
                document.add_bytes(self.author, &scoped(tenant, author.uuid()));
                None
            }
            Thing::Conversation { team, merged_into, .. } => {
                if let Some(team) = team {
                    document.add_bytes(self.team, &scoped(tenant, team.0));
                }
                merged_into.map(|it| it.0)
            }
            Thing::Customer { merged_into, .. } => merged_into.map(|it| it.0),
            Thing::Topic { .. } | Thing::Article { .. } => None,
        };
        if let Some(target) = merged {
            document.add_bytes(self.merged, &scoped(tenant, target));
            document.add_bytes(self.merged, &scoped(tenant, Uuid::nil()));
        }
    }

    /// The record of a document.
    pub(super) fn record(
        &self,
        searcher: &Searcher,
        at: DocAddress,
    ) -> Result<Record, SearchError> {
        Ok(self.stored(searcher, at)?.0)
    }

    /// The record of a document, and the hash that was kept with it.
    pub(super) fn stored(
        &self,
        searcher: &Searcher,
        at: DocAddress,
    ) -> Result<(Record, u64), SearchError> {
        let document: TantivyDocument = searcher.doc(at)?;
        let bytes = document.get_first(self.record).ok_or(SearchError::Document(None))?;
        let bytes = bytes.as_bytes().ok_or(SearchError::Document(None))?;
        let hash = document.get_first(self.hash).and_then(|it| it.as_u64()).unwrap_or_default();
        let record = serde_json::from_slice(bytes).map_err(|it| SearchError::Document(Some(it)))?;
        Ok((record, hash))
    }

    /// The record with this key, if the index has it.
    pub(super) fn find(
        &self,
        searcher: &Searcher,
        key: &Key,
    ) -> Result<Option<Record>, SearchError> {
        let term = Term::from_field_bytes(self.key, &key.0);
        match documents(searcher, &term, 1)?.first() {
            Some(&at) => self.record(searcher, at).map(Some),
            None => Ok(None),
        }
    }
}

/// The living documents that have an id as a term, at most `limit`.
pub(super) fn documents(
    searcher: &Searcher,
    term: &Term,
    limit: usize,
) -> Result<Vec<DocAddress>, SearchError> {
    use tantivy::{DocSet as _, TERMINATED};
    let mut found = Vec::new();
    for (ordinal, segment) in (0_u32..).zip(searcher.segment_readers()) {
        let inverted = segment.inverted_index(term.field())?;
        let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else {
            continue;
        };
        let mut document = postings.doc();
        while document != TERMINATED && found.len() < limit {
            if !segment.is_deleted(document) {
                found.push(DocAddress::new(ordinal, document));
            }
            document = postings.advance();
        }
    }
    Ok(found)
}
