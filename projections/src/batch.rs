//! A batch: events that were read and decoded once, applied to the rows of a projection.

use std::sync::Arc;

use allhours_domain::catalogue::AnyEvent;
use allhours_eventstore::recorded::{Position, Recorded};
use futures_util::future::try_join_all;

use crate::{
    connection::Connection,
    error::ProjectionError,
    fold::{Fold, PoisonPolicy, Projection},
    sql::sql,
    table::Saving,
};

/// What an event says.
#[derive(Debug, Clone)]
enum Reading {
    /// Nothing that anybody here asks for; not decoded.
    Skipped,
    /// This.
    Event(Box<AnyEvent>),
    /// Nobody can tell.
    Unreadable(String),
}

/// Events in order of position, decoded.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    events: Vec<(Arc<Recorded>, Reading)>,
}

/// An event that a projection went on without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub(crate) position: Position,
    pub(crate) tenant: uuid::Uuid,
    pub(crate) event: uuid::Uuid,
    pub(crate) name: String,
    pub(crate) why: String,
}

impl Letter {
    pub(crate) fn new(recorded: &Recorded, why: String) -> Self {
        Self {
            position: recorded.position,
            tenant: recorded.tenant.0,
            event: recorded.event_id.0,
            name: recorded.name.clone(),
            why,
        }
    }
}

impl Batch {
    /// Decodes the events of the streams that somebody asks for.
    #[must_use]
    pub fn decode<E: Into<Arc<Recorded>>>(
        events: impl IntoIterator<Item = E>,
        asked: impl Fn(&str) -> bool,
    ) -> Self {
        let read = |recorded: E| {
            let recorded: Arc<Recorded> = recorded.into();
            let reading = if asked(recorded.stream.stream_type.0) {
                match recorded.event() {
                    Ok(event) => Reading::Event(Box::new(event)),
                    Err(error) => Reading::Unreadable(told(&error)),
                }
            } else {
                Reading::Skipped
            };
            (recorded, reading)
        };
        Self { events: events.into_iter().map(read).collect() }
    }

    /// The last event.
    #[must_use]
    pub fn last(&self) -> Option<&Recorded> {
        self.events.last().map(|(recorded, _)| recorded.as_ref())
    }

    /// How many events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether a projection folds any of the events.
    #[must_use]
    pub fn concerns(&self, projection: &Projection) -> bool {
        self.of(projection).next().is_some()
    }

    /// The events of one projection that could be read.
    fn events<'a>(
        &'a self,
        projection: &'a Projection,
    ) -> impl Iterator<Item = (&'a Recorded, &'a AnyEvent)> {
        self.of(projection).filter_map(|(recorded, reading)| match reading {
            Reading::Event(event) => Some((recorded.as_ref(), event.as_ref())),
            Reading::Skipped | Reading::Unreadable(_) => None,
        })
    }

    fn of<'a>(
        &'a self,
        projection: &'a Projection,
    ) -> impl Iterator<Item = &'a (Arc<Recorded>, Reading)> {
        self.events.iter().filter(|(recorded, _)| projection.folds(recorded.stream.stream_type.0))
    }

    /// Folds the events into rows that are all in memory.
    ///
    /// # Errors
    ///
    /// An event that cannot be read, where the projection halts for that.
    pub fn fold(
        &self,
        projection: &Projection,
        fold: &mut dyn Fold,
    ) -> Result<Vec<Letter>, ProjectionError> {
        let mut letters = Vec::new();
        for (recorded, reading) in self.of(projection) {
            match reading {
                Reading::Event(event) => fold.apply(recorded, event),
                Reading::Unreadable(why) => match projection.poison {
                    PoisonPolicy::Park => letters.push(Letter::new(recorded, why.clone())),
                    PoisonPolicy::Halt => {
                        return Err(ProjectionError::Poison {
                            projection: projection.name,
                            position: recorded.position,
                            why: why.clone(),
                        });
                    }
                },
                Reading::Skipped => {}
            }
        }
        Ok(letters)
    }

    /// Loads the rows that the events need, folds, and writes the rows that changed. Within
    /// the caller's transaction.
    ///
    /// # Errors
    ///
    /// A failure of the database, or an event that the projection halts for.
    pub async fn apply(
        &self,
        projection: &Projection,
        fold: &mut dyn Fold,
        connection: &Connection,
    ) -> Result<Vec<Letter>, ProjectionError> {
        loop {
            for (recorded, event) in self.events(projection) {
                fold.touch(recorded, event);
            }
            let tables = fold.tables().into_iter().filter(|table| table.wants());
            // Together they are sent without waiting for each other's answers.
            if try_join_all(tables.map(|table| table.load(connection))).await?.is_empty() {
                break;
            }
        }
        let letters = self.fold(projection, fold)?;
        save(fold, connection, Saving::Over).await?;
        Ok(letters)
    }
}

/// Writes the rows of a fold that changed.
pub(crate) async fn save(
    fold: &mut dyn Fold,
    connection: &Connection,
    saving: Saving,
) -> Result<(), ProjectionError> {
    match saving {
        Saving::Over => {
            let tables = fold.tables().into_iter();
            try_join_all(tables.map(|table| table.save(connection, saving))).await?;
        }
        // A connection copies one table at a time.
        Saving::Fresh => {
            for table in fold.tables() {
                table.save(connection, saving).await?;
            }
        }
    }
    Ok(())
}

/// Moves the checkpoint past the batch, and remembers the events that were left out. Answers
/// how old the last event is by now, in seconds.
pub(crate) async fn move_checkpoint(
    connection: &Connection,
    projection: &Projection,
    generation: i32,
    last: &Recorded,
    letters: &[Letter],
) -> Result<f64, ProjectionError> {
    for letter in letters {
        let Letter { position, tenant, event, name, why } = letter;
        connection
            .query(
                sql!("dead_letters/park"),
                &[&projection.name, &generation, position, tenant, event, name, why],
            )
            .await?;
    }
    let moved = connection
        .query(
            sql!("checkpoints/move"),
            &[&projection.name, &generation, &last.position, &last.recorded_at],
        )
        .await?;
    match moved.first() {
        Some(row) => Ok(row.try_get("age_seconds")?),
        None => Err(ProjectionError::Superseded("another generation took over")),
    }
}

/// An error with its causes, in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}
