//! What is asked of deliveries.

use allhours_domain::{
    ids::{IntakeId, TenantId},
    words::Channel,
};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{
    Client,
    error::ProjectionError,
    intakes::{IntakeRow, IntakeStatus},
    page::{Page, Span, rows_to_read},
    rows::{Row, column},
    sql::sql,
};

/// Which deliveries; every part that is given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IntakeFilter {
    /// That stand so.
    pub status: Option<IntakeStatus>,
    /// On this channel.
    pub channel: Option<Channel>,
}

/// Where a page of deliveries ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeKey {
    /// When it came first.
    pub received_at: Timestamp,
    /// Which one.
    pub id: IntakeId,
}

impl From<&IntakeRow> for IntakeKey {
    fn from(row: &IntakeRow) -> Self {
        Self { received_at: row.received_at, id: row.id }
    }
}

/// The deliveries with these ids, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(client: &Client, ids: &[IntakeId]) -> Result<Vec<IntakeRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("intakes/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(IntakeRow::read).collect()
}

/// A page of the filtered deliveries, the newest first.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    filter: IntakeFilter,
    span: &Span<IntakeKey>,
) -> Result<Page<IntakeRow>, ProjectionError> {
    let channel = filter.channel.map(Channel::as_str);
    let (after_at, after) = parts(span.after);
    let (before_at, before) = parts(span.before);
    let limit = rows_to_read(span.limit);
    // The few that wait stand among the many that do not: a status has a statement of its own,
    // which finds them by the index.
    let rows = if let Some(status) = filter.status.map(IntakeStatus::as_str) {
        let text = span.either(sql!("intakes/list_by_status"), sql!("intakes/list_by_status_back"));
        let statement = client.prepare_cached(text).await?;
        let values: &[&(dyn ToSql + Sync)] =
            &[&status, &channel, &after_at, &after, &before_at, &before, &limit];
        client.query(&statement, values).await?
    } else {
        let text = span.either(sql!("intakes/list"), sql!("intakes/list_back"));
        let statement = client.prepare_cached(text).await?;
        let values: &[&(dyn ToSql + Sync)] =
            &[&channel, &after_at, &after, &before_at, &before, &limit];
        client.query(&statement, values).await?
    };
    let rows = rows.iter().map(IntakeRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}

/// A delivery that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Whose desk.
    pub tenant_id: TenantId,
    /// Which delivery.
    pub id: IntakeId,
}

/// The deliveries of all tenants that were received before `at` and still wait for a person, the
/// longest waiting first. For the timers, on a connection of the owner; a tenant's reader sees its
/// own only.
///
/// # Errors
///
/// A failure of the database.
pub async fn parked_before(
    client: &Client,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<Waiting>, ProjectionError> {
    let statement = client.prepare_cached(sql!("intakes/parked_before")).await?;
    let limit = rows_to_read(limit) - 1;
    let waiting = |row: &tokio_postgres::Row| {
        let (tenant_id, id) = (column(row, "intakes", "tenant_id")?, column(row, "intakes", "id")?);
        Ok(Waiting { tenant_id, id })
    };
    client.query(&statement, &[&at, &limit]).await?.iter().map(waiting).collect()
}

fn parts(key: Option<IntakeKey>) -> (Option<Timestamp>, Option<Uuid>) {
    (key.map(|key| key.received_at), key.map(|key| key.id.0))
}
