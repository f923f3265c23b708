//! The Merkle tree of RFC 6962 over leaf hashes, built from left to right in little memory.

use ring::digest;

/// A tree that grows: the roots of its complete subtrees, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    leaves: u64,
    peaks: Vec<[u8; 32]>,
}

impl Tree {
    /// Adds a leaf, given as its hash (which begins with the byte 0 before what it covers).
    pub fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        // Each 1 at the end of the count is a complete subtree of the same height: join them.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = join(&left, &node);
            }
        }
        self.peaks.push(node);
        self.leaves += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root; of an empty tree, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| join(&left, &right));
        joined.unwrap_or_else(|| sha256(&[]))
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    sha256(&bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the RFC writes it: split at the largest power of two below the count.
    fn by_the_book(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let middle = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(middle);
                join(&by_the_book(left), &by_the_book(right))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_the_rfc_for_every_size() {
        let leaves: Vec<[u8; 32]> = (0..70_u8).map(|it| sha256(&[0, it])).collect();
        for size in 0..leaves.len() {
            let mut tree = Tree::default();
            leaves[..size].iter().for_each(|leaf| tree.push(*leaf));
            assert_eq!(tree.root(), by_the_book(&leaves[..size]), "{size} leaves");
        }
    }

    #[test]
    fn an_empty_tree_has_the_root_that_the_rfc_names() {
        let root = hex::encode(Tree::default().root());
        assert_eq!(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
