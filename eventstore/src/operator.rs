//! What only the operator of the whole database asks: whether there is a log, whose desks stand
//! in it, what stands on them, and how much of it is about somebody.

use std::collections::BTreeMap;

use allhours_domain::ids::{SubjectId, TenantId};
use uuid::Uuid;

use crate::{
    database::{Database, DatabaseError},
    sql,
};

/// A tenant's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskOf {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is called.
    pub name: String,
}

/// Whether the database was ever migrated, so that there is a log, if an empty one.
///
/// # Errors
///
/// A failure of the database.
pub async fn holds_a_log(database: &Database) -> Result<bool, DatabaseError> {
    let row = database.owner().await?.query_one(sql::DATABASE_HOLDS_A_LOG, &[]).await?;
    Ok(row.get(0))
}

/// Whether a tenant has a desk.
///
/// # Errors
///
/// A failure of the database.
pub async fn has_desk(database: &Database, tenant: TenantId) -> Result<bool, DatabaseError> {
    let row = database.owner().await?.query_one(sql::LOG_HAS_DESK, &[&tenant.0]).await?;
    Ok(row.get(0))
}

/// The desks that there are, the oldest first, at most `limit`.
///
/// # Errors
///
/// A failure of the database.
pub async fn desks(database: &Database, limit: u16) -> Result<Vec<DeskOf>, DatabaseError> {
    let rows = database.owner().await?.query(sql::LOG_DESKS, &[&i64::from(limit)]).await?;
    Ok(rows.iter().map(|row| DeskOf { tenant: TenantId(row.get(0)), name: row.get(1) }).collect())
}

/// How many streams of each type a tenant has.
///
/// # Errors
///
/// A failure of the database.
pub async fn streams_of(
    database: &Database,
    tenant: TenantId,
) -> Result<BTreeMap<String, u64>, DatabaseError> {
    let owner = database.owner().await?;
    let rows = owner.query(sql::LOG_STREAMS_OF_TENANT, &[&tenant.0]).await?;
    let counted = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(rows.iter().map(|row| (row.get(0), counted(row.get(1)))).collect())
}

/// In how many conversations sealed texts about these subjects stand.
///
/// # Errors
///
/// A failure of the database.
pub async fn conversations_about(
    database: &Database,
    tenant: TenantId,
    subjects: &[SubjectId],
) -> Result<u64, DatabaseError> {
    let subjects: Vec<Uuid> = subjects.iter().map(|subject| subject.0).collect();
    let owner = database.owner().await?;
    let row = owner.query_one(sql::LOG_CONVERSATIONS_ABOUT, &[&tenant.0, &subjects]).await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or_default())
}
