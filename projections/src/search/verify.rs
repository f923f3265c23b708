//! Comparing the index with a fresh fold of the log.

use std::collections::BTreeMap;

use allhours_domain::ids::{ConversationId, SubjectId, TenantId};
use allhours_eventstore::{
    log::Log,
    recorded::{Position, Recorded},
};
use tantivy::DocAddress;

use super::{
    error::SearchError,
    fold::{Change, concerns, fold, stream_key},
    reader::SearchReader,
    record::{Key, Record},
    view::View,
};

/// How many events are read at once.
const PAGE_EVENTS: usize = 1_000;
/// The most differences that are named; the rest is counted.
const NAMED_MAX: usize = 100;
/// How often a comparison that found differences is made again: texts that were forgotten
/// after the state that is compared are missing from a fresh fold.
const ATTEMPTS: usize = 3;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// All events up to this one were compared.
    pub position: Position,
    /// How many documents there should be.
    pub documents: u64,
    /// How many documents differ.
    pub differing: u64,
    /// The first of the differences, a sentence each.
    pub differences: Vec<String>,
}

impl Verification {
    /// Whether the index is what the log says.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differing == 0
    }
}

/// What is compared of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Digest {
    hash: u64,
    conversation: Option<ConversationId>,
    about: Option<(TenantId, SubjectId)>,
}

impl Digest {
    fn of(record: &Record) -> Self {
        Self {
            hash: record.hash(),
            conversation: record.conversation(),
            about: record.subject.map(|subject| (record.tenant, subject)),
        }
    }
}

/// Compares the index with a fresh fold of the log up to the same event.
///
/// # Errors
///
/// [`SearchError::Unavailable`] while there is no index; a log that can't be read.
pub async fn verify<L: Log>(reader: &SearchReader, log: &L) -> Result<Verification, SearchError> {
    let mut attempt = 1;
    loop {
        let view = reader.view()?;
        let expected = expected(log, view.position).await?;
        let position = view.position;
        let compared = tokio::task::spawn_blocking(move || compare(&view, expected)).await;
        let verification = compared.map_err(|_| SearchError::Stopped)??;
        let moved = reader.view()?.position > position;
        if verification.holds() || attempt == ATTEMPTS || !moved {
            return Ok(verification);
        }
        attempt += 1;
    }
}

/// All documents there should be.
async fn expected<L: Log>(
    log: &L,
    through: Position,
) -> Result<BTreeMap<Key, Digest>, SearchError> {
    let mut model = Model::default();
    let mut position = 0;
    while position < through {
        let page = log.read(position, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        let concerned = page.into_iter().filter(|it| it.position <= through && concerns(&it.name));
        let events = log.open(concerned.collect()).await?;
        for recorded in &events {
            model.take(recorded);
        }
    }
    let streams = model.streams.iter().map(|(key, record)| (key.clone(), Digest::of(record)));
    model.documents.extend(streams);
    Ok(model.documents)
}

/// The index as plain maps.
#[derive(Default)]
struct Model {
    streams: BTreeMap<Key, Record>,
    documents: BTreeMap<Key, Digest>,
}

impl Model {
    fn take(&mut self, recorded: &Recorded) {
        let Ok(event) = recorded.event() else { return };
        let mut changes = Vec::new();
        match stream_key(recorded) {
            Some(key) => {
                let mut stream = self.streams.remove(&key);
                fold(recorded, &event, &mut stream, &mut changes);
                if let Some(record) = stream {
                    self.streams.insert(key, record);
                }
            }
            None => fold(recorded, &event, &mut None, &mut changes),
        }
        for change in changes {
            match change {
                Change::Add(record) | Change::Replace(record) => {
                    self.documents.insert(record.key(), Digest::of(&record));
                }
                Change::Delete(key) | Change::Shred(key) => {
                    self.documents.remove(&key);
                }
                Change::Forget(tenant, subject) => {
                    self.documents.retain(|_, it| it.about != Some((tenant, subject)));
                }
                Change::Move(tenant, messages, target) => {
                    for message in messages {
                        if let Some(it) = self.documents.get_mut(&Key::message(tenant, message)) {
                            it.conversation = Some(target);
                        }
                    }
                }
            }
        }
    }
}

fn compare(view: &View, mut expected: BTreeMap<Key, Digest>) -> Result<Verification, SearchError> {
    let mut verification = Verification {
        position: view.position,
        documents: expected.len() as u64,
        differing: 0,
        differences: Vec::new(),
    };
    let mut differs = |sentence: String| {
        verification.differing += 1;
        if verification.differences.len() < NAMED_MAX {
            verification.differences.push(sentence);
        }
    };
    for (ordinal, segment) in (0_u32..).zip(view.searcher.segment_readers()) {
        for document in segment.doc_ids_alive() {
            let at = DocAddress::new(ordinal, document);
            let (record, hash) = view.fields.stored(&view.searcher, at)?;
            let key = record.key();
            let found = Digest::of(&record);
            match expected.remove(&key) {
                None => differs(format!("{key} is in the index and not in the log, or twice")),
                Some(wanted) if wanted != found => differs(format!("{key} differs from the log")),
                Some(_) if hash != found.hash => differs(format!("{key} is damaged")),
                Some(_) => {}
            }
        }
    }
    for key in expected.keys() {
        differs(format!("{key} is in the log and not in the index"));
    }
    Ok(verification)
}
