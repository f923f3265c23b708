//! Articles of the knowledge base, a row for each locale.
//!
//! Read `rows` (what stands in the table), `fold` (how events change it), then `read`.

mod fold;
mod read;
mod rows;

pub use self::{
    fold::Articles,
    read::{ArticleFilter, ArticleKey, by_ids, list},
    rows::{ArticleRow, DraftState},
};

use crate::fold::{PoisonPolicy, Projection};

/// Articles.
pub const PROJECTION: Projection = Projection {
    name: "articles",
    version: 1,
    stream_types: &["article"],
    poison: PoisonPolicy::Park,
    tables: &["articles"],
    create: include_str!("../schema/articles/tables.sql"),
    index: include_str!("../schema/articles/index.sql"),
    fold: || Box::<Articles>::default(),
};
