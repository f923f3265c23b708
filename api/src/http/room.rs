//! Room for answers: how long one may be, and all together that readers have not taken yet.
//!
//! What an answer costs is known before it runs, what its texts weigh is not. And whoever asks for
//! much and reads slowly has the server hold it meanwhile.

use axum::body::Bytes;

use crate::{
    config::Server,
    graphql::viewer::Viewer,
    limits::shares::{Share, Shares},
};

/// What is counted as one.
const UNIT_BYTES: usize = 1_024;
/// Shorter answers are not counted: a kernel takes them at once. Of what is sent on sockets and
/// streams everything is, since one person can have very many of those results unread.
const SMALL_BYTES: usize = 64 * UNIT_BYTES;

/// The room of one process.
#[derive(Debug)]
pub struct Room {
    /// The most bytes of one answer.
    pub answer_bytes_max: usize,
    shares: Shares,
}

/// An answer that takes its room for as long as any of it is unsent.
struct Held {
    text: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Room {
    /// As the settings have it; a quarter of it for one person.
    #[must_use]
    pub fn new(settings: &Server) -> Self {
        let units = settings.answers_bytes_max / UNIT_BYTES;
        Self {
            answer_bytes_max: settings.answer_bytes_max,
            shares: Shares::new(u64::try_from(units).unwrap_or(u64::MAX)),
        }
    }

    /// An answer as it is sent; nothing where there is no room for it.
    #[must_use]
    pub fn take(&self, viewer: &Viewer, text: Vec<u8>) -> Option<Bytes> {
        if text.len() <= SMALL_BYTES { Some(text.into()) } else { self.take_any(viewer, text) }
    }

    /// The same of a result on a socket or a stream.
    #[must_use]
    pub fn take_any(&self, viewer: &Viewer, text: Vec<u8>) -> Option<Bytes> {
        let units = u64::try_from(text.len().div_ceil(UNIT_BYTES)).ok()?;
        let share = self.shares.take(Some(viewer), units)?;
        Some(Bytes::from_owner(Held { text, _share: share }))
    }
}
