//! What is asked of conversations: lists, one customer's, counters.

use allhours_domain::{
    ids::{AgentId, ConversationId, CustomerId, TeamId},
    text::{Language, Tag},
    words::{Channel, ConversationStatus, Priority, Tier},
};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{
    Client,
    conversations::{ConversationRow, CounterRow},
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    profiles::Profile,
    rows::{Row, column},
    sql::sql,
};

/// Whose queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TeamScope {
    /// Anybody's.
    #[default]
    Any,
    /// The common one.
    Common,
    /// This team's.
    Team(TeamId),
}

impl TeamScope {
    pub(crate) fn team(self) -> (bool, Option<Uuid>) {
        match self {
            Self::Any => (false, None),
            Self::Common => (true, None),
            Self::Team(team) => (true, Some(team.0)),
        }
    }
}

/// Who is responsible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AssigneeScope {
    /// Anybody or nobody.
    #[default]
    Any,
    /// Nobody.
    Nobody,
    /// This agent.
    Agent(AgentId),
}

impl AssigneeScope {
    fn agent(self) -> (bool, Option<Uuid>) {
        match self {
            Self::Any => (false, None),
            Self::Nobody => (true, None),
            Self::Agent(agent) => (true, Some(agent.0)),
        }
    }
}

/// Which conversations; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// In whose queue.
    pub team: TeamScope,
    /// Where they stand; empty means anywhere.
    pub statuses: Vec<ConversationStatus>,
    /// Who is responsible.
    pub assignee: AssigneeScope,
    /// Of this tier.
    pub tier: Option<Tier>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this tag.
    pub tag: Option<Tag>,
    /// Opened by one of these profiles of a customer.
    pub profiles: Option<Vec<CustomerId>>,
    /// Begun on this channel.
    pub channel: Option<Channel>,
    /// In this language.
    pub language: Option<Language>,
    /// Also those that were merged into another one.
    pub merged_too: bool,
}

impl ConversationFilter {
    /// Whether it asks for the few of one customer or agent, which have an index of their own.
    #[must_use]
    pub fn names_a_person(&self) -> bool {
        self.profiles.is_some() || self.assignee.agent().1.is_some()
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ConversationOrder {
    /// By the last message or note, newest first.
    #[default]
    Activity,
    /// By the last message that the customer can see, newest first.
    PublicActivity,
    /// By opening, newest first.
    Opening,
}

/// Where a page of conversations ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationKey {
    /// The instant by which the list is ordered.
    pub at: Timestamp,
    /// The conversation.
    pub id: ConversationId,
}

impl ConversationOrder {
    /// The key of a row in this order, to go on after it.
    #[must_use]
    pub fn key(self, row: &ConversationRow) -> ConversationKey {
        let at = match self {
            Self::Activity => row.last_activity_at,
            Self::PublicActivity => row.last_public_activity_at,
            Self::Opening => row.opened_at,
        };
        ConversationKey { at, id: row.id }
    }
}

/// The conversations with these ids, in no order; unknown ones are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(
    client: &Client,
    ids: &[ConversationId],
) -> Result<Vec<ConversationRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("conversations/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(ConversationRow::read).collect()
}

/// A page of the filtered conversations.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    filter: &ConversationFilter,
    order: ConversationOrder,
    span: &Span<ConversationKey>,
) -> Result<Page<ConversationRow>, ProjectionError> {
    let statement = match order {
        ConversationOrder::Activity => span.either(
            sql!("conversations/list_by_activity"),
            sql!("conversations/list_by_activity_back"),
        ),
        ConversationOrder::PublicActivity => span.either(
            sql!("conversations/list_by_public_activity"),
            sql!("conversations/list_by_public_activity_back"),
        ),
        ConversationOrder::Opening => span.either(
            sql!("conversations/list_by_opening"),
            sql!("conversations/list_by_opening_back"),
        ),
    };
    let statement = client.prepare_cached(statement).await?;
    let (by_team, team) = filter.team.team();
    let (by_assignee, assignee) = filter.assignee.agent();
    let statuses: Vec<&str> = filter.statuses.iter().map(|it| it.as_str()).collect();
    let statuses = (!statuses.is_empty()).then_some(statuses);
    // Those that were merged are shown where they are asked for by name.
    let merged_too = filter.merged_too || filter.statuses.contains(&ConversationStatus::Merged);
    let profiles: Option<Vec<Uuid>> = filter.profiles.as_deref().map(uuids);
    let rows = client
        .query(
            &statement,
            &[
                &by_team,
                &team,
                &statuses,
                &by_assignee,
                &assignee,
                &filter.tier.map(Tier::as_str),
                &filter.priority.map(Priority::as_str),
                &filter.tag.as_ref().map(Tag::as_str),
                &profiles,
                &filter.channel.map(Channel::as_str),
                &filter.language.as_ref().map(Language::as_str),
                &merged_too,
                &span.after.map(|key| key.at),
                &span.after.map(|key| key.id.0),
                &span.before.map(|key| key.at),
                &span.before.map(|key| key.id.0),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
    let rows = rows.iter().map(ConversationRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}

fn uuids(customers: &[CustomerId]) -> Vec<Uuid> {
    customers.iter().map(|id| id.0).collect()
}

/// By whom conversations are asked for, and by which profiles they were opened.
fn asked_and_theirs(profiles: &[Profile]) -> (Vec<Uuid>, Vec<Uuid>) {
    profiles.iter().map(|it| (it.asked.0, it.id.0)).unzip()
}

/// A page of the conversations of each customer that these profiles are of, the last active first,
/// without merged ones; who has none is left out. `publicly` counts what the customer can see.
///
/// # Errors
///
/// A failure of the database.
pub async fn of_customers(
    client: &Client,
    profiles: &[Profile],
    publicly: bool,
    span: &Span<ConversationKey>,
) -> Result<Vec<(CustomerId, Page<ConversationRow>)>, ProjectionError> {
    let statement = if publicly {
        span.either(
            sql!("conversations/of_customers_publicly"),
            sql!("conversations/of_customers_publicly_back"),
        )
    } else {
        span.either(sql!("conversations/of_customers"), sql!("conversations/of_customers_back"))
    };
    let statement = client.prepare_cached(statement).await?;
    let (asked, theirs) = asked_and_theirs(profiles);
    let (after, before) = (span.after, span.before);
    let values: &[&(dyn ToSql + Sync)] = &[
        &asked,
        &theirs,
        &after.map(|key| key.at),
        &after.map(|key| key.id.0),
        &before.map(|key| key.at),
        &before.map(|key| key.id.0),
        &rows_to_read(span.limit),
    ];
    let rows = client.query(&statement, values).await?;
    let mut pages: Vec<(CustomerId, Vec<ConversationRow>)> = Vec::new();
    for row in &rows {
        let (asked, row) = (column(row, "conversations", "asked_id")?, ConversationRow::read(row)?);
        match pages.last_mut() {
            Some((owner, rows)) if *owner == asked => rows.push(row),
            Some(_) | None => pages.push((asked, vec![row])),
        }
    }
    Ok(pages.into_iter().map(|(asked, rows)| (asked, Page::spanning(rows, span))).collect())
}

/// Every conversation that these profiles ever opened, merged ones included, each with its
/// profile.
///
/// # Errors
///
/// A failure of the database.
pub async fn of_profiles(
    client: &Client,
    profiles: &[CustomerId],
) -> Result<Vec<(CustomerId, ConversationId)>, ProjectionError> {
    let statement = client.prepare_cached(sql!("conversations/of_profiles")).await?;
    let rows = client.query(&statement, &[&uuids(profiles)]).await?;
    let column_of = |row: &tokio_postgres::Row| {
        Ok((column(row, "conversations", "customer_id")?, column(row, "conversations", "id")?))
    };
    rows.iter().map(column_of).collect()
}

/// How many conversations there are of each kind, kept in step with them.
///
/// # Errors
///
/// A failure of the database.
pub async fn counters(
    client: &Client,
    team: TeamScope,
) -> Result<Vec<CounterRow>, ProjectionError> {
    let (by_team, team) = team.team();
    let team = team.unwrap_or(Uuid::nil());
    let statement = client.prepare_cached(sql!("conversations/counters")).await?;
    client.query(&statement, &[&by_team, &team]).await?.iter().map(CounterRow::read).collect()
}

/// What one customer's conversations add up to, those of all their profiles; merged conversations
/// are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerContacts {
    /// Who.
    pub customer_id: CustomerId,
    /// Neither resolved nor closed.
    pub live: i64,
    /// All.
    pub total: i64,
    /// How often one was reopened.
    pub reopenings: i64,
    /// When the customer last wrote.
    pub last_contact_at: Option<Timestamp>,
}

/// What the conversations add up to of the customers that these profiles are of; those without any
/// are left out.
///
/// # Errors
///
/// A failure of the database.
pub async fn contacts(
    client: &Client,
    profiles: &[Profile],
) -> Result<Vec<CustomerContacts>, ProjectionError> {
    let (asked, theirs) = asked_and_theirs(profiles);
    let statement = client.prepare_cached(sql!("conversations/by_customers")).await?;
    let rows = client.query(&statement, &[&asked, &theirs]).await?;
    rows.iter()
        .map(|row| {
            Ok(CustomerContacts {
                customer_id: column(row, "conversations", "customer_id")?,
                live: column(row, "conversations", "live")?,
                total: column(row, "conversations", "total")?,
                reopenings: column(row, "conversations", "reopenings")?,
                last_contact_at: column(row, "conversations", "last_contact_at")?,
            })
        })
        .collect()
}
