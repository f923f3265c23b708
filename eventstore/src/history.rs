//! Questions asked of the log itself: events by position, by id, by filter, by instant.

use std::{collections::BTreeSet, future::Future};

use allhours_domain::{
    actor::Actor,
    ids::{CommandId, CorrelationId, EventId, MessageId, SubjectId, TenantId},
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    error::LogError,
    log::Log,
    recorded::{Position, Recorded, StreamId, StreamType},
};

/// Which events; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// With `position >` this.
    pub after: Option<Position>,
    /// With `position <` this.
    pub before: Option<Position>,
    /// Of this stream.
    pub stream: Option<StreamId>,
    /// Of streams of this type.
    pub stream_type: Option<StreamType>,
    /// With one of these stored names; empty means any.
    pub names: Vec<String>,
    /// Caused by this actor.
    pub actor: Option<Actor>,
    /// Following from this outside cause.
    pub correlation_id: Option<CorrelationId>,
    /// Caused by this command.
    pub command_id: Option<CommandId>,
    /// Written down at this instant or later.
    pub recorded_from: Option<Timestamp>,
    /// Written down before this instant.
    pub recorded_until: Option<Timestamp>,
}

impl EventFilter {
    /// Whether an event fits.
    #[must_use]
    pub fn fits(&self, event: &Recorded) -> bool {
        self.after.is_none_or(|it| event.position > it)
            && self.before.is_none_or(|it| event.position < it)
            && self.stream.is_none_or(|it| event.stream == it)
            && self.stream_type.is_none_or(|it| event.stream.stream_type == it)
            && (self.names.is_empty() || self.names.contains(&event.name))
            && self.actor.as_ref().is_none_or(|it| event.actor == *it)
            && self.correlation_id.is_none_or(|it| event.correlation_id == it)
            && self.command_id.is_none_or(|it| event.command_id == it)
            && self.recorded_from.is_none_or(|it| event.recorded_at >= it)
            && self.recorded_until.is_none_or(|it| event.recorded_at < it)
    }
}

/// What is wanted of one stream, where several are read at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of this stream.
    pub stream: StreamId,
    /// With `version >` this.
    pub after: i32,
    /// Only events about these messages; none means all events.
    pub about: Option<BTreeSet<MessageId>>,
    /// No event about these messages.
    pub but: BTreeSet<MessageId>,
}

impl Part {
    /// All of a stream.
    #[must_use]
    pub fn all(stream: StreamId) -> Self {
        Self { stream, after: 0, about: None, but: BTreeSet::new() }
    }

    /// Whether an event fits.
    #[must_use]
    pub fn fits(&self, event: &Recorded) -> bool {
        /// What an event says of the message that it is about.
        #[derive(Deserialize)]
        struct About {
            message: MessageId,
        }
        let message = serde_json::from_str::<About>(&event.payload).ok().map(|it| it.message);
        let wanted = |about: &BTreeSet<_>| message.is_some_and(|it| about.contains(&it));
        event.stream == self.stream
            && event.version > self.after
            && self.about.as_ref().is_none_or(wanted)
            && !message.is_some_and(|it| self.but.contains(&it))
    }
}

/// Parts of several streams, between two positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The parts.
    pub parts: Vec<Part>,
    /// With `position >` this.
    pub after: Option<Position>,
    /// With `position <` this.
    pub before: Option<Position>,
    /// With one of these stored names; empty means any.
    pub names: Vec<String>,
}

/// Which end of the filtered events a page begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The oldest first.
    Oldest,
    /// The newest first.
    Newest,
}

/// Reading the log by other ways than its streams. Always within one tenant, always sealed.
pub trait History: Log {
    /// The events at these positions, in order of position; another tenant's are left out.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn at_positions(
        &self,
        tenant: TenantId,
        positions: &[Position],
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// The events with these ids, in no order; unknown ones and another tenant's are left out.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn by_ids(
        &self,
        tenant: TenantId,
        events: &[EventId],
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// A page of the filtered events in the order asked, at most `limit`.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn page(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        start: Start,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Recorded>, LogError>> + Send;

    /// The events of several streams in one question: of each part at most `limit_each`, from
    /// the end asked for. With each event comes the index of its part; in order of parts.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn parts(
        &self,
        tenant: TenantId,
        parts: &Parts,
        start: Start,
        limit_each: usize,
    ) -> impl Future<Output = Result<Vec<(usize, Recorded)>, LogError>> + Send;

    /// The position of the last event written down at `at` or before; 0 before the first.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn position_at(&self, at: Timestamp)
    -> impl Future<Output = Result<Position, LogError>> + Send;

    /// How many sealed texts there are about these subjects.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn texts_about(
        &self,
        tenant: TenantId,
        subjects: &[SubjectId],
    ) -> impl Future<Output = Result<u64, LogError>> + Send;

    /// Where sealed texts about a subject stand that were not deleted: positions after `after`,
    /// in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    fn positions_about(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Position>, LogError>> + Send;
}
