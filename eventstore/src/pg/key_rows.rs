//! Wrapped keys kept in PostgreSQL.

use allhours_domain::ids::{SubjectId, TenantId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    database::Database,
    error::LogError,
    keys::keyring::{KeyRows, SubjectKeyRow, TenantKeyRow},
    sql,
};

/// The tables `tenant_keys` and `subject_keys`.
#[derive(Debug)]
pub(crate) struct PgKeyRows {
    database: Database,
}

impl PgKeyRows {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

fn tenant_key(row: &Row) -> TenantKeyRow {
    TenantKeyRow { generation: row.get(0), wrapped: row.get(1) }
}

pub(crate) fn subject_key(row: &Row) -> (TenantId, SubjectKeyRow) {
    let wrapped: Option<Vec<u8>> = row.get(4);
    let tenant_generation: Option<i16> = row.get(3);
    let key = SubjectKeyRow {
        subject: SubjectId(row.get(1)),
        generation: row.get(2),
        wrapped: tenant_generation.zip(wrapped),
    };
    (TenantId(row.get(0)), key)
}

impl KeyRows for PgKeyRows {
    async fn tenant_key(
        &self,
        tenant: TenantId,
        generation: Option<i16>,
    ) -> Result<Option<TenantKeyRow>, LogError> {
        let connection = self.database.owner().await?;
        let row = if let Some(generation) = generation {
            let statement = connection.prepare_cached(sql::KEYS_TENANT_KEY).await?;
            connection.query_opt(&statement, &[&tenant.0, &generation]).await?
        } else {
            let statement = connection.prepare_cached(sql::KEYS_NEWEST_TENANT_KEY).await?;
            connection.query_opt(&statement, &[&tenant.0]).await?
        };
        Ok(row.as_ref().map(tenant_key))
    }

    async fn any_tenant_key(&self) -> Result<Option<(TenantId, TenantKeyRow)>, LogError> {
        let connection = self.database.owner().await?;
        let statement = connection.prepare_cached(sql::KEYS_ALL_TENANT_KEYS).await?;
        let row = connection.query_opt(&statement, &[&Uuid::nil(), &-1_i16, &1_i64]).await?;
        Ok(row.map(|row| (TenantId(row.get(2)), tenant_key(&row))))
    }

    async fn keep_tenant_key(
        &self,
        tenant: TenantId,
        key: TenantKeyRow,
    ) -> Result<TenantKeyRow, LogError> {
        let connection = self.database.owner().await?;
        let keep = connection.prepare_cached(sql::KEYS_KEEP_TENANT_KEY).await?;
        connection.execute(&keep, &[&tenant.0, &key.generation, &key.wrapped]).await?;
        let statement = connection.prepare_cached(sql::KEYS_TENANT_KEY).await?;
        let row = connection.query_one(&statement, &[&tenant.0, &key.generation]).await?;
        Ok(tenant_key(&row))
    }

    async fn subject_keys(
        &self,
        wanted: &[(TenantId, SubjectId)],
    ) -> Result<Vec<(TenantId, SubjectKeyRow)>, LogError> {
        let (tenants, subjects): (Vec<Uuid>, Vec<Uuid>) =
            wanted.iter().map(|(tenant, subject)| (tenant.0, subject.0)).unzip();
        let connection = self.database.owner().await?;
        let statement = connection.prepare_cached(sql::KEYS_SUBJECT_KEYS).await?;
        let rows = connection.query(&statement, &[&tenants, &subjects]).await?;
        Ok(rows.iter().map(subject_key).collect())
    }

    async fn keep_subject_key(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        tenant_generation: i16,
        wrapped: Vec<u8>,
    ) -> Result<SubjectKeyRow, LogError> {
        let connection = self.database.owner().await?;
        let statement = connection.prepare_cached(sql::KEYS_KEEP_SUBJECT_KEY).await?;
        let row = connection
            .query_one(&statement, &[&tenant.0, &subject.0, &tenant_generation, &wrapped])
            .await?;
        Ok(subject_key(&row).1)
    }
}
