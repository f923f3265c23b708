//! Articles of the knowledge base, a row for each locale.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod read;
mod rows;

pub use self::{
    read::{ArticleFilter, ArticleKey, by_ids, list},
    rows::{ArticleRow, DraftState},
};
