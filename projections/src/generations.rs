//! Generations: each projection's tables stand in a schema of their own, so that a new one can
//! be built beside the live one. Views in the schema `read` show the live one.

use allhours_eventstore::{database::Database, recorded::Position};
use jiff::Timestamp;

use crate::{
    connection::Connection,
    error::ProjectionError,
    fold::{ALL, Projection},
    rows::column,
    sql::sql,
};

/// A generation of a projection, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Which projection.
    pub projection: String,
    /// Its number, from 1.
    pub generation: i32,
    /// The version of the projection that fills it.
    pub version: i32,
    /// Whether readers see it.
    pub live: bool,
    /// How far it has come.
    pub position: Position,
    /// When the event at that position was written down.
    pub recorded_at: Option<Timestamp>,
}

const TABLE: &str = "checkpoints";

/// The schema of a generation's tables.
#[must_use]
pub fn schema(projection: &str, generation: i32) -> String {
    format!("{projection}_{generation}")
}

/// Every generation there is.
///
/// # Errors
///
/// A failure of the database.
pub async fn generations(database: &Database) -> Result<Vec<Generation>, ProjectionError> {
    let client = database.owner().await?;
    let statement = client.prepare_cached(sql!("checkpoints/generations")).await?;
    let rows = client.query(&statement, &[]).await?;
    rows.iter()
        .map(|row| {
            let state: String = column(row, TABLE, "state")?;
            Ok(Generation {
                projection: column(row, TABLE, "projection")?,
                generation: column(row, TABLE, "generation")?,
                version: column(row, TABLE, "version")?,
                live: state == "live",
                position: column(row, TABLE, "position")?,
                recorded_at: column(row, TABLE, "recorded_at")?,
            })
        })
        .collect()
}

/// Gives every projection that has none a first generation, empty and live, so that its views
/// can be read. Several processes may do this at once.
///
/// # Errors
///
/// A failure of the database; then nothing was changed.
pub async fn prepare(database: &Database) -> Result<(), ProjectionError> {
    let connection = Connection::open(database).await?;
    connection.run("begin").await?;
    connection.query(sql!("checkpoints/prepare_guard"), &[]).await?;
    let live = connection.query(sql!("checkpoints/live"), &[]).await?;
    let known: Vec<String> =
        live.iter().map(|row| column(row, TABLE, "projection")).collect::<Result<_, _>>()?;
    for projection in ALL.iter().filter(|it| known.iter().all(|name| name != it.name)) {
        let generation = create(&connection, projection, "live").await?;
        connection.run(projection.index).await?;
        publish(&connection, projection, generation).await?;
    }
    connection.run("commit").await
}

/// Makes the tables of a new generation, without indexes, and leaves the connection in its
/// schema. Answers its number.
pub(crate) async fn create(
    connection: &Connection,
    projection: &Projection,
    state: &str,
) -> Result<i32, ProjectionError> {
    let rows = connection.query(sql!("checkpoints/next_generation"), &[&projection.name]).await?;
    let generation: i32 = match rows.first() {
        Some(row) => column(row, TABLE, "generation")?,
        None => 1,
    };
    let schema = schema(projection.name, generation);
    connection
        .run(&format!("create schema {schema}; grant usage on schema {schema} to allhours_reader;"))
        .await?;
    connection.work_in(&schema).await?;
    connection.run(projection.create).await?;
    for table in projection.tables {
        // Every table, whoever made it: a tenant sees its own rows only.
        connection
            .run(&format!(
                "alter table {table} enable row level security;
                 create policy tenant on {table} for select to allhours_reader
                     using (tenant_id = public.current_tenant());
                 grant select on {table} to allhours_reader;"
            ))
            .await?;
    }
    let add = sql!("checkpoints/add");
    connection.query(add, &[&projection.name, &generation, &projection.version, &state]).await?;
    Ok(generation)
}

/// Points the views at a generation. Within the caller's transaction: readers see the old one
/// until it commits, and then the new one.
pub(crate) async fn publish(
    connection: &Connection,
    projection: &Projection,
    generation: i32,
) -> Result<(), ProjectionError> {
    let schema = schema(projection.name, generation);
    for table in projection.tables {
        connection
            .run(&format!(
                "drop view if exists read.{table};
                 create view read.{table} with (security_invoker = true)
                     as table {schema}.{table};
                 grant select on read.{table} to allhours_reader;"
            ))
            .await?;
    }
    Ok(())
}

/// Drops a generation that nobody reads any more, or that was never finished.
pub(crate) async fn remove(
    connection: &Connection,
    projection: &str,
    generation: i32,
) -> Result<(), ProjectionError> {
    let schema = schema(projection, generation);
    connection.run("begin").await?;
    let removed = async {
        connection.query(sql!("checkpoints/remove"), &[&projection, &generation]).await?;
        connection.query(sql!("dead_letters/remove"), &[&projection, &generation]).await?;
        connection.run(&format!("drop schema if exists {schema} cascade")).await?;
        connection.run("commit").await
    };
    match removed.await {
        Ok(()) => Ok(()),
        Err(error) => {
            connection.run("rollback").await?;
            Err(error)
        }
    }
}
