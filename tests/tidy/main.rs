//! What the compiler does not check: the shape of the repository itself.
#![expect(clippy::panic, reason = "a test that cannot read the tree should stop")]

mod documents;
mod imports;
mod shape;
mod statements;
mod tree;
