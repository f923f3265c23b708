//! Checkpoints in PostgreSQL: rows that are added and never changed.

use tokio_postgres::Row;

use super::{PgLog, read};
use crate::{
    checkpoint::{Checkpoints, Kept},
    error::LogError,
    merkle::Hash,
    recorded::Position,
    sql,
};

impl Checkpoints for PgLog {
    async fn leaves(&self, after: Position, limit: usize) -> Result<Vec<Hash>, LogError> {
        let rows = self.rows(sql::LOG_LEAVES, &[&after, &read::limit(limit)]).await?;
        rows.iter().map(|row| hash(row.try_get(0)?, after)).collect()
    }

    async fn checkpoint_up_to(&self, size: Position) -> Result<Option<Kept>, LogError> {
        let rows = self.rows(sql::CHECKPOINTS_UP_TO, &[&size]).await?;
        rows.first().map(kept).transpose()
    }

    async fn keep_checkpoint(&self, kept: &Kept) -> Result<(), LogError> {
        let nodes: Vec<&[u8]> = kept.nodes.iter().map(<[u8; 32]>::as_slice).collect();
        self.rows(sql::CHECKPOINTS_KEEP, &[&kept.size, &kept.previous, &nodes, &kept.note]).await?;
        Ok(())
    }
}

/// A row of a checkpoint.
pub(crate) fn kept(row: &Row) -> Result<Kept, LogError> {
    let size = row.try_get(0)?;
    let nodes: Vec<&[u8]> = row.try_get(2)?;
    let nodes: Result<_, _> = nodes.into_iter().map(|node| hash(node, size)).collect();
    Ok(Kept { size, previous: row.try_get(1)?, nodes: nodes?, note: row.try_get(3)? })
}

fn hash(bytes: &[u8], position: Position) -> Result<Hash, LogError> {
    bytes.try_into().map_err(|_| LogError::Inconsistent { position, column: "leaf_hash" })
}
