//! Brings a database to the shape that this program expects: `migrations/`, in order, once.
//!
//! Several processes may start at once: one migrates, the others wait for it and find nothing
//! left to do.

use tokio_postgres::error::{DbError, SqlState};

use crate::{
    database::{Database, DatabaseError, READER_ROLE},
    sql,
};

/// The key of the lock that a migrating process holds; any number that nobody else uses.
const LOCK_KEY: i64 = 0x616c_6c68_6f75_7273;

mod steps {
    refinery::embed_migrations!("../migrations");
}

/// Why the database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The lock between migrating processes could not be had.
    #[error("the lock for migrations could not be had")]
    Lock(#[source] tokio_postgres::Error),
    /// The user of the database may not make, or act as, the role of readers.
    #[error(
        "the database user `{user}` may not use the role {READER_ROLE}; an administrator must run: \
         create role {READER_ROLE} nologin; grant {READER_ROLE} to \"{user}\"; then migrate again, it \
         goes on from there"
    )]
    MayNotUseRole {
        /// Who tried.
        user: String,
    },
    /// Readers have no right to a table, though all steps are applied: what was granted is gone.
    #[error(
        "the role {READER_ROLE} may not read `{table}`, as it is after a restore on a server \
         where there was no such role; an administrator must run: create role {READER_ROLE} \
         nologin; grant {READER_ROLE} to \"{user}\"; then restore anew into an empty database"
    )]
    MayNotRead {
        /// The first such table.
        table: String,
        /// Who uses the database.
        user: String,
    },
    /// What is granted could not be looked up.
    #[error("what readers may see could not be looked up")]
    Rights(#[source] tokio_postgres::Error),
    /// A step failed, or the steps applied are not those that this program knows.
    #[error("the database could not be migrated")]
    Step(#[source] refinery::Error),
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The steps applied just now, `V0002__roles`; none where the database was up to date.
    pub applied: Vec<String>,
}

/// Applies the steps that `database` has not seen.
///
/// # Errors
///
/// See [`MigrateError`]; a step is applied wholly or not at all.
pub async fn migrate(database: &Database) -> Result<Migrated, MigrateError> {
    let mut connection = database.dedicated().await?;
    connection
        .client
        .query_one(sql::DATABASE_MIGRATION_LOCK, &[&LOCK_KEY])
        .await
        .map_err(MigrateError::Lock)?;
    let report = steps::migrations::runner()
        .run_async(&mut connection.client)
        .await
        .map_err(|error| failure(error, database))?;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect::<Vec<_>>();
    for step in &applied {
        tracing::info!(step, "migrated the database");
    }
    let unreadable = connection.client.query_opt(sql::DATABASE_UNREADABLE_TABLE, &[&READER_ROLE]);
    if let Some(row) = unreadable.await.map_err(MigrateError::Rights)? {
        return Err(MigrateError::MayNotRead { table: row.get(0), user: user_of(database) });
    }
    // The lock goes with the connection.
    Ok(Migrated { applied })
}

fn failure(error: refinery::Error, database: &Database) -> MigrateError {
    // Step V0002 says so in these words; other refusals are no question of this role.
    let refused = database_error(&error).is_some_and(|refusal| {
        refusal.code() == &SqlState::INSUFFICIENT_PRIVILEGE
            && refusal.message().contains(READER_ROLE)
    });
    if refused {
        return MigrateError::MayNotUseRole { user: user_of(database) };
    }
    MigrateError::Step(error)
}

fn user_of(database: &Database) -> String {
    database.config().get_user().unwrap_or("this user").to_owned()
}

fn database_error(error: &refinery::Error) -> Option<&DbError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(database) = error.downcast_ref::<tokio_postgres::Error>() {
            return database.as_db_error();
        }
        cause = error.source();
    }
    None
}
