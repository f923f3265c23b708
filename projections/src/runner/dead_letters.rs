//! Events that projections went on without, for somebody to care about.

use allhours_domain::ids::{EventId, TenantId};
use allhours_eventstore::{database::Database, recorded::Position};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::ProjectionError,
    page::{Page, rows_to_read},
    rows::column,
    sql::sql,
};

/// An event that a projection went on without. A rebuild tries it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which projection.
    pub projection: String,
    /// Which event.
    pub position: Position,
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub event: EventId,
    /// Its stored name.
    pub name: String,
    /// Why the projection could not take it.
    pub why: String,
    /// When it was put aside.
    pub parked_at: Timestamp,
}

/// A page of dead letters of one projection or of all, by position and projection, going on
/// after one of them; at most `limit`.
///
/// # Errors
///
/// A failure of the database.
pub async fn dead_letters(
    database: &Database,
    projection: Option<&str>,
    after: Option<&DeadLetter>,
    limit: usize,
) -> Result<Page<DeadLetter>, ProjectionError> {
    const TABLE: &str = "dead_letters";
    let client = database.owner().await?;
    let statement = client.prepare_cached(sql!("dead_letters/list")).await?;
    let (position, name) = after.map_or((0, ""), |it| (it.position, it.projection.as_str()));
    let limited = rows_to_read(limit);
    let rows = client.query(&statement, &[&projection, &position, &name, &limited]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok::<_, ProjectionError>(DeadLetter {
            projection: column(row, TABLE, "projection")?,
            position: column(row, TABLE, "position")?,
            tenant: column(row, TABLE, "tenant_id")?,
            event: EventId(column::<Uuid>(row, TABLE, "event_id")?),
            name: column(row, TABLE, "name")?,
            why: column(row, TABLE, "why")?,
            parked_at: column(row, TABLE, "parked_at")?,
        })
    };
    Ok(Page::of(rows.iter().map(read).collect::<Result<_, _>>()?, limit))
}
