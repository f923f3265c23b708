//! The Merkle tree of RFC 6962 (RFC 9162, section 2.1) over leaf hashes: roots and proofs.
//!
//! A [`Span`] is all it takes: the roots of the largest complete subtrees that tile a stretch of
//! leaves, a few for each level of the tree. It grows leaf by leaf in little memory; two that
//! touch join into one; the one from 0 has the tree's root. So the spans of what was left out
//! prove all that was kept at once, see [`Span::join`]. [`Consistency`] is the proof of the RFC
//! that one tree begins with another.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::canonical::sha256;

/// A node of the tree.
pub type Hash = [u8; 32];

/// The leaves from `start` to before `end`, as the roots of the largest complete subtrees that
/// tile them, from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    start: u64,
    end: u64,
    nodes: Vec<Hash>,
}

impl Span {
    /// No leaf yet; the next one has the number `start`.
    #[must_use]
    pub fn new(start: u64) -> Self {
        Self { start, end: start, nodes: Vec::new() }
    }

    /// What [`Self::nodes`] gave; `None` where it can't be the nodes of these leaves.
    #[must_use]
    pub fn from_nodes(leaves: Range<u64>, nodes: Vec<Hash>) -> Option<Self> {
        let Range { start, end } = leaves;
        let fits = start <= end && heights(start, end).count() == nodes.len();
        fits.then_some(Self { start, end, nodes })
    }

    /// The number of the next leaf; for a span from 0, how many leaves it has.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The roots of its subtrees.
    #[must_use]
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds the next leaf, given as its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.add(0, leaf);
    }

    /// Adds the leaves that come next; false, and nothing added, where `next` begins elsewhere.
    #[must_use]
    pub fn join(&mut self, next: &Self) -> bool {
        if next.start != self.end {
            return false;
        }
        for (height, node) in heights(next.start, next.end).zip(&next.nodes) {
            self.add(height, *node);
        }
        true
    }

    /// The root of a tree of these leaves alone; of none, the hash of nothing. For a span that
    /// begins at 0, or that is a branch of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let nodes = self.nodes.iter().rev().copied();
        nodes.reduce(|right, left| parent(&left, &right)).unwrap_or_else(|| sha256(&[]))
    }

    /// Adds the root of a complete subtree: while it is a right child whose left sibling is here
    /// as well, the two become their parent.
    fn add(&mut self, height: u32, node: Hash) {
        let (mut height, mut node, mut begin) = (height, node, self.end);
        self.end += 1 << height;
        while (begin >> height) & 1 == 1 && begin - (1 << height) >= self.start {
            let Some(left) = self.nodes.pop() else { break };
            node = parent(&left, &node);
            begin -= 1 << height;
            height += 1;
        }
        self.nodes.push(node);
    }
}

/// The heights of the largest complete subtrees that tile the leaves from `start` to before `end`.
fn heights(start: u64, end: u64) -> impl Iterator<Item = u32> {
    let mut at = start;
    std::iter::from_fn(move || {
        let left = end.checked_sub(at)?.checked_ilog2()?;
        let height = left.min(at.trailing_zeros());
        at += 1 << height;
        Some(height)
    })
}

/// The proof that a tree begins with the leaves of a smaller one, made while leaves pass by.
#[derive(Debug, Clone)]
pub struct Consistency {
    parts: Vec<(Range<u64>, Span)>,
}

impl Consistency {
    /// Between the trees of the first `smaller` and the first `larger` leaves.
    #[must_use]
    pub fn new(smaller: u64, larger: u64) -> Self {
        let mut parts = Vec::new();
        if smaller > 0 && smaller < larger {
            subproof(smaller, 0..larger, true, &mut parts);
        }
        let with_span = |part: Range<u64>| (part.clone(), Span::new(part.start));
        Self { parts: parts.into_iter().map(with_span).collect() }
    }

    /// Takes the leaf with this number; every one has to come, in order.
    pub fn push(&mut self, number: u64, leaf: Hash) {
        if let Some((_, span)) = self.parts.iter_mut().find(|(part, _)| part.contains(&number)) {
            span.push(leaf);
        }
    }

    /// The proof, once all leaves have come.
    #[must_use]
    pub fn proof(&self) -> Vec<Hash> {
        self.parts.iter().map(|(_, span)| span.root()).collect()
    }
}

/// `SUBPROOF` of RFC 9162, section 2.1.4.1: the branches whose roots are the proof.
fn subproof(known: u64, leaves: Range<u64>, whole: bool, parts: &mut Vec<Range<u64>>) {
    let Range { start, end } = leaves;
    let count = end - start;
    if known == count {
        if !whole {
            parts.push(start..end);
        }
        return;
    }
    let left = 1 << (count - 1).ilog2();
    if known <= left {
        subproof(known, start..start + left, whole, parts);
        parts.push(start + left..end);
    } else {
        subproof(known - left, start + left..end, false, parts);
        parts.push(start..start + left);
    }
}

/// Whether the proof shows that the larger tree begins with the smaller one: RFC 9162,
/// section 2.1.4.2. Every tree begins with the empty one and with itself, which needs no proof.
#[must_use]
pub fn is_consistent(smaller: (u64, Hash), larger: (u64, Hash), proof: &[Hash]) -> bool {
    let ((smaller, smaller_root), (larger, larger_root)) = (smaller, larger);
    if smaller == 0 || smaller == larger {
        let roots_fit = smaller == 0 || smaller_root == larger_root;
        return proof.is_empty() && roots_fit;
    }
    if smaller > larger || proof.is_empty() {
        return false;
    }
    let mut path = proof.to_vec();
    if smaller.is_power_of_two() {
        path.insert(0, smaller_root);
    }
    let skipped = (smaller - 1).trailing_ones();
    let (mut first, mut second) = ((smaller - 1) >> skipped, (larger - 1) >> skipped);
    let (mut of_smaller, mut of_larger) = (path[0], path[0]);
    for node in &path[1..] {
        if second == 0 {
            return false;
        }
        if first & 1 == 1 || first == second {
            of_smaller = parent(node, &of_smaller);
            of_larger = parent(node, &of_larger);
            while first & 1 == 0 && first != 0 {
                first >>= 1;
                second >>= 1;
            }
        } else {
            of_larger = parent(&of_larger, node);
        }
        first >>= 1;
        second >>= 1;
    }
    second == 0 && of_smaller == smaller_root && of_larger == larger_root
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    sha256(&bytes)
}
