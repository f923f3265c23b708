//! Folds the log from scratch, in memory, and compares with the live tables.

use allhours_eventstore::{database::Database, log::Log, recorded::Position};

use crate::{
    batch::Batch,
    compare::{Difference, Differences},
    connection::Connection,
    error::ProjectionError,
    fold::{ALL, Fold, Projection},
    generations::schema,
    rows::column,
    sql::sql,
};

const PAGE_EVENTS: usize = 5_000;

/// What a comparison of one projection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which projection.
    pub name: &'static str,
    /// Up to which position.
    pub position: Position,
    /// How many rows were compared.
    pub rows: u64,
    /// How many values differ.
    pub differences: u64,
    /// The first of them.
    pub first: Vec<Difference>,
    /// How many events the projection cannot take, and so went on without.
    pub unreadable: u64,
}

impl Verified {
    /// Whether the tables say what the log says.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences == 0
    }
}

/// One projection being folded anew.
struct Folding {
    projection: &'static Projection,
    generation: i32,
    position: Position,
    fold: Box<dyn Fold>,
    unreadable: u64,
}

/// Compares every projection with the log, each up to its own checkpoint, while both go on:
/// tables and checkpoints are read from one snapshot. `progress` is told the position.
///
/// # Errors
///
/// A failure of the database or the log; differences are no error.
pub async fn verify<L: Log>(
    database: &Database,
    log: &L,
    progress: &mut (dyn FnMut(Position) + Send),
) -> Result<Vec<Verified>, ProjectionError> {
    let connection = Connection::open(database).await?;
    connection.run("begin isolation level repeatable read read only").await?;
    let mut foldings = begin(&connection).await?;
    let end = foldings.iter().map(|it| it.position).max().unwrap_or(0);
    let mut position = 0;
    while position < end {
        let left = usize::try_from(end - position).unwrap_or(PAGE_EVENTS);
        let events = log.read(position, left.min(PAGE_EVENTS)).await?;
        let Some(last) = events.last().map(|event| event.position) else { break };
        position = last;
        // A checkpoint stands anywhere; a page is cut where one does.
        let mut rest = events;
        while !rest.is_empty() {
            let first = rest.first().map_or(0, |event| event.position);
            let cut = foldings.iter().map(|it| it.position).filter(|it| *it >= first).min();
            let cut = cut.unwrap_or(last).min(last);
            let later = rest.split_off(rest.partition_point(|event| event.position <= cut));
            let batch = Batch::decode(rest, |_| true);
            for folding in foldings.iter_mut().filter(|it| it.position >= cut) {
                let letters = batch.fold(folding.projection, folding.fold.as_mut())?;
                folding.unreadable += letters.len() as u64;
            }
            rest = later;
        }
        progress(position);
    }
    let mut verified = Vec::new();
    for folding in foldings {
        verified.push(folding.compare(&connection).await?);
    }
    connection.run("rollback").await?;
    Ok(verified)
}

async fn begin(connection: &Connection) -> Result<Vec<Folding>, ProjectionError> {
    let mut foldings = Vec::new();
    for row in connection.query(sql!("checkpoints/live"), &[]).await? {
        let name: String = column(&row, "checkpoints", "projection")?;
        let Some(projection) = ALL.iter().find(|it| it.name == name) else { continue };
        let mut fold = (projection.fold)();
        for table in fold.tables() {
            table.set_complete(true);
        }
        foldings.push(Folding {
            projection,
            generation: column(&row, "checkpoints", "generation")?,
            position: column(&row, "checkpoints", "position")?,
            fold,
            unreadable: 0,
        });
    }
    Ok(foldings)
}

impl Folding {
    async fn compare(mut self, connection: &Connection) -> Result<Verified, ProjectionError> {
        connection.work_in(&schema(self.projection.name, self.generation)).await?;
        let mut differences = Differences::default();
        for table in self.fold.tables() {
            table.compare(connection, &mut differences).await?;
        }
        Ok(Verified {
            name: self.projection.name,
            position: self.position,
            rows: differences.rows,
            differences: differences.count,
            first: differences.first,
            unreadable: self.unreadable,
        })
    }
}
