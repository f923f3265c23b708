//! That a bundle's events stand where they say in the signed log.
//!
//! The bundle holds the spans of all leaves that it left out, a line for each stretch between its
//! events. Together with the events they give the root of the whole log's tree, so that they
//! prove all events at once: no more nodes than a proof for each would have, and none for a
//! range without gaps. The checkpoint signs the root.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Lines, Write},
    path::Path,
};

use allhours_eventstore::{
    checkpoint::{self, Checkpoint, Checkpoints},
    merkle::{Consistency, Hash, Span},
    recorded::Position,
};
use serde::{Deserialize, Serialize};

use super::{ExportError, files::failed};

/// The file with what the bundle left out.
pub const INCLUSION: &str = "inclusion.jsonl";
/// The signed checkpoint of the log up to the end of the range.
pub const CHECKPOINT: &str = "checkpoint.note";
/// The one before it.
pub const PREVIOUS: &str = "checkpoint-before.note";

/// Events that were left out: the nodes of their span.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    from: Position,
    to: Position,
    nodes: Vec<String>,
}

impl Gap {
    fn of(span: &Span, from: Position) -> Self {
        let to = Position::try_from(span.end()).unwrap_or(Position::MAX);
        Self { from, to, nodes: span.nodes().iter().map(hex::encode).collect() }
    }

    fn span(&self) -> Option<Span> {
        let (from, to) = (u64::try_from(self.from).ok()?, u64::try_from(self.to).ok()?);
        let nodes: Option<Vec<Hash>> = self.nodes.iter().map(|node| read_hash(node)).collect();
        Span::from_nodes(from.checked_sub(1)?..to, nodes?)
    }
}

/// A hash in hexadecimal.
pub(super) fn read_hash(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}

/// What a pass over the log found.
pub(super) struct Proved {
    pub events: u64,
    pub first: Position,
    pub last: Position,
    /// That the log begins with the events of the previous checkpoint.
    pub consistency: Vec<Hash>,
}

/// Writes the spans of all events that are not among `rows`, which come in order.
pub(super) async fn write<L: Checkpoints>(
    log: &L,
    signed: &Checkpoint,
    previous_size: Position,
    mut rows: impl Iterator<Item = Result<(Position, Hash), ExportError>> + Send,
    path: &Path,
) -> Result<Proved, ExportError> {
    let mut out = BufWriter::new(File::create(path).map_err(failed(path))?);
    let mut proved = Proved { events: 0, first: 0, last: 0, consistency: Vec::new() };
    let previous = u64::try_from(previous_size).unwrap_or_default();
    let mut consistency = Consistency::new(previous, signed.size);
    let (mut tree, mut gap, mut gap_from) = (Span::new(0), Span::new(0), 1);
    let mut next = rows.next().transpose()?;
    let mut broken = None;
    let size = Position::try_from(signed.size).unwrap_or(Position::MAX);
    checkpoint::each_leaf(log, 0, size, |number, leaf| {
        consistency.push(number, leaf);
        tree.push(leaf);
        let position = Position::try_from(number + 1).unwrap_or(Position::MAX);
        let Some((_, row)) = next.filter(|(at, _)| *at == position) else {
            gap.push(leaf);
            return;
        };
        if row != leaf {
            broken.get_or_insert(ExportError::Tampered(position));
        }
        if let Err(error) = write_gap(&mut out, &gap, gap_from) {
            broken.get_or_insert(failed(path)(error));
        }
        (gap, gap_from) = (Span::new(number + 1), position + 1);
        proved.events += 1;
        proved.last = position;
        if proved.first == 0 {
            proved.first = position;
        }
        match rows.next().transpose() {
            Ok(row) => next = row,
            Err(error) => broken = Some(error),
        }
    })
    .await?;
    if let Some(error) = broken {
        return Err(error);
    }
    if tree.root() != signed.root || next.is_some() {
        return Err(ExportError::NotAsSigned(size));
    }
    write_gap(&mut out, &gap, gap_from).map_err(failed(path))?;
    let file = out.into_inner().map_err(|error| failed(path)(error.into_error()))?;
    file.sync_all().map_err(failed(path))?;
    proved.consistency = consistency.proof();
    Ok(proved)
}

fn write_gap(out: &mut impl Write, gap: &Span, from: Position) -> std::io::Result<()> {
    if gap.nodes().is_empty() {
        return Ok(());
    }
    serde_json::to_writer(&mut *out, &Gap::of(gap, from))?;
    out.write_all(b"\n")
}

/// The tree of the log, built again from a bundle's events and the spans of all others.
pub(super) struct Rebuilt {
    gaps: Lines<BufReader<File>>,
    line: u64,
    tree: Span,
    /// What does not fit; nothing more is looked at then.
    pub wrong: Option<String>,
}

impl Rebuilt {
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let file = File::open(path).map_err(failed(path))?;
        let gaps = BufReader::new(file).lines();
        Ok(Self { gaps, line: 0, tree: Span::new(0), wrong: None })
    }

    fn expected(&self) -> Position {
        Position::try_from(self.tree.end()).map_or(Position::MAX, |end| end + 1)
    }

    /// Takes the next event of the bundle, after what was left out before it.
    pub(super) fn event(&mut self, place: &str, position: Position, leaf: Hash) {
        while self.wrong.is_none() && self.expected() < position {
            if !self.take_gap() {
                let expected = self.expected();
                self.wrong = Some(format!(
                    "{place}: position {position} comes where {expected} is proved to stand; \
                     events are missing before it"
                ));
            }
        }
        if self.wrong.is_none() && self.expected() == position {
            self.tree.push(leaf);
        } else if self.wrong.is_none() {
            self.wrong = Some(format!("{place}: position {position} is not proved to stand here"));
        }
    }

    /// Takes a line of what was left out; false where there is none that fits here.
    fn take_gap(&mut self) -> bool {
        let Some(Ok(text)) = self.gaps.next() else { return false };
        self.line += 1;
        let gap = serde_json::from_str::<Gap>(&text).ok().and_then(|gap| gap.span());
        gap.is_some_and(|gap| self.tree.join(&gap))
    }

    /// Compares with what was signed.
    pub(super) fn end(mut self, signed: &Checkpoint) -> Option<String> {
        while self.wrong.is_none() && self.tree.end() < signed.size {
            if !self.take_gap() {
                let expected = self.expected();
                self.wrong = Some(format!("the events from position {expected} on are missing"));
            }
        }
        if self.wrong.is_none() && (self.gaps.next().is_some() || self.tree.end() != signed.size) {
            self.wrong = Some(format!("{INCLUSION}: there is more than the checkpoint signed"));
        }
        if self.wrong.is_none() && self.tree.root() != signed.root {
            self.wrong = Some("the events are not those that the checkpoint signed".to_owned());
        }
        self.wrong
    }
}
