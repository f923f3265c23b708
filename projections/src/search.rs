//! Full text search over messages, conversations, customers and articles.
//!
//! One tantivy index for all tenants. Every term carries its tenant, so that no query can reach
//! another tenant's documents and none needs a filter for it. The index is a projection: it can
//! be deleted at any time and comes back from the log.
//!
//! Read [`request`] (what can be asked), then [`reader`] and [`index`].

pub mod error;
pub mod request;

pub use self::{
    error::SearchError,
    request::{Audience, Author, Found, Hit, Kind, Order, SearchPage, SearchRequest, Snippet},
};
