//! Comparing the index with a fresh fold of the log.

use std::collections::{BTreeMap, BTreeSet};

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

/// Whom a document is about.
type About = Option<(TenantId, SubjectId)>;

/// What is compared of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Digest {
    hash: u64,
    conversation: Option<ConversationId>,
    about: About,
}

/// A document that is not as the log says.
struct Difference {
    key: Key,
    about: About,
    how: &'static str,
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

/// Compares the index with a fresh fold of the log up to the same event. What was forgotten since
/// is missing from a fresh fold and may still stand in the index: it is no difference.
///
/// # Errors
///
/// [`SearchError::Unavailable`] while there is no index; a log that can't be read.
pub async fn verify<L: Log>(reader: &SearchReader, log: &L) -> Result<Verification, SearchError> {
    let view = reader.view()?;
    let position = view.position;
    let expected = expected(log, position).await?;
    let documents = expected.len() as u64;
    let compared = tokio::task::spawn_blocking(move || compare(&view, expected)).await;
    let mut differences = compared.map_err(|_| SearchError::Stopped)??;
    if !differences.is_empty() {
        let touched = Touched::after(log, position).await?;
        differences.retain(|it| !touched.holds(it));
    }
    let named = differences.iter().take(NAMED_MAX);
    Ok(Verification {
        position,
        documents,
        differing: differences.len() as u64,
        differences: named.map(|it| format!("{} {}", it.key, it.how)).collect(),
    })
}

/// What events after a position have to do with.
#[derive(Default)]
struct Touched {
    keys: BTreeSet<Key>,
    subjects: BTreeSet<(TenantId, SubjectId)>,
}

impl Touched {
    /// Up to where the log ends now.
    async fn after<L: Log>(log: &L, mut position: Position) -> Result<Self, SearchError> {
        let mut touched = Self::default();
        let head = log.head().await?;
        while position < head {
            let page = log.read(position, PAGE_EVENTS).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            let concerned = page.into_iter().filter(|it| concerns(&it.name));
            for recorded in &log.open(concerned.collect()).await? {
                touched.take(recorded);
            }
        }
        Ok(touched)
    }

    fn take(&mut self, recorded: &Recorded) {
        self.keys.extend(stream_key(recorded));
        let Ok(event) = recorded.event() else { return };
        let mut changes = Vec::new();
        fold(recorded, &event, &mut None, &mut changes);
        for change in changes {
            match change {
                Change::Add(record) | Change::Replace(record) => {
                    self.keys.insert(record.key());
                }
                Change::Delete(key) | Change::Shred(key) => {
                    self.keys.insert(key);
                }
                Change::Forget(tenant, subject) => {
                    self.subjects.insert((tenant, subject));
                }
                // No text is forgotten by that.
                Change::Move(..) => {}
            }
        }
    }

    fn holds(&self, difference: &Difference) -> bool {
        self.keys.contains(&difference.key)
            || difference.about.is_some_and(|about| self.subjects.contains(&about))
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

fn compare(
    view: &View,
    mut expected: BTreeMap<Key, Digest>,
) -> Result<Vec<Difference>, SearchError> {
    let mut differences = Vec::new();
    let mut differs = |key, about, how| differences.push(Difference { key, about, how });
    for (ordinal, segment) in (0_u32..).zip(view.searcher.segment_readers()) {
        for document in segment.doc_ids_alive() {
            let at = DocAddress::new(ordinal, document);
            let (record, hash) = view.fields.stored(&view.searcher, at)?;
            let key = record.key();
            let found = Digest::of(&record);
            match expected.remove(&key) {
                None => differs(key, found.about, "is in the index and not in the log, or twice"),
                Some(wanted) if wanted != found => {
                    differs(key, found.about, "differs from the log");
                }
                Some(_) if hash != found.hash => differs(key, found.about, "is damaged"),
                Some(_) => {}
            }
        }
    }
    for (key, wanted) in expected {
        differs(key, wanted.about, "is in the log and not in the index");
    }
    Ok(differences)
}
