//! What is asked of agents.

use allhours_domain::{
    ids::{AgentId, TeamId},
    text::{Key, Language},
    words::Presence,
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Client,
    agents::{AgentRow, PresenceRow},
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    rows::Row,
    sql::sql,
};

/// Which agents; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentFilter {
    /// Present in this way.
    pub presence: Option<Presence>,
    /// Whether they belong to the desk.
    pub active: Option<bool>,
    /// With this skill, at this level or above.
    pub skill: Option<(Key, u8)>,
    /// Working in this language.
    pub language: Option<Language>,
    /// Members of this team.
    pub team: Option<TeamId>,
}

/// Where a page of agents ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentKey {
    /// When they joined.
    pub registered_at: Timestamp,
    /// Who.
    pub id: AgentId,
}

impl From<&AgentRow> for AgentKey {
    fn from(row: &AgentRow) -> Self {
        Self { registered_at: row.registered_at, id: row.id }
    }
}

/// The agents with these ids, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(client: &Client, ids: &[AgentId]) -> Result<Vec<AgentRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("agents/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(AgentRow::read).collect()
}

/// A page of the filtered agents, the longest here first.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    filter: &AgentFilter,
    span: &Span<AgentKey>,
) -> Result<Page<AgentRow>, ProjectionError> {
    let statement = span.either(sql!("agents/list"), sql!("agents/list_back"));
    let statement = client.prepare_cached(statement).await?;
    let rows = client
        .query(
            &statement,
            &[
                &filter.presence.map(Presence::as_str),
                &filter.active,
                &filter.skill.as_ref().map(|(skill, _)| skill.as_str()),
                &filter.skill.as_ref().map(|(_, level)| i32::from(*level)),
                &filter.language.as_ref().map(Language::as_str),
                &filter.team.map(|id| id.0),
                &span.after.map(|key| key.registered_at),
                &span.after.map(|key| key.id.0),
                &span.before.map(|key| key.registered_at),
                &span.before.map(|key| key.id.0),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
    let rows = rows.iter().map(AgentRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}

/// How these agents were present as of a position; those not registered by then are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn presence_as_of(
    client: &Client,
    agents: &[AgentId],
    as_of: Position,
) -> Result<Vec<PresenceRow>, ProjectionError> {
    let ids: Vec<Uuid> = agents.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("presence/as_of")).await?;
    client.query(&statement, &[&ids, &as_of]).await?.iter().map(PresenceRow::read).collect()
}
