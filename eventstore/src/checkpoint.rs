//! Checkpoints: how large the log was, and the root of its Merkle tree, in signed words.
//!
//! [`Checkpoint`] is the statement (C2SP `tlog-checkpoint`), [`note`] the form it is signed in
//! (C2SP `signed-note`, Ed25519), so that any tool of that family checks it. [`at`] makes the one
//! of a size, or finds it: kept ones never change, so a size has one note for ever.

pub mod note;
#[cfg(test)]
mod tests;

use std::future::Future;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::note::Signer;
use crate::{
    error::LogError,
    log::Log,
    merkle::{Hash, Span},
    recorded::Position,
};

/// How many leaf hashes are read at once.
const PAGE_LEAVES: usize = 20_000;

/// What a log was at some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of the key that signs for it.
    pub origin: String,
    /// How many events it had; the position of the last.
    pub size: u64,
    /// The root of the Merkle tree over their leaf hashes.
    pub root: Hash,
}

impl Checkpoint {
    /// The statement as text, three lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the statement; `None` for any other text than [`Self::to_text`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size) = (lines.next()?.to_owned(), lines.next()?.parse().ok()?);
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let checkpoint = Self { origin, size, root };
        (checkpoint.to_text() == text).then_some(checkpoint)
    }
}

/// A checkpoint as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// How many events the log had.
    pub size: Position,
    /// The size of the newest one when this was made; 0 for the first.
    pub previous: Position,
    /// The nodes of the span of all events, from which the next one goes on.
    pub nodes: Vec<Hash>,
    /// The signed words.
    pub note: String,
}

impl Kept {
    /// The span of all its events; `None` where the nodes can't be theirs.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        Span::from_nodes(0..u64::try_from(self.size).ok()?, self.nodes.clone())
    }
}

/// A log that keeps checkpoints.
pub trait Checkpoints: Log {
    /// The leaf hashes of the events with `position > after`, in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn leaves(
        &self,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Hash>, LogError>> + Send;

    /// The largest kept checkpoint of at most `size` events.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn checkpoint_up_to(
        &self,
        size: Position,
    ) -> impl Future<Output = Result<Option<Kept>, LogError>> + Send;

    /// Keeps a checkpoint, unless there is one of its size already.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn keep_checkpoint(&self, kept: &Kept) -> impl Future<Output = Result<(), LogError>> + Send;
}

/// The checkpoint of the first `size` events: the kept one, else a new one, which is then kept.
///
/// # Errors
///
/// A failure of the store, or [`LogError::OutOfBounds`] where the log is not that long.
pub async fn at<L: Checkpoints>(
    log: &L,
    signer: &Signer,
    size: Position,
) -> Result<Kept, LogError> {
    let before = log.checkpoint_up_to(size).await?;
    let previous = match before {
        Some(kept) if kept.size == size => return Ok(kept),
        before => before,
    };
    // Only what we signed ourselves is built upon; else everything is read anew.
    let known = previous.as_ref().and_then(|kept| ours(kept, signer));
    let mut span = known.unwrap_or_else(|| Span::new(0));
    each_leaf(log, span.end(), size, |_, leaf| span.push(leaf)).await?;
    let checkpoint =
        Checkpoint { origin: signer.name().to_owned(), size: span.end(), root: span.root() };
    let kept = Kept {
        size,
        previous: previous.map_or(0, |kept| kept.size),
        nodes: span.nodes().to_vec(),
        note: signer.sign(&checkpoint.to_text()),
    };
    log.keep_checkpoint(&kept).await?;
    // Another process may have been faster; then theirs stands.
    Ok(log.checkpoint_up_to(size).await?.filter(|it| it.size == size).unwrap_or(kept))
}

/// The span of a checkpoint that this key signed, where its nodes have the root that it states.
fn ours(kept: &Kept, signer: &Signer) -> Option<Span> {
    let checkpoint = signer.verifier().open(&kept.note).ok()?;
    let span = kept.span()?;
    (checkpoint.size == span.end() && checkpoint.root == span.root()).then_some(span)
}

/// Reads the leaf hashes with the numbers from `from` (the event at position 1 has number 0) up
/// to the event at position `to`.
///
/// # Errors
///
/// A failure of the store, or [`LogError::OutOfBounds`] where the log is not that long.
pub async fn each_leaf<L: Checkpoints>(
    log: &L,
    from: u64,
    to: Position,
    mut with: impl FnMut(u64, Hash) + Send,
) -> Result<(), LogError> {
    let end = u64::try_from(to).unwrap_or_default();
    let mut number = from;
    while number < end {
        let after = Position::try_from(number).unwrap_or(Position::MAX);
        let left = usize::try_from(end - number).unwrap_or(PAGE_LEAVES);
        let page = log.leaves(after, left.min(PAGE_LEAVES)).await?;
        if page.is_empty() {
            return Err(LogError::OutOfBounds("asks for a checkpoint beyond the end of the log"));
        }
        for leaf in page {
            with(number, leaf);
            number += 1;
        }
    }
    Ok(())
}
