//! A connection that sees the rows of one tenant, whatever it is asked.

use std::ops::Deref;

use allhours_domain::ids::TenantId;
use deadpool_postgres::{Client, Object, PoolError};

use crate::{database::Database, sql};

/// A pooled connection under the role of readers, for one tenant. Row-level security hides all
/// other rows, also from a statement that forgets to ask for the tenant's own, and the role may
/// write nothing.
#[derive(Debug)]
pub struct TenantReader {
    client: Client,
    tenant: TenantId,
}

impl TenantReader {
    /// Whose rows it sees.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl Deref for TenantReader {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Database {
    /// A connection that sees `tenant`'s rows only.
    ///
    /// # Errors
    ///
    /// None came free in time, or none could be made.
    pub async fn reader(&self, tenant: TenantId) -> Result<TenantReader, PoolError> {
        let client = self.reader_pool().get().await?;
        match set_tenant(&client, &tenant.to_string()).await {
            Ok(()) => Ok(TenantReader { client, tenant }),
            Err(error) => {
                // It may still carry the tenant it was last lent for: never lend it again.
                drop(Object::take(client));
                Err(PoolError::Backend(error))
            }
        }
    }
}

async fn set_tenant(client: &Client, tenant: &str) -> Result<(), tokio_postgres::Error> {
    let statement = client.prepare_cached(sql::DATABASE_TENANT).await?;
    client.execute(&statement, &[&tenant]).await?;
    Ok(())
}
