//! New keys in place of old ones, in small steps beside all other work.
//!
//! Texts are never sealed anew: a rotation changes what wraps the keys of subjects. Each step
//! is complete in itself, so that a rotation that was broken off goes on where it stopped.

use allhours_domain::ids::TenantId;
use tokio_postgres::{error::SqlState, types::ToSql};
use uuid::Uuid;

use super::{PgLog, key_rows};
use crate::{error::LogError, keys::keyring::TenantKeyRow, sql};

/// How many keys one step wraps anew.
const STEP_KEYS: i64 = 500;
/// How often is looked again for keys that another process wrapped by the old one meanwhile.
const ROUNDS_MAX: u32 = 10;
/// The tenant's key that every tenant begins with; it came of no rotation.
const BEGUN_WITH: i16 = 1;

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The number of the tenant's key that wraps all subjects' keys now.
    pub generation: i16,
    /// How many subjects' keys were wrapped anew.
    pub rewrapped: u64,
}

impl PgLog {
    /// Gives a tenant a new key, wraps all its subjects' keys by it and retires the old one.
    /// Where an earlier rotation was broken off, before its end or before its key was recorded
    /// (`recorded` is the newest that was), finishes that one. `progress` hears how many keys
    /// were wrapped so far.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a key that does not open another.
    pub async fn rotate_tenant_key(
        &self,
        tenant: TenantId,
        recorded: i32,
        mut progress: impl FnMut(u64),
    ) -> Result<Rotated, LogError> {
        let (mut newest, _) = self.0.keyring.wrapping_key(tenant).await?;
        let begun = newest > BEGUN_WITH && i32::from(newest) > recorded;
        if !begun && !self.is_stale(tenant, newest).await? {
            let next = newest.checked_add(1);
            let next = next.ok_or(LogError::Key("cannot be rotated any more"))?;
            newest = self.0.keyring.make_tenant_key(tenant, next).await?.generation;
        }
        let mut total = 0;
        for _ in 0..ROUNDS_MAX {
            loop {
                let wrapped = self.rewrap_some(tenant, newest).await?;
                if wrapped == 0 {
                    break;
                }
                total += wrapped;
                progress(total);
            }
            match self.change(sql::KEYS_RETIRE_TENANT_KEYS, &[&tenant.0, &newest]).await {
                // Another process wrapped a new subject's key by the old one just now.
                Err(LogError::Database(error))
                    if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {}
                retired => drop(retired?),
            }
            if !self.is_stale(tenant, newest).await? {
                break;
            }
        }
        Ok(Rotated { generation: newest, rewrapped: total })
    }

    /// Whether an older key than this one still wraps a subject's.
    async fn is_stale(&self, tenant: TenantId, newest: i16) -> Result<bool, LogError> {
        let rows = self.rows(sql::KEYS_STALE_SUBJECT_KEYS, &[&tenant.0, &newest, &1_i64]).await?;
        Ok(!rows.is_empty())
    }

    async fn rewrap_some(&self, tenant: TenantId, newest: i16) -> Result<u64, LogError> {
        let wrapping = self.0.keyring.tenant_key(tenant, newest).await?;
        let parameters: [&(dyn ToSql + Sync); 3] = [&tenant.0, &newest, &STEP_KEYS];
        let rows = self.rows(sql::KEYS_STALE_SUBJECT_KEYS, &parameters).await?;
        let (mut subjects, mut olds, mut news) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (_, key) = key_rows::subject_key(row);
            let Some(new) = self.0.keyring.rewrapped(tenant, &key, &wrapping).await? else {
                continue;
            };
            subjects.push(key.subject.0);
            olds.extend(key.wrapped.map(|(_, old)| old));
            news.push(new);
        }
        let parameters: [&(dyn ToSql + Sync); 5] = [&tenant.0, &newest, &subjects, &olds, &news];
        self.change(sql::KEYS_REWRAP_SUBJECT_KEYS, &parameters).await?;
        Ok(rows.len() as u64)
    }

    /// Wraps all tenants' keys by the master key in force, where earlier ones wrapped them.
    /// Answers with how many were wrapped anew; afterwards the earlier master keys are not
    /// needed any more.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a tenant's key that none of the master keys opens.
    pub async fn rewrap_tenant_keys(&self) -> Result<u64, LogError> {
        let mut total = 0;
        let mut after = (Uuid::nil(), -1_i16);
        loop {
            let parameters: [&(dyn ToSql + Sync); 3] = [&after.0, &after.1, &STEP_KEYS];
            let rows = self.rows(sql::KEYS_ALL_TENANT_KEYS, &parameters).await?;
            let Some(last) = rows.last() else { return Ok(total) };
            after = (last.get(2), last.get(0));
            for row in &rows {
                let key = TenantKeyRow { generation: row.get(0), wrapped: row.get(1) };
                let tenant = TenantId(row.get(2));
                if let Some(new) = self.0.keyring.rewrapped_by_master(tenant, &key)? {
                    let parameters: [&(dyn ToSql + Sync); 4] =
                        [&tenant.0, &key.generation, &key.wrapped, &new];
                    total += self.change(sql::KEYS_REWRAP_TENANT_KEY, &parameters).await?;
                }
            }
        }
    }

    async fn change(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, LogError> {
        let connection = self.connection().await?;
        let statement = connection.prepare_cached(statement).await?;
        Ok(connection.execute(&statement, parameters).await?)
    }
}
