//! Full text search over messages, conversations, customers and articles.
//!
//! One tantivy index for all tenants. Every term carries its tenant, so that no query can reach
//! another tenant's documents and none needs a filter for it. The index is a projection: it can
//! be deleted at any time and comes back from the log.
//!
//! Read [`request`] (what can be asked), [`reader`] (asking), [`index`] (following the log).
//! Inside: `fold` (events to changes), `record` (what is kept of each thing), `schema`, `writer`
//! (one generation), `script`, `normal`, `language`, `analysis`, `segment` (texts to terms),
//! `query`, `plan`, `collector`, `highlight`, `find` (a search).

mod analysis;
mod collector;
pub mod error;
mod find;
mod fold;
mod follower;
mod highlight;
mod home;
pub mod index;
mod language;
mod normal;
mod plan;
mod query;
pub mod reader;
mod record;
pub mod request;
mod schema;
mod script;
mod segment;
#[cfg(test)]
mod tests;
mod tokenizer;
pub mod verify;
mod view;
mod writer;

pub use self::{
    error::SearchError,
    home::ask_for_rebuild,
    index::SearchIndex,
    reader::{SearchReader, SearchStatus},
    request::{Audience, Author, Found, Hit, Kind, Order, SearchPage, SearchRequest, Snippet},
    verify::{Verification, verify},
};
