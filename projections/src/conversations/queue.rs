//! What is asked of the queues and of who carries what, now or as of a position.

use allhours_domain::{
    ids::{AgentId, ConversationId},
    words::{Priority, Tier},
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{
    Client,
    conversations::{AssignmentRow, QueueRow, TeamScope},
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    rows::{Row, column},
    sql::sql,
};

/// Which part of the queue; every part that is given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// Whose queue.
    pub team: TeamScope,
    /// Of this tier.
    pub tier: Option<Tier>,
    /// Of this priority.
    pub priority: Option<Priority>,
}

/// Where a page of the queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueKey {
    /// The place in line.
    pub rank: i32,
    /// Since when the customer waits.
    pub waiting_since: Timestamp,
    /// The conversation.
    pub id: ConversationId,
}

impl From<&QueueRow> for QueueKey {
    fn from(row: &QueueRow) -> Self {
        Self { rank: row.rank, waiting_since: row.waiting_since, id: row.conversation_id }
    }
}

/// A page of the queue in the order in which it is to be worked, now or as of a position: open,
/// nobody responsible; by priority, tier, and how long they wait.
///
/// # Errors
///
/// A failure of the database.
pub async fn queue(
    client: &Client,
    filter: QueueFilter,
    as_of: Option<Position>,
    span: &Span<QueueKey>,
) -> Result<Page<QueueRow>, ProjectionError> {
    let (by_team, team) = filter.team.team();
    let tier = filter.tier.map(Tier::as_str);
    let priority = filter.priority.map(Priority::as_str);
    let (after, before) = (span.after, span.before);
    let [rank, to_rank] = [after, before].map(|key| key.map(|key| key.rank));
    let [since, to_since] = [after, before].map(|key| key.map(|key| key.waiting_since));
    let [id, to_id] = [after, before].map(|key| key.map(|key| key.id.0));
    let limit = rows_to_read(span.limit);
    let common: [&(dyn ToSql + Sync); 11] = [
        &by_team, &team, &tier, &priority, &rank, &since, &id, &to_rank, &to_since, &to_id, &limit,
    ];
    let rows = match &as_of {
        None => {
            let statement = span.either(sql!("queue/current"), sql!("queue/current_back"));
            client.query(&client.prepare_cached(statement).await?, &common).await?
        }
        Some(position) => {
            let statement = span.either(sql!("queue/as_of"), sql!("queue/as_of_back"));
            let mut parameters = common.to_vec();
            parameters.push(position);
            client.query(&client.prepare_cached(statement).await?, &parameters).await?
        }
    };
    let rows = rows.iter().map(QueueRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}

/// How long a queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueLength {
    /// How many conversations stand in it.
    pub conversations: i64,
    /// Since when the one waits that waits longest.
    pub waiting_since: Option<Timestamp>,
}

/// How long the filtered queue is, now or as of a position.
///
/// # Errors
///
/// A failure of the database.
pub async fn queue_length(
    client: &Client,
    filter: QueueFilter,
    as_of: Option<Position>,
) -> Result<QueueLength, ProjectionError> {
    let (by_team, team) = filter.team.team();
    let (tier, priority) = (filter.tier.map(Tier::as_str), filter.priority.map(Priority::as_str));
    let statement = client.prepare_cached(sql!("queue/length")).await?;
    let row = client.query_one(&statement, &[&by_team, &team, &as_of, &tier, &priority]).await?;
    Ok(QueueLength {
        conversations: column(&row, "queue", "conversations")?,
        waiting_since: column(&row, "queue", "waiting_since")?,
    })
}

/// What these agents are responsible for now: open, waiting or snoozed; at most `limit`.
///
/// # Errors
///
/// A failure of the database.
pub async fn assignments(
    client: &Client,
    agents: &[AgentId],
    limit: usize,
) -> Result<Vec<AssignmentRow>, ProjectionError> {
    let ids: Vec<Uuid> = agents.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("assignments/current")).await?;
    let limit = rows_to_read(limit) - 1;
    let rows = client.query(&statement, &[&ids, &limit]).await?;
    rows.iter().map(AssignmentRow::read).collect()
}

/// How much an agent carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentLoad {
    /// Who.
    pub agent_id: AgentId,
    /// Conversations that need something done; these use up capacity.
    pub open: i64,
    /// Those that wait for somebody else.
    pub waiting: i64,
    /// Those put aside.
    pub snoozed: i64,
}

/// How much these agents carry, now or as of a position; those who carry nothing are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn loads(
    client: &Client,
    agents: &[AgentId],
    as_of: Option<Position>,
) -> Result<Vec<AgentLoad>, ProjectionError> {
    let ids: Vec<Uuid> = agents.iter().map(|id| id.0).collect();
    let rows = match as_of {
        None => {
            let statement = client.prepare_cached(sql!("assignments/loads")).await?;
            client.query(&statement, &[&ids]).await?
        }
        Some(position) => {
            let statement = client.prepare_cached(sql!("assignments/loads_as_of")).await?;
            client.query(&statement, &[&ids, &position]).await?
        }
    };
    rows.iter()
        .map(|row| {
            Ok(AgentLoad {
                agent_id: column(row, "assignments", "agent_id")?,
                open: column(row, "assignments", "open")?,
                waiting: column(row, "assignments", "waiting")?,
                snoozed: column(row, "assignments", "snoozed")?,
            })
        })
        .collect()
}
