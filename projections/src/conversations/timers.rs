//! What the timers ask for: conversations of all tenants that something has to happen to by itself.

use allhours_domain::ids::{AgentId, ConversationId, CustomerId, TeamId, TenantId};
use jiff::Timestamp;

use crate::{Client, error::ProjectionError, page::rows_to_read, rows::column, sql::sql};

/// A conversation that should have been woken by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueSnooze {
    /// Whose desk.
    pub tenant_id: TenantId,
    /// Which conversation.
    pub id: ConversationId,
    /// Until when it was put aside.
    pub snoozed_until: Timestamp,
}

/// The conversations of all tenants that were put aside until `at` or before, the longest due
/// first. For the timers, on a connection of the owner; a tenant's reader sees its own only.
///
/// # Errors
///
/// A failure of the database.
pub async fn due_snoozes(
    client: &Client,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<DueSnooze>, ProjectionError> {
    let statement = client.prepare_cached(sql!("conversations/due_snoozes")).await?;
    let limit = rows_to_read(limit) - 1;
    let rows = client.query(&statement, &[&at, &limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(DueSnooze {
                tenant_id: column(row, "conversations", "tenant_id")?,
                id: column(row, "conversations", "id")?,
                snoozed_until: column(row, "conversations", "snoozed_until")?,
            })
        })
        .collect()
}

/// When the next conversation of any tenant is due to be woken. For the timers.
///
/// # Errors
///
/// A failure of the database.
pub async fn next_snooze(client: &Client) -> Result<Option<Timestamp>, ProjectionError> {
    let statement = client.prepare_cached(sql!("conversations/next_snooze")).await?;
    column(&client.query_one(&statement, &[]).await?, "conversations", "snoozed_until")
}

/// A conversation that nobody attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unattended {
    /// Whose desk.
    pub tenant_id: TenantId,
    /// Which conversation.
    pub id: ConversationId,
    /// Who or what is gone.
    pub by: Left,
}

/// Who or what left a conversation behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// An agent who left the desk is responsible for it.
    Agent(AgentId),
    /// It is in the queue of a team that was retired.
    Team(TeamId),
    /// The customer was forgotten.
    Customer(CustomerId),
}

/// The conversations of all tenants that are not over and whose agent left, whose team was retired,
/// or whose customer was forgotten. For the timers, on a connection of the owner.
///
/// # Errors
///
/// A failure of the database.
pub async fn unattended(client: &Client, limit: usize) -> Result<Vec<Unattended>, ProjectionError> {
    const TABLE: &str = "conversations";
    let statement = client.prepare_cached(sql!("conversations/unattended")).await?;
    let limit = rows_to_read(limit) - 1;
    let read = |row: &tokio_postgres::Row| {
        let agent: Option<AgentId> = column(row, TABLE, "agent_id")?;
        let team: Option<TeamId> = column(row, TABLE, "team_id")?;
        let by = match (agent, team) {
            (Some(agent), _) => Left::Agent(agent),
            (None, Some(team)) => Left::Team(team),
            (None, None) => Left::Customer(column(row, TABLE, "customer_id")?),
        };
        Ok(Unattended {
            tenant_id: column(row, TABLE, "tenant_id")?,
            id: column(row, TABLE, "id")?,
            by,
        })
    };
    client.query(&statement, &[&limit]).await?.iter().map(read).collect()
}
