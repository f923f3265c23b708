//! The best hits of a search, filtered by columns while they are found.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, HashSet},
    sync::Arc,
};

use tantivy::{
    DocAddress, DocId, DocSet as _, Score, Searcher, SegmentOrdinal, SegmentReader, TERMINATED,
    collector::{Collector, SegmentCollector},
    columnar::ColumnValues,
    query::{EnableScoring, Query, Weight},
};

use super::{request::Order, schema::column};

/// What a document has to be besides matching the text. `None` and empty mean all.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Kinds, one bit for each number.
    pub(super) kinds: u64,
    /// The number of a language.
    pub(super) language: Option<u64>,
    /// From this instant on, in milliseconds.
    pub(super) from_ms: Option<i64>,
    /// Before this instant, in milliseconds.
    pub(super) until_ms: Option<i64>,
    /// In one of these conversations.
    pub(super) threads: Option<Arc<HashSet<u64>>>,
}

/// The columns of one segment, as far as a filter reads them.
struct Columns {
    kind: Arc<dyn ColumnValues<u64>>,
    language: Option<Arc<dyn ColumnValues<u64>>>,
    at_ms: Arc<dyn ColumnValues<i64>>,
    thread: Option<Arc<dyn ColumnValues<u64>>>,
}

impl Filter {
    fn columns(&self, segment: &SegmentReader) -> tantivy::Result<Columns> {
        let fast = segment.fast_fields();
        let number = |name| fast.column_first_or_default::<u64>(name);
        Ok(Columns {
            kind: number(column::KIND)?,
            language: self.language.map(|_| number(column::LANGUAGE)).transpose()?,
            at_ms: fast.column_first_or_default::<i64>(column::AT_MS)?,
            thread: self.threads.as_ref().map(|_| number(column::THREAD)).transpose()?,
        })
    }

    fn admits(&self, columns: &Columns, document: DocId) -> bool {
        if self.kinds >> columns.kind.get_val(document) & 1 == 0 {
            return false;
        }
        if let (Some(wanted), Some(column)) = (self.language, &columns.language)
            && column.get_val(document) != wanted
        {
            return false;
        }
        if self.from_ms.is_some() || self.until_ms.is_some() {
            let at_ms = columns.at_ms.get_val(document);
            let early = self.from_ms.is_some_and(|from| at_ms < from);
            let late = self.until_ms.is_some_and(|until| at_ms >= until);
            if early || late {
                return false;
            }
        }
        match (&self.threads, &columns.thread) {
            (Some(wanted), Some(column)) => wanted.contains(&column.get_val(document)),
            _ => true,
        }
    }
}

/// One hit while it is being ranked: greater is better.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    /// How well it matches.
    pub(super) score: Score,
    /// When it happened, where the newest come first; else 0.
    at_ms: i64,
    /// Where it is.
    pub(super) address: DocAddress,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at_ms
            .cmp(&other.at_ms)
            .then_with(|| self.score.total_cmp(&other.score))
            .then_with(|| other.address.cmp(&self.address))
    }
}

/// The best hits, at most `limit`.
pub(super) struct Best {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) limit: usize,
}

impl Collector for Best {
    type Fruit = Vec<Ranked>;
    type Child = Nothing;

    fn for_segment(&self, _: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<Nothing> {
        Ok(Nothing)
    }

    fn requires_scoring(&self) -> bool {
        self.order == Order::Relevance
    }

    fn merge_fruits(&self, fruits: Vec<Vec<Ranked>>) -> tantivy::Result<Vec<Ranked>> {
        let mut all: Vec<Ranked> = fruits.into_iter().flatten().collect();
        all.sort_unstable_by_key(|hit| Reverse(*hit));
        all.truncate(self.limit);
        Ok(all)
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        ordinal: u32,
        segment: &SegmentReader,
    ) -> tantivy::Result<Vec<Ranked>> {
        let columns = self.filter.columns(segment)?;
        let admits =
            |document| !segment.is_deleted(document) && self.filter.admits(&columns, document);
        let mut heap: BinaryHeap<Reverse<Ranked>> = BinaryHeap::with_capacity(self.limit + 1);
        let push = |heap: &mut BinaryHeap<Reverse<Ranked>>, hit| {
            heap.push(Reverse(hit));
            if heap.len() > self.limit {
                heap.pop();
            }
        };
        match self.order {
            Order::Relevance => {
                let mut threshold = Score::MIN;
                weight.for_each_pruning(threshold, segment, &mut |document, score| {
                    if admits(document) {
                        let address = DocAddress::new(ordinal, document);
                        push(&mut heap, Ranked { score, at_ms: 0, address });
                        if heap.len() == self.limit {
                            threshold = heap.peek().map_or(Score::MIN, |worst| worst.0.score);
                        }
                    }
                    threshold
                })?;
            }
            Order::Newest => weight.for_each_no_score(segment, &mut |documents| {
                for &document in documents.iter().filter(|it| admits(**it)) {
                    let at_ms = columns.at_ms.get_val(document);
                    let address = DocAddress::new(ordinal, document);
                    push(&mut heap, Ranked { score: 0.0, at_ms, address });
                }
            })?,
        }
        Ok(heap.into_iter().map(|hit| hit.0).collect())
    }
}

/// Hits are collected a segment at a time; there is nothing to do one by one.
pub(super) struct Nothing;

impl SegmentCollector for Nothing {
    type Fruit = Vec<Ranked>;

    fn collect(&mut self, _: DocId, _: Score) {}

    fn harvest(self) -> Vec<Ranked> {
        Vec::new()
    }
}

/// Counts the hits, stopping once there are more than `most`.
pub(super) fn count(
    searcher: &Searcher,
    query: &dyn Query,
    filter: &Filter,
    most: u64,
) -> tantivy::Result<u64> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    let mut counted = 0;
    for segment in searcher.segment_readers() {
        let columns = filter.columns(segment)?;
        let mut scorer = weight.scorer(segment, 1.0)?;
        let mut document = scorer.doc();
        while document != TERMINATED {
            if !segment.is_deleted(document) && filter.admits(&columns, document) {
                counted += 1;
                if counted > most {
                    return Ok(counted);
                }
            }
            document = scorer.advance();
        }
    }
    Ok(counted)
}
