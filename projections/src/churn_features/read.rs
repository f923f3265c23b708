//! What is asked of churn features.

use allhours_domain::ids::CustomerId;
use uuid::Uuid;

use crate::{Client, churn_features::HistoryRow, error::ProjectionError, rows::Row, sql::sql};

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

/// The history of a profile and of every one that was merged into it, directly or by way of others;
/// in no order.
///
/// # Errors
///
/// A failure of the database.
pub async fn of_person(
    client: &Client,
    customer: CustomerId,
) -> Result<Vec<HistoryRow>, ProjectionError> {
    let statement = client.prepare_cached(sql!("churn_features/of_person")).await?;
    client.query(&statement, &[&customer.0]).await?.iter().map(HistoryRow::read).collect()
}
