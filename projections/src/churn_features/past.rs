//! Histories for training: those that the table holds now, and those of any earlier moment,
//! folded from the log alone.

use std::{borrow::Cow, collections::HashMap};

use allhours_domain::{
    catalogue::AnyEvent,
    features::{CustomerHistory, Fact},
    ids::{CustomerId, TenantId},
};
use allhours_eventstore::{
    database::Database,
    log::Log,
    recorded::{Position, Recorded},
};
use jiff::Timestamp;

use crate::{
    batch::Batch,
    churn_features::{ChurnFeatures, HistoryRow, PROJECTION},
    connection::Connection,
    error::ProjectionError,
    fold::Fold as _,
    page::Span,
    rows::{Row, column},
    runner::dead_letters,
    sql::sql,
};

const PAGE_EVENTS: usize = 5_000;

/// The histories of a tenant at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histories {
    /// One for each profile, by id; merged ones and those that may not be used among them.
    pub rows: Vec<HistoryRow>,
    /// What stands in the log up to here is in them.
    pub position: Position,
    /// How many events could not be read, and are not in them.
    pub unreadable: u64,
}

/// What the table holds, of one snapshot; none where nobody keeps it yet, or not all of it.
///
/// # Errors
///
/// A failure of the database.
pub async fn kept(
    database: &Database,
    tenant: TenantId,
) -> Result<Option<Histories>, ProjectionError> {
    let connection = Connection::open(database).await?;
    connection.run("begin isolation level repeatable read read only").await?;
    let mut position = None;
    for row in connection.query(sql!("checkpoints/live"), &[]).await? {
        if column::<String>(&row, "checkpoints", "projection")? == PROJECTION.name {
            position = Some(column(&row, "checkpoints", "position")?);
        }
    }
    let Some(position) = position else { return Ok(None) };
    let rows = connection.query(sql!("churn_features/of_tenant"), &[&tenant.0]).await?;
    let rows = rows.iter().map(HistoryRow::read).collect::<Result<_, _>>()?;
    connection.run("rollback").await?;
    // Where the table went on without events, the log says how many.
    let one = Span::first(None, 1);
    let parked = dead_letters(database, Some(PROJECTION.name), Some(tenant), &one).await?;
    if !parked.rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(Histories { rows, position, unreadable: 0 }))
}

/// What the log says up to `position` of what had happened by `at`. `progress` is told how far
/// the log was read.
///
/// # Errors
///
/// A failure of the log.
pub async fn at<L: Log>(
    log: &L,
    tenant: TenantId,
    position: Position,
    at: Timestamp,
    progress: &(dyn Fn(Position) + Send + Sync),
) -> Result<Histories, ProjectionError> {
    let mut fold = ChurnFeatures::default();
    for table in fold.tables() {
        table.set_complete(true);
    }
    let mut unreadable = 0;
    let mut after = 0;
    while after < position {
        let left = usize::try_from(position - after).unwrap_or(PAGE_EVENTS);
        let events = log.read(after, left.min(PAGE_EVENTS)).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        // Clocks of several processes differ: what was later than the moment is left out also
        // where it was written down before.
        let known = events.into_iter().filter(|it| it.tenant == tenant && it.occurred_at <= at);
        let batch = Batch::decode(known, |stream_type| PROJECTION.folds(stream_type));
        unreadable += batch.fold(&PROJECTION, &mut fold)?.len() as u64;
        progress(after);
    }
    let mut rows: Vec<HistoryRow> = fold.histories.iter().cloned().collect();
    rows.sort_unstable_by_key(|row| row.customer_id);
    Ok(Histories { rows, position, unreadable })
}

/// What of the log after a position says about customers.
#[derive(Debug, Default)]
pub struct Later {
    /// Whether anything changed a history.
    pub changed: bool,
    /// What was said of profiles; nothing else counts here.
    profiles: HashMap<CustomerId, CustomerHistory>,
}

impl Later {
    /// Reads the log after `position` up to `end`.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn than<L: Log>(
        log: &L,
        tenant: TenantId,
        position: Position,
        end: Position,
    ) -> Result<Self, ProjectionError> {
        let mut later = Self::default();
        let mut after = position;
        while after < end {
            let left = usize::try_from(end - after).unwrap_or(PAGE_EVENTS);
            let events = log.read(after, left.min(PAGE_EVENTS)).await?;
            let Some(last) = events.last() else { break };
            after = last.position;
            events.iter().filter(|event| event.tenant == tenant).for_each(|it| later.observe(it));
        }
        Ok(later)
    }

    /// What may be used of a history after what was said since.
    #[must_use]
    pub fn allows<'a>(&self, row: &'a HistoryRow) -> Cow<'a, CustomerHistory> {
        match self.profiles.get(&row.customer_id) {
            Some(since) => row.history.as_allowed_since(since),
            None => Cow::Borrowed(&row.history.0),
        }
    }

    fn observe(&mut self, recorded: &Recorded) {
        if !PROJECTION.folds(recorded.stream.stream_type.0) {
            return;
        }
        self.changed = true;
        if let Ok(AnyEvent::Customer(event)) = recorded.event() {
            let profile = self.profiles.entry(CustomerId(recorded.stream.id)).or_default();
            profile.observe(Fact::Customer(&event), recorded.occurred_at);
        }
    }
}
