//! Whether every key that is kept still opens what it should.

use allhours_domain::ids::{SubjectId, TenantId};
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::{Finding, Rule, Verified};
use crate::{
    error::LogError,
    keys::keyring::TenantKeyRow,
    pg::{PgLog, key_rows},
    sql,
};

/// How many keys are looked at together.
const PAGE_KEYS: i64 = 1_000;

/// Opens every key of every tenant and subject by the one that wraps it, and adds each that does
/// not open to `verified`. That a key is not there at all, the log itself shows.
///
/// # Errors
///
/// A failure of the database; a key that does not open is a finding.
pub async fn verify_keys(log: &PgLog, verified: &mut Verified) -> Result<(), LogError> {
    let mut after = (Uuid::nil(), -1_i16);
    loop {
        let parameters: [&(dyn ToSql + Sync); 3] = [&after.0, &after.1, &PAGE_KEYS];
        let rows = log.rows(sql::KEYS_ALL_TENANT_KEYS, &parameters).await?;
        let Some(last) = rows.last() else { break };
        after = (last.get(2), last.get(0));
        for row in &rows {
            let key = TenantKeyRow { generation: row.get(0), wrapped: row.get(1) };
            let tenant = TenantId(row.get(2));
            if let Err(LogError::Key(_)) = log.keyring().unwrap_tenant_key(tenant, &key) {
                verified.found(closed(tenant, tenant.0));
            }
        }
    }
    let mut after = (Uuid::nil(), Uuid::nil());
    loop {
        let parameters: [&(dyn ToSql + Sync); 3] = [&after.0, &after.1, &PAGE_KEYS];
        let rows = log.rows(sql::VERIFY_SUBJECT_KEYS, &parameters).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.get(0), last.get(1));
        for row in &rows {
            let (tenant, key) = key_rows::subject_key(row);
            let subject = key.subject;
            if !opens(log, row).await? && !opens_by_now(log, tenant, subject).await? {
                verified.found(closed(tenant, subject.0));
            }
        }
    }
}

fn closed(tenant: TenantId, id: Uuid) -> Finding {
    Finding { rule: Rule::KeysOpen, position: None, tenant: Some(tenant), id: Some(id) }
}

async fn opens(log: &PgLog, row: &Row) -> Result<bool, LogError> {
    let (tenant, key) = key_rows::subject_key(row);
    match log.keyring().unwrap(tenant, &key).await {
        Ok(_) => Ok(true),
        Err(LogError::Key(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// A rotation may have wrapped it anew since it was read, and retired what wrapped it before.
async fn opens_by_now(log: &PgLog, tenant: TenantId, subject: SubjectId) -> Result<bool, LogError> {
    let (tenants, subjects) = (vec![tenant.0], vec![subject.0]);
    let rows = log.rows(sql::KEYS_SUBJECT_KEYS, &[&tenants, &subjects]).await?;
    match rows.first() {
        Some(row) => opens(log, row).await,
        None => Ok(false),
    }
}
