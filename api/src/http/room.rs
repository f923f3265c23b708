//! Room for answers: how long one may be, and all together that readers have not taken yet.
//!
//! What an answer costs is known before it runs, what its texts weigh is not. And whoever asks for
//! much and reads slowly has the server hold it meanwhile.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Server;

/// What is counted as one.
const UNIT_BYTES: usize = 1_024;
/// Shorter ones are not counted: a kernel takes them at once.
const SMALL_BYTES: usize = 64 * UNIT_BYTES;

/// The room of one process.
#[derive(Debug)]
pub struct Room {
    /// The most bytes of one answer.
    pub answer_bytes_max: usize,
    units: Arc<Semaphore>,
}

/// An answer that takes its room for as long as any of it is unsent.
struct Held {
    text: Vec<u8>,
    _units: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Room {
    /// As the settings have it.
    #[must_use]
    pub fn new(settings: &Server) -> Self {
        let units = settings.answers_bytes_max / UNIT_BYTES;
        Self {
            answer_bytes_max: settings.answer_bytes_max,
            units: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// The answer as it is sent; nothing where there is no room for it.
    #[must_use]
    pub fn take(&self, text: Vec<u8>) -> Option<Bytes> {
        if text.len() <= SMALL_BYTES {
            return Some(text.into());
        }
        let units = u32::try_from(text.len().div_ceil(UNIT_BYTES)).ok()?;
        let units = Arc::clone(&self.units).try_acquire_many_owned(units).ok()?;
        Some(Bytes::from_owner(Held { text, _units: units }))
    }
}
