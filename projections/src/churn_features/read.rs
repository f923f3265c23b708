//! What is asked of churn features.

use allhours_domain::ids::CustomerId;
use uuid::Uuid;

use crate::{
    Client,
    churn_features::HistoryRow,
    error::ProjectionError,
    page::{Page, rows_to_read},
    rows::Row,
    sql::sql,
};

/// The histories of these customers, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(
    client: &Client,
    ids: &[CustomerId],
) -> Result<Vec<HistoryRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("churn_features/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(HistoryRow::read).collect()
}

/// A page of all histories by customer, at most `limit`, for training and scoring. Whether one
/// may be used is asked of the history itself.
///
/// # Errors
///
/// A failure of the database.
pub async fn export(
    client: &Client,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<Page<HistoryRow>, ProjectionError> {
    let statement = client.prepare_cached(sql!("churn_features/export")).await?;
    let after = after.map(|id| id.0);
    let rows = client.query(&statement, &[&after, &rows_to_read(limit)]).await?;
    let rows = rows.iter().map(HistoryRow::read).collect::<Result<_, _>>()?;
    Ok(Page::of(rows, limit))
}
