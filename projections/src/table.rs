//! How rows in memory come from a table and go back: always set by set, never one by one.

use std::pin::pin;

use futures_util::{TryStreamExt, future::BoxFuture};
use tokio_postgres::{binary_copy::BinaryCopyInWriter, types::ToSql};

use crate::{
    compare::Differences,
    connection::Connection,
    counters::{Counter, Counters},
    error::ProjectionError,
    intervals::{Interval, Intervals},
    rows::{Key, Parameter, Row, Rows},
};

/// The most rows in one statement.
const ROWS_PER_STATEMENT_MAX: usize = 10_000;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// The table may hold older forms of them.
    Over,
    /// The table holds none of them and has no keys yet.
    Fresh,
}

type Done<'a> = BoxFuture<'a, Result<(), ProjectionError>>;

/// A table of a fold, whatever its rows are.
pub trait Table: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Whether rows were asked for that are not loaded yet.
    fn wants(&self) -> bool;
    /// Loads what was asked for.
    fn load<'a>(&'a mut self, connection: &'a Connection) -> Done<'a>;
    /// Writes what was changed.
    fn save<'a>(&'a mut self, connection: &'a Connection, saving: Saving) -> Done<'a>;
    /// Drops every row from memory; what was not saved is lost.
    fn forget(&mut self);
    /// How many rows are in memory.
    fn rows_in_memory(&self) -> usize;
    /// From now on, says whether memory holds every row there is, so that nothing is loaded.
    fn set_complete(&mut self, complete: bool);
    /// Compares every stored row with those in memory, which must be complete and never saved.
    fn compare<'a>(
        &'a mut self,
        connection: &'a Connection,
        differences: &'a mut Differences,
    ) -> Done<'a>;
}

impl<R: Row> Table for Rows<R> {
    fn name(&self) -> &'static str {
        R::TABLE
    }

    fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn load<'a>(&'a mut self, connection: &'a Connection) -> Done<'a> {
        Box::pin(async move {
            let wanted = std::mem::take(&mut self.wanted);
            for row in load::<R>(connection, R::Key::arrays(&wanted)).await? {
                self.put_loaded(row);
            }
            Ok(())
        })
    }

    fn save<'a>(&'a mut self, connection: &'a Connection, saving: Saving) -> Done<'a> {
        Box::pin(async move {
            save(connection, &self.changed(), saving).await?;
            self.saved();
            Ok(())
        })
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn rows_in_memory(&self) -> usize {
        self.len()
    }

    fn set_complete(&mut self, complete: bool) {
        self.complete = complete;
    }

    fn compare<'a>(
        &'a mut self,
        connection: &'a Connection,
        differences: &'a mut Differences,
    ) -> Done<'a> {
        Box::pin(compare(connection, self.iter().cloned().collect(), differences))
    }
}

impl<I: Interval> Table for Intervals<I> {
    fn name(&self) -> &'static str {
        I::TABLE
    }

    fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn load<'a>(&'a mut self, connection: &'a Connection) -> Done<'a> {
        Box::pin(async move {
            let wanted = std::mem::take(&mut self.wanted);
            for row in load::<I>(connection, I::Subject::arrays(&wanted)).await? {
                self.put_loaded(row);
            }
            Ok(())
        })
    }

    fn save<'a>(&'a mut self, connection: &'a Connection, saving: Saving) -> Done<'a> {
        Box::pin(async move {
            save(connection, &self.changed(), saving).await?;
            self.saved();
            Ok(())
        })
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn rows_in_memory(&self) -> usize {
        self.len()
    }

    fn set_complete(&mut self, complete: bool) {
        self.complete = complete;
    }

    fn compare<'a>(
        &'a mut self,
        connection: &'a Connection,
        differences: &'a mut Differences,
    ) -> Done<'a> {
        Box::pin(compare(connection, self.iter().cloned().collect(), differences))
    }
}

impl<C: Counter> Table for Counters<C> {
    fn name(&self) -> &'static str {
        C::TABLE
    }

    fn wants(&self) -> bool {
        false
    }

    fn load<'a>(&'a mut self, _: &'a Connection) -> Done<'a> {
        Box::pin(async { Ok(()) })
    }

    fn save<'a>(&'a mut self, connection: &'a Connection, saving: Saving) -> Done<'a> {
        Box::pin(async move {
            let rows = self.rows();
            save(connection, &rows.iter().collect::<Vec<_>>(), saving).await?;
            self.forget();
            Ok(())
        })
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn rows_in_memory(&self) -> usize {
        0
    }

    fn set_complete(&mut self, _: bool) {}

    /// A count of nothing and no count say the same.
    fn compare<'a>(
        &'a mut self,
        connection: &'a Connection,
        differences: &'a mut Differences,
    ) -> Done<'a> {
        Box::pin(async move {
            let mut stored = pin!(scan::<C>(connection).await?);
            while let Some(row) = stored.try_next().await? {
                let row = C::read(&row)?;
                let folded = C::of(&row.key(), self.take(&row.key()));
                differences.between(&folded, &row);
            }
            for row in self.rows() {
                differences.missing(&row);
            }
            Ok(())
        })
    }
}

fn borrowed(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|it| it.as_ref() as &(dyn ToSql + Sync)).collect()
}

async fn load<R: Row>(
    connection: &Connection,
    keys: Vec<Parameter>,
) -> Result<Vec<R>, ProjectionError> {
    let rows = connection.query(R::STATEMENTS.load, &borrowed(&keys)).await?;
    rows.iter().map(R::read).collect()
}

async fn save<R: Row>(
    connection: &Connection,
    rows: &[&R],
    saving: Saving,
) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    match saving {
        Saving::Over => {
            let statement = connection.prepared(R::STATEMENTS.save).await?;
            for rows in rows.chunks(ROWS_PER_STATEMENT_MAX) {
                let arrays = R::arrays(rows);
                connection.client().execute(&statement, &borrowed(&arrays)).await?;
            }
        }
        Saving::Fresh => {
            let statement = connection.prepared(R::STATEMENTS.copy).await?;
            let sink = connection.client().copy_in(&statement).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, R::TYPES));
            for row in rows {
                let values = row.values();
                writer.as_mut().write_raw(borrowed(&values)).await?;
            }
            writer.finish().await?;
        }
    }
    Ok(())
}

async fn scan<R: Row>(
    connection: &Connection,
) -> Result<tokio_postgres::RowStream, ProjectionError> {
    let statement = connection.prepared(R::STATEMENTS.scan).await?;
    let none: [&(dyn ToSql + Sync); 0] = [];
    Ok(connection.client().query_raw(&statement, none).await?)
}

async fn compare<R: Row>(
    connection: &Connection,
    folded: Vec<R>,
    differences: &mut Differences,
) -> Result<(), ProjectionError> {
    let mut folded: std::collections::HashMap<_, _> =
        folded.into_iter().map(|row| (row.key(), row)).collect();
    let mut stored = pin!(scan::<R>(connection).await?);
    while let Some(row) = stored.try_next().await? {
        let row = R::read(&row)?;
        match folded.remove(&row.key()) {
            Some(folded) => differences.between(&folded, &row),
            None => differences.unexpected(&row),
        }
    }
    for row in folded.values() {
        differences.missing(row);
    }
    Ok(())
}
