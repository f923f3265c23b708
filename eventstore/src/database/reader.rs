//! A connection that sees the rows of one tenant, whatever it is asked.

use std::ops::Deref;

use allhours_domain::ids::TenantId;
use deadpool::managed;
use deadpool_postgres::{ClientWrapper, Manager, Metrics, PoolError};
use tokio_postgres::Error;

use crate::{database::Database, sql};

/// A pooled connection under the role of readers, for one tenant. Row-level security hides all
/// other rows, also from a statement that forgets to ask for the tenant's own, and the role may
/// write nothing.
#[derive(Debug)]
pub struct TenantReader {
    reader: managed::Object<Readers>,
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
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.reader.client
    }
}

/// Makes connections of readers, which remember the tenant that they were last lent for.
#[derive(Debug)]
pub struct Readers(pub(super) Manager);

/// A connection of the readers' pool.
#[derive(Debug)]
pub struct Reader {
    /// The connection.
    pub client: ClientWrapper,
    /// Whose rows it sees; none until that is set, and while it is changed.
    tenant: Option<TenantId>,
}

impl managed::Manager for Readers {
    type Type = Reader;
    type Error = Error;

    async fn create(&self) -> Result<Reader, Error> {
        Ok(Reader { client: managed::Manager::create(&self.0).await?, tenant: None })
    }

    async fn recycle(
        &self,
        reader: &mut Reader,
        metrics: &Metrics,
    ) -> managed::RecycleResult<Error> {
        managed::Manager::recycle(&self.0, &mut reader.client, metrics).await
    }

    fn detach(&self, reader: &mut Reader) {
        managed::Manager::detach(&self.0, &mut reader.client);
    }
}

impl Database {
    /// A connection that sees `tenant`'s rows only.
    ///
    /// # Errors
    ///
    /// None came free in time, or none could be made.
    pub async fn reader(&self, tenant: TenantId) -> Result<TenantReader, PoolError> {
        let mut reader = self.reader_pool().get().await?;
        reader.see(tenant).await.map_err(PoolError::Backend)?;
        Ok(TenantReader { reader, tenant })
    }
}

impl Reader {
    /// Shows the rows of `tenant` from now on. A change that breaks off leaves nothing to rely
    /// on, so that whoever is next sets it again.
    async fn see(&mut self, tenant: TenantId) -> Result<(), Error> {
        if self.tenant == Some(tenant) {
            return Ok(());
        }
        self.tenant = None;
        let statement = self.client.prepare_cached(sql::DATABASE_TENANT).await?;
        self.client.execute(&statement, &[&tenant.to_string()]).await?;
        self.tenant = Some(tenant);
        Ok(())
    }
}
