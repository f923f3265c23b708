//! Lists from the read tables, as connections.

use allhours_domain::ids::CustomerId;
use allhours_projections::{
    agents::{self, AgentFilter, AgentKey},
    articles::{self, ArticleFilter, ArticleKey},
    conversations::{
        self, ConversationFilter, ConversationKey, ConversationOrder, ConversationRow, CounterRow,
        QueueFilter, QueueKey, TeamScope,
    },
    customers::{self, CustomerFilter, CustomerKey},
    intakes::{self, IntakeFilter, IntakeKey},
    teams::{self, TeamKey},
};
use async_graphql::{Context, Result, SimpleObject, connection::Connection};
use std::sync::Arc;

use super::{
    agent::Agent,
    article::ArticleLocale,
    conversation::{Conversation, ConversationFacts},
    customer::Customer,
    intake::Intake,
    loaders::Loaders,
    own::{may_see, only_what_is_seen, profiles_of},
    page::{BothWays, Cursor, instant},
    scalars::{DateTime, Position, count},
    services::{Services, of_read},
    team::Team,
    viewer::{Role, Viewer},
    words::{Priority, Tier},
};

/// A page of conversations; of one customer, where one is named.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn conversations(
    ctx: &Context<'_>,
    mut filter: ConversationFilter,
    customer: Option<CustomerId>,
    page: &BothWays,
) -> Result<Connection<Cursor, Conversation>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(conversation_key)?;
    only_what_is_seen(viewer, &mut filter)?;
    if let Some(customer) = customer.or(viewer.customer()) {
        if !may_see(ctx, customer).await? {
            return Ok(Connection::new(false, false));
        }
        filter.profiles = Some(profiles_of(ctx, customer).await?.to_vec());
    }
    let order = order_for(viewer);
    let client = if filter.names_a_person() {
        services.planning_reader(viewer.tenant).await?
    } else {
        services.reader(viewer.tenant).await?
    };
    let found = conversations::list(&client, &filter, order, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| conversation(order, row));
    Ok(page.connection(rows, found.has_more))
}

/// The last active first; for customers, who must not learn of notes, by what they can see.
fn order_for(viewer: &Viewer) -> ConversationOrder {
    if viewer.is_staff() { ConversationOrder::Activity } else { ConversationOrder::PublicActivity }
}

/// A page of one customer's conversations; asked for together with those of other customers.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn conversations_of(
    ctx: &Context<'_>,
    customer: CustomerId,
    page: BothWays,
) -> Result<Connection<Cursor, Conversation>> {
    page.span(conversation_key)?;
    if !may_see(ctx, customer).await? {
        return Ok(Connection::new(false, false));
    }
    let order = order_for(Viewer::of(ctx)?);
    let asked = (customer, order, page.clone());
    let found = Loaders::of(ctx)?.conversations_of.load_one(asked).await?;
    let rows = found.iter().flat_map(|page| &page.rows).map(|row| conversation(order, row));
    Ok(page.connection(rows, found.as_ref().is_some_and(|page| page.has_more)))
}

/// What a cursor of a list of conversations holds.
#[must_use]
pub fn conversation_key(cursor: &Cursor) -> Option<ConversationKey> {
    let (at, id) = cursor.as_instant("conversations")?;
    Some(ConversationKey { at, id: id.into() })
}

fn conversation(order: ConversationOrder, row: &ConversationRow) -> (Cursor, Conversation) {
    let key = order.key(row);
    let facts = Arc::new(ConversationFacts::from(row));
    (Cursor::instant("conversations", key.at, key.id.0), Conversation::of(facts))
}

/// A place in a queue.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct QueueEntry {
    /// Its tier while it stood there.
    pub tier: Tier,
    /// Its priority while it stood there.
    pub priority: Priority,
    /// Since when the customer waits.
    pub waiting_since: DateTime,
    /// The event that put it there.
    pub entered: Position,
    #[graphql(skip)]
    conversation: allhours_domain::ids::ConversationId,
    #[graphql(skip)]
    as_of: Option<i64>,
}

#[async_graphql::ComplexObject]
impl QueueEntry {
    /// The conversation, as of the same point as the queue.
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        if self.as_of.is_some() {
            return Conversation::read(ctx, self.conversation, self.as_of).await;
        }
        Conversation::known(ctx, self.conversation).await
    }
}

/// How long a queue is, looked up only where it is asked for.
#[derive(Debug)]
pub struct QueueLength {
    filter: QueueFilter,
    as_of: Option<i64>,
}

impl QueueLength {
    async fn read(&self, ctx: &Context<'_>) -> Result<conversations::QueueLength> {
        let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
        let client = services.planning_reader(viewer.tenant).await?;
        let length = conversations::queue_length(&client, self.filter, self.as_of).await;
        length.map_err(|error| of_read(&error))
    }
}

/// How long a queue is.
#[async_graphql::Object]
impl QueueLength {
    /// How many conversations stand in it, not only on this page.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(count(self.read(ctx).await?.conversations))
    }

    /// Since when the one waits that waits longest.
    async fn longest_waiting_since(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.read(ctx).await?.waiting_since.map(DateTime))
    }
}

/// A page of a queue in the order in which it is to be worked.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn queue(
    ctx: &Context<'_>,
    filter: QueueFilter,
    as_of: Option<i64>,
    page: &BothWays,
) -> Result<Connection<Cursor, QueueEntry, QueueLength>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let [rank, at, id] = cursor.parts()?;
        let id: uuid::Uuid = id.parse().ok()?;
        Some(QueueKey { rank: rank.parse().ok()?, waiting_since: instant(at)?, id: id.into() })
    })?;
    let client = services.reader(viewer.tenant).await?;
    let found = conversations::queue(&client, filter, as_of, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| {
        let key = QueueKey::from(row);
        let at = key.waiting_since.as_microsecond().to_string();
        let cursor = Cursor::of(&[&key.rank.to_string(), &at, &key.id.to_string()]);
        let entry = QueueEntry {
            tier: row.tier.into(),
            priority: row.priority.into(),
            waiting_since: DateTime(row.waiting_since),
            entered: Position(row.from_position),
            conversation: row.conversation_id,
            as_of,
        };
        (cursor, entry)
    });
    Ok(page.connection_with(rows, found.has_more, QueueLength { filter, as_of }))
}

/// A page of agents.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn agents(
    ctx: &Context<'_>,
    filter: &AgentFilter,
    page: &BothWays,
) -> Result<Connection<Cursor, Agent>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let (registered_at, id) = cursor.as_instant("agents")?;
        Some(AgentKey { registered_at, id: id.into() })
    })?;
    let client = services.reader(viewer.tenant).await?;
    let found = agents::list(&client, filter, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| {
        let agent = Agent::Facts(Arc::new(row.into()));
        (Cursor::instant("agents", row.registered_at, row.id.0), agent)
    });
    Ok(page.connection(rows, found.has_more))
}

/// A page of teams.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn teams(
    ctx: &Context<'_>,
    retired_too: bool,
    page: &BothWays,
) -> Result<Connection<Cursor, Team>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let (created_at, id) = cursor.as_instant("teams")?;
        Some(TeamKey { created_at, id: id.into() })
    })?;
    let client = services.reader(viewer.tenant).await?;
    let found = teams::list(&client, retired_too, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| {
        (Cursor::instant("teams", row.created_at, row.id.0), Team(Arc::new(row.into())))
    });
    Ok(page.connection(rows, found.has_more))
}

/// A page of customers.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn customers(
    ctx: &Context<'_>,
    filter: &CustomerFilter,
    page: &BothWays,
) -> Result<Connection<Cursor, Customer>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let (identified_at, id) = cursor.as_instant("customers")?;
        Some(CustomerKey { identified_at, id: id.into() })
    })?;
    let client = services.reader(viewer.tenant).await?;
    let found = customers::list(&client, filter, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| {
        (
            Cursor::instant("customers", row.identified_at, row.id.0),
            Customer::Facts(Arc::new(row.into())),
        )
    });
    Ok(page.connection(rows, found.has_more))
}

/// A page of deliveries, the newest first.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn intakes(
    ctx: &Context<'_>,
    filter: IntakeFilter,
    page: &BothWays,
) -> Result<Connection<Cursor, Intake>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let (received_at, id) = cursor.as_instant("intakes")?;
        Some(IntakeKey { received_at, id: id.into() })
    })?;
    let client = services.reader(viewer.tenant).await?;
    let found = intakes::list(&client, filter, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found
        .rows
        .into_iter()
        .map(|row| (Cursor::instant("intakes", row.received_at, row.id.0), Intake(Arc::new(row))));
    Ok(page.connection(rows, found.has_more))
}

/// A page of articles, a row for each locale; customers see what is published.
///
/// # Errors
///
/// A failure below, or a cursor of another list.
pub async fn articles(
    ctx: &Context<'_>,
    mut filter: ArticleFilter,
    page: &BothWays,
) -> Result<Connection<Cursor, ArticleLocale>> {
    let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
    let span = page.span(|cursor| {
        let [at, id, locale] = cursor.parts()?;
        let id: uuid::Uuid = id.parse().ok()?;
        let locale = allhours_domain::text::Language::new(locale).ok()?;
        Some(ArticleKey { updated_at: instant(at)?, id: id.into(), locale })
    })?;
    if viewer.role == Role::Customer {
        filter =
            ArticleFilter { locale: filter.locale, published_only: true, ..Default::default() };
    }
    let client = services.reader(viewer.tenant).await?;
    let found = articles::list(&client, &filter, &span).await;
    let found = found.map_err(|error| of_read(&error))?;
    let rows = found.rows.iter().map(|row| {
        let at = row.updated_at.as_microsecond().to_string();
        let cursor = Cursor::of(&[&at, &row.id.to_string(), row.locale.as_str()]);
        (cursor, ArticleLocale::from(row))
    });
    Ok(page.connection(rows, found.has_more))
}

/// How many conversations there are of one kind; merged ones are not counted.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct Counter {
    /// Where they stand.
    pub status: super::conversation::ConversationStatus,
    /// Their tier.
    pub tier: Tier,
    /// Their priority.
    pub priority: Priority,
    /// How many.
    pub conversations: i32,
    #[graphql(skip)]
    team: Option<allhours_domain::ids::TeamId>,
}

#[async_graphql::ComplexObject]
impl Counter {
    /// In whose queue; none means the common one.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.team {
            Some(team) => Team::known(ctx, team).await,
            None => Ok(None),
        }
    }
}

impl From<&CounterRow> for Counter {
    fn from(row: &CounterRow) -> Self {
        Self {
            status: row.status.into(),
            tier: row.tier.into(),
            priority: row.priority.into(),
            conversations: count(row.conversations),
            team: (!row.team_id.is_nil()).then_some(row.team_id.into()),
        }
    }
}

/// Live counters.
///
/// # Errors
///
/// A failure below.
pub async fn counters(ctx: &Context<'_>, team: TeamScope) -> Result<Vec<Counter>> {
    let rows = counter_rows(ctx.data::<Services>()?, Viewer::of(ctx)?, team).await?;
    Ok(rows.iter().map(Counter::from).collect())
}

/// The rows behind live counters.
///
/// # Errors
///
/// A failure below.
pub async fn counter_rows(
    services: &Services,
    viewer: &Viewer,
    team: TeamScope,
) -> Result<Vec<CounterRow>> {
    let client = services.reader(viewer.tenant).await?;
    conversations::counters(&client, team).await.map_err(|error| of_read(&error))
}
