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

/// How the plans of a reader's statements are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plans {
    /// Once, for all values: most statements take longer to plan than to run.
    Kept,
    /// Anew for the values at hand: which index to take depends on what is filtered by.
    Fresh,
}

impl Plans {
    fn mode(self) -> &'static str {
        match self {
            Self::Kept => "force_generic_plan",
            Self::Fresh => "force_custom_plan",
        }
    }
}

/// Makes connections of readers, which remember what they were last lent for.
#[derive(Debug)]
pub struct Readers(pub(super) Manager);

/// A connection of the readers' pool.
#[derive(Debug)]
pub struct Reader {
    /// The connection.
    pub client: ClientWrapper,
    /// Whose rows it sees and how it plans; none until that is set, and while it is changed.
    lent_for: Option<(TenantId, Plans)>,
}

impl managed::Manager for Readers {
    type Type = Reader;
    type Error = Error;

    async fn create(&self) -> Result<Reader, Error> {
        Ok(Reader { client: managed::Manager::create(&self.0).await?, lent_for: None })
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
    /// A connection that sees `tenant`'s rows only, for statements that find rows by a key or in
    /// one order.
    ///
    /// # Errors
    ///
    /// None came free in time, or none could be made.
    pub async fn reader(&self, tenant: TenantId) -> Result<TenantReader, PoolError> {
        self.lend(tenant, Plans::Kept).await
    }

    /// A connection that sees `tenant`'s rows only, for statements that filter by one thing or
    /// another.
    ///
    /// # Errors
    ///
    /// None came free in time, or none could be made.
    pub async fn planning_reader(&self, tenant: TenantId) -> Result<TenantReader, PoolError> {
        self.lend(tenant, Plans::Fresh).await
    }

    async fn lend(&self, tenant: TenantId, plans: Plans) -> Result<TenantReader, PoolError> {
        let mut reader = self.reader_pool().get().await?;
        reader.lend_for(tenant, plans).await.map_err(PoolError::Backend)?;
        Ok(TenantReader { reader, tenant })
    }
}

impl Reader {
    /// Shows the rows of `tenant` from now on. A change that breaks off leaves nothing to rely
    /// on, so that whoever is next sets it again.
    async fn lend_for(&mut self, tenant: TenantId, plans: Plans) -> Result<(), Error> {
        if self.lent_for == Some((tenant, plans)) {
            return Ok(());
        }
        self.lent_for = None;
        let statement = self.client.prepare_cached(sql::DATABASE_TENANT).await?;
        self.client.execute(&statement, &[&tenant.to_string(), &plans.mode()]).await?;
        self.lent_for = Some((tenant, plans));
        Ok(())
    }
}
