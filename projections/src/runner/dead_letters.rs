//! Events that projections went on without, for somebody to care about.

use allhours_domain::ids::{EventId, TenantId};
use allhours_eventstore::{database::Database, recorded::Position};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
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

/// Where a page of dead letters ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterKey {
    /// Which event.
    pub position: Position,
    /// Which projection.
    pub projection: String,
}

impl From<&DeadLetter> for DeadLetterKey {
    fn from(letter: &DeadLetter) -> Self {
        Self { position: letter.position, projection: letter.projection.clone() }
    }
}

/// A page of dead letters, of one projection or of all, of one tenant or of all, by position and
/// projection.
///
/// # Errors
///
/// A failure of the database.
pub async fn dead_letters(
    database: &Database,
    projection: Option<&str>,
    tenant: Option<TenantId>,
    span: &Span<DeadLetterKey>,
) -> Result<Page<DeadLetter>, ProjectionError> {
    const TABLE: &str = "dead_letters";
    let client = database.owner().await?;
    let statement = span.either(sql!("dead_letters/list"), sql!("dead_letters/list_back"));
    let statement = client.prepare_cached(statement).await?;
    let (after, before) = (span.after.as_ref(), span.before.as_ref());
    let rows = client
        .query(
            &statement,
            &[
                &projection,
                &tenant.map(|tenant| tenant.0),
                &after.map(|key| key.position),
                &after.map(|key| key.projection.as_str()),
                &before.map(|key| key.position),
                &before.map(|key| key.projection.as_str()),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
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
    Ok(Page::spanning(rows.iter().map(read).collect::<Result<_, _>>()?, span))
}
