//! The profiles of a customer: their own, and every one that was merged into it.
//!
//! What belongs to a customer stands under the profile that it came by. Who asks for all of it asks
//! for the profiles first: a merge and its undoing move no row.

use allhours_domain::ids::CustomerId;
use uuid::Uuid;

use crate::{Client, error::ProjectionError, rows::column, sql::sql};

/// A profile of a customer: their own, or one that was merged into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Who was asked for.
    pub asked: CustomerId,
    /// The profile.
    pub id: CustomerId,
}

/// These customers' own profiles, with every one that was merged into them, directly or by way of
/// others.
///
/// # Errors
///
/// A failure of the database.
pub async fn profiles(
    client: &Client,
    customers: &[CustomerId],
) -> Result<Vec<Profile>, ProjectionError> {
    let ids: Vec<Uuid> = customers.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("customers/profiles")).await?;
    let rows = client.query(&statement, &[&ids]).await?;
    let profile = |row: &tokio_postgres::Row| {
        Ok(Profile {
            asked: column(row, "customers", "asked")?,
            id: column(row, "customers", "id")?,
        })
    };
    rows.iter().map(profile).collect()
}
