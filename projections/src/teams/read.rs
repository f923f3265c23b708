//! What is asked of teams.

use allhours_domain::ids::{AgentId, TeamId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Client,
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    rows::Row,
    sql::sql,
    teams::TeamRow,
};

/// Where a page of teams ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamKey {
    /// When it was founded.
    pub created_at: Timestamp,
    /// Which team.
    pub id: TeamId,
}

impl From<&TeamRow> for TeamKey {
    fn from(row: &TeamRow) -> Self {
        Self { created_at: row.created_at, id: row.id }
    }
}

/// The teams with these ids, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(client: &Client, ids: &[TeamId]) -> Result<Vec<TeamRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("teams/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(TeamRow::read).collect()
}

/// A page of teams, the oldest first; retired ones only where asked for.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    retired_too: bool,
    span: &Span<TeamKey>,
) -> Result<Page<TeamRow>, ProjectionError> {
    let statement = span.either(sql!("teams/list"), sql!("teams/list_back"));
    let statement = client.prepare_cached(statement).await?;
    let rows = client
        .query(
            &statement,
            &[
                &retired_too,
                &span.after.map(|key| key.created_at),
                &span.after.map(|key| key.id.0),
                &span.before.map(|key| key.created_at),
                &span.before.map(|key| key.id.0),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
    let rows = rows.iter().map(TeamRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}

/// Every team that one of these agents belongs to, the oldest first; at most 1,000.
///
/// # Errors
///
/// A failure of the database.
pub async fn of_agents(
    client: &Client,
    agents: &[AgentId],
) -> Result<Vec<TeamRow>, ProjectionError> {
    let ids: Vec<String> = agents.iter().map(|id| id.0.to_string()).collect();
    let statement = client.prepare_cached(sql!("teams/of_agents")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(TeamRow::read).collect()
}
