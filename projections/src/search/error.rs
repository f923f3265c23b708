//! What can go wrong with the search index.

use std::path::PathBuf;

use allhours_eventstore::{error::LogError, recorded::Position};

/// A failure of the search index.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// There is no index to read from yet: it is being built from the log. Ask again.
    #[error("the search index is being built, it stands at position {position}")]
    Unavailable {
        /// How far the building has come.
        position: Position,
    },
    /// The index has not seen the position asked for in time. Ask again.
    #[error("the search index stands at position {position}, not yet at {wanted}")]
    Behind {
        /// What it has seen.
        position: Position,
        /// What was asked for.
        wanted: Position,
    },
    /// Another process keeps this index.
    #[error("another process keeps the search index in {0}")]
    Owned(PathBuf),
    /// The request is outside of a limit; a bug of the caller.
    #[error("a search {0}")]
    OutOfBounds(&'static str),
    /// The index was made by another version of the program; the one that keeps it builds it anew.
    #[error("the search index is of another version of the program")]
    OtherVersion,
    /// A document of the index does not read back; the index has to be rebuilt.
    #[error("a document of the search index does not read back")]
    Document(#[source] Option<serde_json::Error>),
    /// The folder can't be read or written.
    #[error("the folder of the search index can't be used")]
    Folder(#[from] std::io::Error),
    /// The index refused.
    #[error("the search index failed")]
    Index(#[from] tantivy::TantivyError),
    /// The log can't be read.
    #[error("the log can't be read for the search index")]
    Log(#[from] LogError),
    /// A thread of the index ended before its work; the process is stopping.
    #[error("the work on the search index was given up")]
    Stopped,
}
