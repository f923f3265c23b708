//! How the projections do, for operators.

use allhours_eventstore::{database::Database, log::Log, recorded::Position};
use jiff::Timestamp;

use crate::{
    error::ProjectionError, generations::generations, rows::column, runner::progress::Seen,
    sql::sql,
};

/// What this process does for a projection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunState {
    /// It has not begun yet.
    #[default]
    Starting,
    /// It follows the log.
    Following,
    /// Another process does the work just now.
    Standby,
    /// Its tables are built anew for this version of the program.
    Rebuilding,
    /// It failed and tries again.
    Retrying,
    /// It stopped at an event that it cannot take, or at tables of a newer program.
    Halted,
    /// It was told to stop.
    Stopped,
}

impl RunState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Following => "following",
            Self::Standby => "standby",
            Self::Rebuilding => "rebuilding",
            Self::Retrying => "retrying",
            Self::Halted => "halted",
            Self::Stopped => "stopped",
        }
    }
}

/// How one projection does.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: &'static str,
    /// The version of its tables.
    pub version: i32,
    /// The number of the generation that readers see.
    pub generation: i32,
    /// What this process does for it.
    pub state: RunState,
    /// How far it is.
    pub position: Position,
    /// How far the log is.
    pub head: Position,
    /// How many events it is behind.
    pub lag_events: i64,
    /// How long the oldest event that it has not taken has been in the log, in seconds.
    pub lag_seconds: f64,
    /// How many events it went on without.
    pub parked: i64,
    /// Why it failed last, while it fails.
    pub last_error: Option<String>,
    /// How far the generation is that is being built beside it, if one is.
    pub building_position: Option<Position>,
}

pub(super) async fn status(
    database: &Database,
    log: &impl Log,
    now: Timestamp,
    seen: Vec<(&'static str, Seen)>,
) -> Result<Vec<ProjectionStatus>, ProjectionError> {
    let head = log.head().await?;
    let generations = generations(database).await?;
    let client = database.owner().await?;
    let statement = client.prepare_cached(sql!("dead_letters/counts")).await?;
    let letters = client.query(&statement, &[]).await?;
    drop(client);
    let mut all = Vec::new();
    for (name, seen) in seen {
        let of =
            |live: bool| generations.iter().find(|it| it.projection == name && it.live == live);
        let (generation, version, noted) =
            of(true).map_or((0, 0, 0), |it| (it.generation, it.version, it.position));
        // The checkpoint may be behind by events that change no row.
        let position = noted.max(seen.position);
        let mut parked = 0;
        for row in &letters {
            if column::<String>(row, "dead_letters", "projection")? == name {
                parked = column(row, "dead_letters", "letters")?;
            }
        }
        let next = if position < head { log.read(position, 1).await? } else { Vec::new() };
        all.push(ProjectionStatus {
            name,
            version,
            generation,
            state: seen.state,
            position,
            head,
            lag_events: (head - position).max(0),
            lag_seconds: next.first().map_or(0.0, |event| seconds(event.recorded_at, now)),
            parked,
            last_error: seen.last_error,
            building_position: of(false).map(|it| it.position),
        });
    }
    Ok(all)
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
