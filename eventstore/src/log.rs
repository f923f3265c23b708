//! What every log keeps; PostgreSQL and memory run the same contract suite.

use std::future::Future;

use allhours_domain::ids::{CommandId, TenantId};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    append::{Append, Receipt},
    error::LogError,
    recorded::{Position, Recorded, StreamId},
};

/// An append-only, totally ordered log of events.
pub trait Log: Clone + Send + Sync + 'static {
    /// Appends all or nothing.
    ///
    /// # Errors
    ///
    /// [`LogError::Conflict`] where a stream has moved on; [`LogError::Unknown`] where nobody
    /// knows; see [`LogError`] for the rest.
    fn append(&self, append: Append) -> impl Future<Output = Result<Receipt, LogError>> + Send;

    /// The events of one stream with `version > after_version`, in order, sealed, at most
    /// `limit`. An unknown stream, and another tenant's, has none.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn load(
        &self,
        tenant: TenantId,
        stream: StreamId,
        after_version: i32,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// All events with `position > after`, in order, sealed, at most `limit`.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// Opens the personal texts of these events in place; forgotten ones read as erased.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a key that does not open what it should.
    fn open(
        &self,
        events: Vec<Recorded>,
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// The position that answers a command id used before; `None` for a new one. A command is
    /// only used up by an append that was accepted, never by a refusal.
    ///
    /// # Errors
    ///
    /// [`LogError::CommandReused`] where it was used for something else.
    fn answered(
        &self,
        tenant: TenantId,
        command_id: CommandId,
        request_hash: [u8; 32],
    ) -> impl Future<Output = Result<Option<Position>, LogError>> + Send;

    /// The blind index of a text that must be found again but not stood in the log: a UUID v5
    /// of its HMAC under the tenant's index key. The same text gives the same id.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a missing key.
    fn blind_index(
        &self,
        tenant: TenantId,
        text: &str,
    ) -> impl Future<Output = Result<Uuid, LogError>> + Send;

    /// The position of the newest event; 0 for an empty log.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn head(&self) -> impl Future<Output = Result<Position, LogError>> + Send;

    /// Changes to a position whenever the log has grown at least that far. A hint: it may come
    /// late, and readers poll as well.
    fn grown(&self) -> watch::Receiver<Position>;
}
