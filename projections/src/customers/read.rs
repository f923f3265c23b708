//! What is asked of customers. Their conversations are asked of `conversations`.

use allhours_domain::{ids::CustomerId, text::Language, words::Tier};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Client,
    customers::CustomerRow,
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    rows::Row,
    sql::sql,
};

/// Which customers; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Of this tier.
    pub tier: Option<Tier>,
    /// Writing in this language.
    pub language: Option<Language>,
    /// Also those that were merged into another profile.
    pub merged_too: bool,
    /// Also those that were forgotten.
    pub erased_too: bool,
}

/// Where a page of customers ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerKey {
    /// When they became known.
    pub identified_at: Timestamp,
    /// Who.
    pub id: CustomerId,
}

impl From<&CustomerRow> for CustomerKey {
    fn from(row: &CustomerRow) -> Self {
        Self { identified_at: row.identified_at, id: row.id }
    }
}

/// The customers with these ids, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(
    client: &Client,
    ids: &[CustomerId],
) -> Result<Vec<CustomerRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("customers/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(CustomerRow::read).collect()
}

/// A page of the filtered customers, the newest first.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    filter: &CustomerFilter,
    span: &Span<CustomerKey>,
) -> Result<Page<CustomerRow>, ProjectionError> {
    let statement = span.either(sql!("customers/list"), sql!("customers/list_back"));
    let statement = client.prepare_cached(statement).await?;
    let rows = client
        .query(
            &statement,
            &[
                &filter.tier.map(Tier::as_str),
                &filter.language.as_ref().map(Language::as_str),
                &filter.merged_too,
                &filter.erased_too,
                &span.after.map(|key| key.identified_at),
                &span.after.map(|key| key.id.0),
                &span.before.map(|key| key.identified_at),
                &span.before.map(|key| key.id.0),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
    let rows = rows.iter().map(CustomerRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}
