//! A connection of one projection: statements prepared once, tables found in its generation.

use std::{collections::HashMap, sync::Mutex};

use allhours_eventstore::database::{Database, DatabaseError, Dedicated};
use tokio_postgres::{Row, Statement, types::ToSql};

use crate::{error::ProjectionError, sql::sql};

/// A connection outside of the pools.
#[derive(Debug)]
pub struct Connection {
    dedicated: Dedicated,
    prepared: Mutex<HashMap<&'static str, Statement>>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The database is away or refuses.
    pub async fn open(database: &Database) -> Result<Self, ProjectionError> {
        let dedicated = database.dedicated().await.map_err(|error| match error {
            DatabaseError::Connection(error) => ProjectionError::Database(error),
            DatabaseError::Pool(error) => ProjectionError::Pool(error),
            DatabaseError::Tls(_) => ProjectionError::Superseded("the encryption was refused"),
        })?;
        Ok(Self { dedicated, prepared: Mutex::default() })
    }

    /// Connects for following the log: what it commits is not waited for to be on disk.
    ///
    /// # Errors
    ///
    /// The database is away or refuses.
    pub async fn following(database: &Database) -> Result<Self, ProjectionError> {
        let connection = Self::open(database).await?;
        connection.query(sql!("connection/follow"), &[]).await?;
        Ok(connection)
    }

    /// Waits until the connection has ended.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        self.dedicated.ended()
    }

    /// The plain connection.
    #[must_use]
    pub fn client(&self) -> &tokio_postgres::Client {
        &self.dedicated.client
    }

    /// Whether it is of no use any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.dedicated.client.is_closed()
    }

    /// Finds tables in this schema from now on.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn work_in(&self, schema: &str) -> Result<(), ProjectionError> {
        self.lock().clear();
        let statement = format!("set search_path to {schema}, public");
        Ok(self.client().batch_execute(&statement).await?)
    }

    /// Runs statements that return nothing.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn run(&self, statements: &str) -> Result<(), ProjectionError> {
        Ok(self.client().batch_execute(statements).await?)
    }

    /// The statement, prepared the first time.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn prepared(&self, text: &'static str) -> Result<Statement, ProjectionError> {
        let known = self.lock().get(text).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client().prepare(text).await?;
        self.lock().insert(text, statement.clone());
        Ok(statement)
    }

    /// The rows that a statement returns.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn query(
        &self,
        text: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ProjectionError> {
        let statement = self.prepared(text).await?;
        Ok(self.client().query(&statement, parameters).await?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Statement>> {
        // Nothing panics while it is held; a poisoned map would still be whole.
        self.prepared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
