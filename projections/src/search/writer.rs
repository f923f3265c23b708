//! One generation of the index, as it is written: fold pages of events, commit, shred.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use allhours_domain::{
    catalogue::AnyEvent,
    ids::{ConversationId, MessageId, TenantId},
};
use allhours_eventstore::recorded::{Position, Recorded};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use tantivy::{
    FutureResult, Index, IndexReader, IndexWriter, ReloadPolicy, Term,
    index::{SegmentId, SegmentMeta},
    indexer::IndexWriterOptions,
    merge_policy::LogMergePolicy,
};

use super::{
    error::SearchError,
    fold::{Change, fold, stream_key},
    record::{Key, Record, Thing},
    schema::{Fields, SCHEMA_VERSION, register_tokenizers, schema, scoped},
    view::View,
};

/// What one generation may hold in memory before it goes to disk, in bytes.
const WRITER_BYTES: usize = 64 << 20;
/// How many records of streams are kept in memory between commits.
const STREAMS_KEPT_MAX: usize = 50_000;

/// Segments below this many documents are merged with one another only: each commit makes a small
/// one, which is not worth writing a large one anew.
const SMALL_DOCUMENTS: u32 = 1_000;

fn merging() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(SMALL_DOCUMENTS);
    policy
}

/// What stands beside the documents in each commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The version of the schema.
    pub(super) schema: u32,
    /// All events up to this one are in the index.
    pub(super) position: Position,
    /// Terms of deleted documents of which segments may still hold a trace.
    pub(super) shreds: Vec<Shred>,
}

/// A deletion that has to leave no trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Shred {
    /// One document, by its key.
    Document(Vec<u8>),
    /// All documents about a subject.
    Subject(Vec<u8>),
}

impl Shred {
    fn term(&self, fields: &Fields) -> Term {
        match self {
            Self::Document(key) => Term::from_field_bytes(fields.key, key),
            Self::Subject(subject) => Term::from_field_bytes(fields.subject, subject),
        }
    }
}

/// The record of a stream, kept while it changes.
struct Kept {
    record: Option<Record>,
    /// Whether the index has a version of it that has to give way.
    stored: bool,
    changed: bool,
}

/// A generation being written.
pub(super) struct Writer {
    folder: PathBuf,
    fields: Fields,
    documents: IndexWriter,
    reader: IndexReader,
    streams: HashMap<Key, Kept>,
    /// The keys of the records that changed and are not written yet.
    changed: Vec<Key>,
    checkpoint: Checkpoint,
    merges: Vec<FutureResult<Option<SegmentMeta>>>,
    /// Whether there is anything that no commit has.
    pending: bool,
}

impl Writer {
    /// A new, empty generation in `folder`.
    pub(super) fn create(folder: &Path) -> Result<Self, SearchError> {
        std::fs::create_dir_all(folder)?;
        let (schema, _) = schema();
        let index = Index::create_in_dir(folder, schema)?;
        let checkpoint = Checkpoint { schema: SCHEMA_VERSION, ..Checkpoint::default() };
        let mut writer = Self::of(folder, &index, checkpoint)?;
        writer.commit()?;
        Ok(writer)
    }

    /// The generation in `folder`, if it is whole and of this program's schema.
    pub(super) fn open(folder: &Path) -> Result<Self, SearchError> {
        sweep_drafts(folder)?;
        let (index, checkpoint) = open_index(folder)?;
        let mut writer = Self::of(folder, &index, checkpoint)?;
        writer.check()?;
        Ok(writer)
    }

    fn of(folder: &Path, index: &Index, checkpoint: Checkpoint) -> Result<Self, SearchError> {
        let (_, fields) = schema();
        register_tokenizers(index);
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let documents = index.writer_with_options(options)?;
        documents.set_merge_policy(Box::new(merging()));
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self {
            folder: folder.to_owned(),
            fields,
            documents,
            reader,
            streams: HashMap::new(),
            changed: Vec::new(),
            checkpoint,
            merges: Vec::new(),
            pending: false,
        })
    }

    /// All events up to this one are folded, if not yet committed.
    pub(super) fn position(&self) -> Position {
        self.checkpoint.position
    }

    /// Whether there is anything to commit.
    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Whether deleted texts may still leave a trace.
    pub(super) fn is_shredding(&self) -> bool {
        !self.checkpoint.shreds.is_empty()
    }

    /// What readers see of the last commit.
    pub(super) fn view(&self) -> View {
        View {
            searcher: self.reader.searcher(),
            fields: self.fields,
            position: self.checkpoint.position,
            shredding: self.is_shredding(),
        }
    }

    /// Folds opened events in order, and notes that all up to `through` are folded.
    ///
    /// After an error this writer has to be dropped: it may hold a part of the page.
    pub(super) fn apply(
        &mut self,
        events: &[Recorded],
        through: Position,
    ) -> Result<(), SearchError> {
        for recorded in events {
            match recorded.event() {
                Ok(event) => self.fold(recorded, &event)?,
                Err(error) => {
                    // One event that nobody can read must not stop the search of all others.
                    let position = recorded.position;
                    tracing::error!(position, %error, "the search index passes over an event");
                    metrics::counter!("allhours_search_events_unreadable_total").increment(1);
                }
            }
        }
        self.write_streams()?;
        self.pending |= through > self.checkpoint.position;
        self.checkpoint.position = through;
        Ok(())
    }

    fn fold(&mut self, recorded: &Recorded, event: &AnyEvent) -> Result<(), SearchError> {
        let mut changes = Vec::new();
        match stream_key(recorded) {
            Some(key) => {
                let mut kept = self.kept(&key, recorded.version > 1)?;
                let before = kept.record.clone();
                fold(recorded, event, &mut kept.record, &mut changes);
                if kept.record != before && !std::mem::replace(&mut kept.changed, true) {
                    self.changed.push(key.clone());
                }
                self.streams.insert(key, kept);
            }
            None => fold(recorded, event, &mut None, &mut changes),
        }
        for change in changes {
            self.change(recorded, change)?;
        }
        Ok(())
    }

    /// The record of a stream. One of the index is always of the last commit: what was changed
    /// since is in memory still.
    fn kept(&mut self, key: &Key, known: bool) -> Result<Kept, SearchError> {
        if let Some(kept) = self.streams.remove(key) {
            return Ok(kept);
        }
        let record = if known { self.fields.find(&self.reader.searcher(), key)? } else { None };
        let stored = record.is_some();
        Ok(Kept { record, stored, changed: false })
    }

    fn change(&mut self, recorded: &Recorded, change: Change) -> Result<(), SearchError> {
        match change {
            Change::Add(record) => {
                self.documents.add_document(self.fields.document(&record)?)?;
            }
            Change::Replace(record) => {
                self.delete(&record.key());
                self.documents.add_document(self.fields.document(&record)?)?;
            }
            Change::Delete(key) => self.delete(&key),
            Change::Shred(key) => {
                self.delete(&key);
                self.checkpoint.shreds.push(Shred::Document(key.0));
            }
            Change::Forget(tenant, subject) => {
                let subject = scoped(tenant, subject.0);
                self.documents.delete_term(Term::from_field_bytes(self.fields.subject, &subject));
                self.checkpoint.shreds.push(Shred::Subject(subject.to_vec()));
            }
            Change::Move(tenant, messages, target) => {
                // Rare: so a commit first, of all events before this one, to see them all.
                self.write_streams()?;
                self.checkpoint.position = recorded.position - 1;
                self.commit()?;
                self.move_messages(tenant, &messages, target)?;
            }
        }
        Ok(())
    }

    fn delete(&self, key: &Key) {
        self.documents.delete_term(Term::from_field_bytes(self.fields.key, &key.0));
    }

    fn move_messages(
        &mut self,
        tenant: TenantId,
        messages: &[MessageId],
        target: ConversationId,
    ) -> Result<(), SearchError> {
        let searcher = self.reader.searcher();
        for message in messages {
            let key = Key::message(tenant, *message);
            let Some(mut record) = self.fields.find(&searcher, &key)? else { continue };
            if let Thing::Message { conversation, .. } = &mut record.thing {
                *conversation = target;
            }
            self.delete(&key);
            self.documents.add_document(self.fields.document(&record)?)?;
        }
        Ok(())
    }

    fn write_streams(&mut self) -> Result<(), SearchError> {
        for key in std::mem::take(&mut self.changed) {
            let Some(kept) = self.streams.get_mut(&key) else { continue };
            kept.changed = false;
            let stored = std::mem::replace(&mut kept.stored, kept.record.is_some());
            let document = kept.record.as_ref().map(|it| self.fields.document(it)).transpose()?;
            if stored {
                self.delete(&key);
            }
            if let Some(document) = document {
                self.documents.add_document(document)?;
            }
        }
        Ok(())
    }

    /// Makes everything folded so far durable and visible.
    ///
    /// After an error this writer has to be dropped.
    pub(super) fn commit(&mut self) -> Result<(), SearchError> {
        let payload = serde_json::to_string(&self.checkpoint)
            .map_err(|error| SearchError::Document(Some(error)))?;
        let mut prepared = self.documents.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.reader.reload()?;
        self.pending = false;
        if self.streams.len() > STREAMS_KEPT_MAX {
            self.streams.clear();
        }
        Ok(())
    }

    /// Fails if a file of the generation is damaged.
    pub(super) fn check(&mut self) -> Result<(), SearchError> {
        let damaged = self.documents.index().validate_checksum()?;
        // Without its list of files tantivy would never delete those it no longer needs.
        let listed = self.folder.join(".managed.json").exists();
        if damaged.is_empty() && listed { Ok(()) } else { Err(SearchError::Document(None)) }
    }

    /// Works on leaving no trace of deleted texts: every segment that still knows one of the
    /// terms is written anew without its deleted documents. Never waits for that; returns true
    /// when nothing is left to do. The deletions have to be committed.
    pub(super) fn shred(&mut self) -> Result<bool, SearchError> {
        if self.checkpoint.shreds.is_empty() || self.pending {
            return Ok(self.checkpoint.shreds.is_empty());
        }
        // A merge that failed is tried again below: its segment still knows the term.
        self.merges.retain_mut(|merge| merge.now_or_never().is_none());
        if !self.merges.is_empty() {
            return Ok(false);
        }
        self.reader.reload()?;
        let touched = self.segments_to_shred()?;
        if touched.is_empty() {
            self.documents.garbage_collect_files().wait()?;
            self.checkpoint.shreds.clear();
            self.pending = true;
            return Ok(true);
        }
        for segment in touched {
            self.merges.push(self.documents.merge(&[segment]));
        }
        Ok(false)
    }

    fn segments_to_shred(&self) -> Result<Vec<SegmentId>, SearchError> {
        let terms: Vec<Term> =
            self.checkpoint.shreds.iter().map(|it| it.term(&self.fields)).collect();
        let mut touched = Vec::new();
        let searcher = self.reader.searcher();
        for segment in searcher.segment_readers().iter().filter(|it| it.has_deletes()) {
            for term in &terms {
                let inverted = segment.inverted_index(term.field())?;
                if inverted.get_term_info(term)?.is_some() {
                    touched.push(segment.segment_id());
                    break;
                }
            }
        }
        Ok(touched)
    }
}

/// Removes what tantivy had half written when its process died: files that have no name yet.
fn sweep_drafts(folder: &Path) -> Result<(), SearchError> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".tmp") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens the index in `folder` for reading, if it is of this program's schema.
pub(super) fn open_index(folder: &Path) -> Result<(Index, Checkpoint), SearchError> {
    let index = Index::open_in_dir(folder)?;
    let (schema, _) = schema();
    let payload = index.load_metas()?.payload.unwrap_or_default();
    let checkpoint: Checkpoint =
        serde_json::from_str(&payload).map_err(|error| SearchError::Document(Some(error)))?;
    if index.schema() != schema || checkpoint.schema != SCHEMA_VERSION {
        return Err(SearchError::OtherVersion);
    }
    Ok((index, checkpoint))
}
