//! Builds projections anew beside the live ones, and switches when they have caught up.
//!
//! All are built in one pass: each event is read and decoded once, rows stay in memory and are
//! copied into bare tables, indexes come last. Readers see the old generation until the switch
//! commits, and the new one from then on.

use allhours_eventstore::{
    database::Database,
    log::Log,
    recorded::{Position, Recorded},
};

use crate::{
    batch::{Batch, Letter, move_checkpoint, save},
    connection::Connection,
    error::ProjectionError,
    fold::{ALL, Fold, Projection},
    generations::{self, create, publish, remove, schema},
    rows::column,
    sql::sql,
    table::Saving,
};

/// Events read at once while far behind.
const PAGE_EVENTS: usize = 5_000;
/// Events applied at once when the rows stand in the tables.
const BATCH_EVENTS: usize = 1_000;
/// The most rows in memory; beyond, they are written and loaded again when needed.
const ROWS_IN_MEMORY_MAX: usize = 750_000;
/// So near to the head the switch is tried.
const SWITCH_WITHIN_EVENTS: Position = 2_000;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildProgress {
    /// The last event taken.
    pub position: Position,
    /// The head of the log when it was last looked at.
    pub head: Position,
}

/// A projection that was built anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Which.
    pub name: &'static str,
    /// The number of the generation that is live now.
    pub generation: i32,
    /// How far it was when it became live.
    pub position: Position,
}

/// One projection being built.
struct Building {
    projection: &'static Projection,
    generation: i32,
    fold: Box<dyn Fold>,
    letters: Vec<Letter>,
    position: Position,
    /// Whether its tables have their keys, so that rows can be written over.
    indexed: bool,
}

/// Builds these projections anew (all of them where none is named), switches readers to them,
/// and drops the old ones. `progress` is told after every page.
///
/// # Errors
///
/// An unknown name, another rebuild of one of them at the same time, an event that one of them
/// halts for, or a failure of the database. Readers go on with the old generation then.
pub async fn rebuild<L: Log>(
    database: &Database,
    log: &L,
    names: &[&str],
    progress: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<Vec<Rebuilt>, ProjectionError> {
    let projections = named(names)?;
    generations::prepare(database).await?;
    let connection = Connection::open(database).await?;
    // What is lost with a crash is a rebuild that has to begin again anyway.
    connection.run("set synchronous_commit to off").await?;
    let mut buildings = begin(&connection, &projections).await?;
    let built = build(&connection, log, &mut buildings, progress).await;
    match built {
        Ok(rebuilt) => Ok(rebuilt),
        Err(error) => {
            // The connection may be in the middle of a transaction, or gone.
            let cleaning = Connection::open(database).await?;
            for building in &buildings {
                remove_unfinished(&cleaning, building).await?;
            }
            Err(error)
        }
    }
}

fn named(names: &[&str]) -> Result<Vec<&'static Projection>, ProjectionError> {
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|it| it.name != **name)) {
        return Err(ProjectionError::Unknown((*unknown).to_owned()));
    }
    Ok(ALL.iter().filter(|it| names.is_empty() || names.contains(&it.name)).collect())
}

/// Makes bare tables for each, after clearing away what an earlier rebuild left unfinished.
async fn begin(
    connection: &Connection,
    projections: &[&'static Projection],
) -> Result<Vec<Building>, ProjectionError> {
    let mut buildings = Vec::new();
    for projection in projections {
        let guard = connection.query(sql!("checkpoints/guard"), &[&projection.name]).await?;
        let held = guard.first().map(|row| column(row, "checkpoints", "held")).transpose()?;
        if held != Some(true) {
            return Err(ProjectionError::Superseded("another rebuild of it is running"));
        }
        for (generation, state, _) in known(connection, projection).await? {
            if state == "building" {
                remove(connection, projection.name, generation).await?;
            }
        }
        connection.run("begin").await?;
        let generation = create(connection, projection, "building").await?;
        connection.run("commit").await?;
        let mut fold = (projection.fold)();
        for table in fold.tables() {
            table.set_complete(true);
        }
        buildings.push(Building {
            projection,
            generation,
            fold,
            letters: Vec::new(),
            position: 0,
            indexed: false,
        });
    }
    Ok(buildings)
}

/// Locks and reads the checkpoints of all generations of a projection.
async fn known(
    connection: &Connection,
    projection: &Projection,
) -> Result<Vec<(i32, String, Position)>, ProjectionError> {
    let rows = connection.query(sql!("checkpoints/lock_all"), &[&projection.name]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                column(row, "checkpoints", "generation")?,
                column(row, "checkpoints", "state")?,
                column(row, "checkpoints", "position")?,
            ))
        })
        .collect()
}

async fn build<L: Log>(
    connection: &Connection,
    log: &L,
    buildings: &mut [Building],
    progress: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<Vec<Rebuilt>, ProjectionError> {
    fill(connection, log, buildings, progress).await?;
    let mut rebuilt = Vec::new();
    for building in buildings.iter_mut() {
        connection.work_in(&schema(building.projection.name, building.generation)).await?;
        loop {
            let head = log.head().await?;
            progress(RebuildProgress { position: building.position, head });
            if head - building.position <= SWITCH_WITHIN_EVENTS {
                break;
            }
            building.catch_up(connection, log, head).await?;
        }
        rebuilt.push(building.switch(connection, log).await?);
    }
    Ok(rebuilt)
}

/// Takes the log from the beginning to its head, in memory as far as that goes.
async fn fill<L: Log>(
    connection: &Connection,
    log: &L,
    buildings: &mut [Building],
    progress: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<(), ProjectionError> {
    let mut last: Option<Recorded> = None;
    let mut page = log.read(0, PAGE_EVENTS).await?;
    while let Some(end) = page.last().map(|event| event.position) {
        let full = page.len() == PAGE_EVENTS;
        let batch = Batch::decode(page, |stream_type| {
            buildings.iter().any(|building| building.projection.folds(stream_type))
        });
        // The next page travels while this one is folded.
        let next = tokio::spawn({
            let log = log.clone();
            async move { if full { log.read(end, PAGE_EVENTS).await } else { Ok(Vec::new()) } }
        });
        for building in buildings.iter_mut() {
            building.take(connection, &batch).await?;
        }
        progress(RebuildProgress { position: end, head: *log.grown().borrow() });
        last = batch.last().cloned();
        page = match next.await {
            Ok(page) => page?,
            Err(_) => return Err(ProjectionError::Superseded("the program is stopping")),
        };
    }
    for building in buildings.iter_mut() {
        building.settle(connection, last.as_ref()).await?;
    }
    Ok(())
}

impl Building {
    /// Folds a batch into memory; writes the rows where there are too many.
    async fn take(
        &mut self,
        connection: &Connection,
        batch: &Batch,
    ) -> Result<(), ProjectionError> {
        if self.indexed {
            connection.work_in(&schema(self.projection.name, self.generation)).await?;
            connection.run("begin").await?;
            let letters = batch.apply(self.projection, self.fold.as_mut(), connection).await?;
            connection.run("commit").await?;
            self.letters.extend(letters);
        } else {
            self.letters.extend(batch.fold(self.projection, self.fold.as_mut())?);
        }
        let rows: usize = self.fold.tables().iter().map(|table| table.rows_in_memory()).sum();
        if rows > ROWS_IN_MEMORY_MAX {
            self.write(connection).await?;
        }
        Ok(())
    }

    /// Writes the rows in memory and forgets them; the first time with keys and indexes after.
    async fn write(&mut self, connection: &Connection) -> Result<(), ProjectionError> {
        if !self.indexed {
            connection.work_in(&schema(self.projection.name, self.generation)).await?;
            connection.run("begin").await?;
            save(self.fold.as_mut(), connection, Saving::Fresh).await?;
            connection.run(self.projection.index).await?;
            connection.run("commit").await?;
            self.indexed = true;
        }
        for table in self.fold.tables() {
            table.set_complete(false);
            table.forget();
        }
        Ok(())
    }

    /// Writes what is in memory, and the checkpoint; from now on it can be followed.
    async fn settle(
        &mut self,
        connection: &Connection,
        last: Option<&Recorded>,
    ) -> Result<(), ProjectionError> {
        self.write(connection).await?;
        for table in self.projection.tables {
            let schema = schema(self.projection.name, self.generation);
            connection.run(&format!("analyze {schema}.{table}")).await?;
        }
        if let Some(last) = last {
            let letters = std::mem::take(&mut self.letters);
            move_checkpoint(connection, self.projection, self.generation, last, &letters).await?;
            self.position = last.position;
        }
        Ok(())
    }

    /// Applies batches until `position` is reached, each in a transaction of its own.
    async fn catch_up<L: Log>(
        &mut self,
        connection: &Connection,
        log: &L,
        position: Position,
    ) -> Result<(), ProjectionError> {
        while self.position < position {
            connection.run("begin").await?;
            let moved = self.step(connection, log).await?;
            connection.run("commit").await?;
            if !moved {
                break;
            }
        }
        Ok(())
    }

    /// Applies one batch within the caller's transaction; says whether there was one.
    async fn step<L: Log>(
        &mut self,
        connection: &Connection,
        log: &L,
    ) -> Result<bool, ProjectionError> {
        let events = log.read(self.position, BATCH_EVENTS).await?;
        let batch = Batch::decode(events, |stream_type| self.projection.folds(stream_type));
        let Some(last) = batch.last() else { return Ok(false) };
        let letters = batch.apply(self.projection, self.fold.as_mut(), connection).await?;
        move_checkpoint(connection, self.projection, self.generation, last, &letters).await?;
        for table in self.fold.tables() {
            table.forget();
        }
        self.position = last.position;
        Ok(true)
    }

    /// Holds the live generation still, comes to where it is, and takes its place, in one
    /// transaction: no session reads backwards, and none meets an error.
    async fn switch<L: Log>(
        &mut self,
        connection: &Connection,
        log: &L,
    ) -> Result<Rebuilt, ProjectionError> {
        let name = self.projection.name;
        connection.run("begin").await?;
        let generations = known(connection, self.projection).await?;
        let live = generations.iter().filter(|(_, state, _)| state == "live");
        let live: Vec<_> = live.map(|(generation, _, position)| (*generation, *position)).collect();
        let reached = live.iter().map(|(_, position)| *position).max().unwrap_or(0);
        while self.position < reached && self.step(connection, log).await? {}
        publish(connection, self.projection, self.generation).await?;
        for (generation, _) in &live {
            connection.query(sql!("checkpoints/remove"), &[&name, generation]).await?;
        }
        connection.query(sql!("checkpoints/make_live"), &[&name, &self.generation]).await?;
        connection.run("commit").await?;
        for (generation, _) in live {
            if let Err(error) = remove(connection, name, generation).await {
                tracing::warn!(name, generation, %error, "an old generation is still there");
            }
        }
        Ok(Rebuilt { name, generation: self.generation, position: self.position })
    }
}

/// Clears away a generation that did not come to be live.
async fn remove_unfinished(
    connection: &Connection,
    building: &Building,
) -> Result<(), ProjectionError> {
    let name = building.projection.name;
    let generations = known(connection, building.projection).await?;
    let unfinished = generations
        .iter()
        .any(|(generation, state, _)| *generation == building.generation && state == "building");
    if unfinished { remove(connection, name, building.generation).await } else { Ok(()) }
}
