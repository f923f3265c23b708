//! What can go wrong between the log and a read table.

use allhours_eventstore::{error::LogError, recorded::Position};

/// A failure of the read side. The log is never touched by one.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The log could not be read.
    #[error("the log could not be read")]
    Log(#[from] LogError),
    /// A statement failed.
    #[error("the database refused a statement")]
    Database(#[from] tokio_postgres::Error),
    /// No connection.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A stored row does not read as the code expects: a bug, or tampering.
    #[error("`{column}` of a row in `{table}` does not read back")]
    Inconsistent {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
    },
    /// An event that a projection can neither read nor leave out.
    #[error("{projection} stopped at event {position}: {why}")]
    Poison {
        /// Which projection.
        projection: &'static str,
        /// Which event.
        position: Position,
        /// Why.
        why: String,
    },
    /// There is no projection of this name.
    #[error("there is no projection `{0}`")]
    Unknown(String),
    /// Another process is doing it already, or has done it meanwhile.
    #[error("{0}")]
    Superseded(&'static str),
}

impl ProjectionError {
    /// Whether the same batch can succeed later: a lost connection, a restart, a deadlock.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => match error.code() {
                // Data exceptions and broken constraints come back with every retry.
                Some(code) => !code.code().starts_with("22") && !code.code().starts_with("23"),
                None => true,
            },
            Self::Log(_) | Self::Pool(_) | Self::Superseded(_) => true,
            Self::Inconsistent { .. } | Self::Poison { .. } | Self::Unknown(_) => false,
        }
    }
}
