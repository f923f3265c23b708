//! What the compiler does not check: the shape of the repository itself.

mod documents;
mod imports;
mod shape;
mod statements;
mod tree;
