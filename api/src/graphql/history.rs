//! The desk's history and how the read side does, for those who analyse and audit.

use allhours_domain::ids::{CustomerId, EventId};
use allhours_eventstore::log::Log as _;
use allhours_projections::{
    fold,
    runner::{self as letters, DeadLetterKey, dead_letters},
};
use async_graphql::{
    ComplexObject, Context, ID, Object, Result, SimpleObject, connection::Connection,
};

use super::{
    churn::ChurnFeatures,
    error::{Code, of_log},
    event::{self, Event, EventsFilter},
    id::Kind,
    page::{BothWays, Cursor},
    scalars::{DateTime, Position, count},
    services::{Services, of_read, reads},
    viewer::Viewer,
};
use crate::clock;

/// How one projection does.
#[derive(Debug, SimpleObject)]
pub struct Projection {
    /// Its name.
    pub name: String,
    /// The version of its tables.
    pub version: i32,
    /// The number of the generation that readers see.
    pub generation: i32,
    /// What this process does for it: starting, following, standby, rebuilding, retrying, halted
    /// or stopped.
    pub state: String,
    /// How far it is.
    pub position: Position,
    /// How many events it is behind.
    pub lag_events: i32,
    /// How long the oldest event that it has not taken has been in the log, in seconds.
    pub lag_seconds: f64,
    /// How many events it went on without.
    pub parked: i32,
    /// How far the generation is that is being built beside it, if one is.
    pub building: Option<Position>,
}

/// An event that a projection could not take and went on without. Building the projection anew
/// tries it again.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct DeadLetter {
    /// Which projection.
    pub projection: String,
    /// The event's position in the log.
    pub position: Position,
    /// The event's stored name.
    pub name: String,
    /// Why the projection could not take it.
    pub why: String,
    /// When it was put aside.
    pub parked_at: DateTime,
    #[graphql(skip)]
    event: EventId,
}

#[ComplexObject]
impl DeadLetter {
    /// The global id of the event.
    async fn event_id(&self) -> ID {
        Kind::Event.id(self.event)
    }
}

impl From<letters::DeadLetter> for DeadLetter {
    fn from(letter: letters::DeadLetter) -> Self {
        Self {
            projection: letter.projection,
            position: Position(letter.position),
            name: letter.name,
            why: letter.why,
            parked_at: DateTime(letter.parked_at),
            event: letter.event,
        }
    }
}

/// The desk's history and how the read side does.
#[derive(Debug, Default)]
pub struct HistoryQueries;

/// The desk's history and how the read side does.
#[Object]
impl HistoryQueries {
    /// The log itself.
    #[expect(clippy::too_many_arguments, reason = "a filter and a page")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events.", default)] filter: EventsFilter,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Event>> {
        ctx.data::<Services>()?.wait(reads::LOG, min_position).await?;
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        event::page(ctx, filter.read()?, &page).await
    }

    /// Why an event happened: the event, the event that caused it, and so on; at most 32.
    async fn why(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's global id.")] event_id: ID,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Vec<Event>> {
        ctx.data::<Services>()?.wait(reads::LOG, min_position).await?;
        match Kind::Event.read(&event_id) {
            Some(id) => event::why(ctx, EventId(id)).await,
            None => Ok(Vec::new()),
        }
    }

    /// The newest position of the log.
    async fn position(&self, ctx: &Context<'_>) -> Result<Position> {
        let services = ctx.data::<Services>()?;
        let head = services.log.head().await;
        head.map(Position).map_err(|error| of_log(&error))
    }

    /// How the projections do.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<Projection>> {
        let services = ctx.data::<Services>()?;
        let all = services.progress.status(&services.log, clock::now()).await;
        let all = all.map_err(|error| of_read(&error))?;
        let projection = |it: allhours_projections::runner::ProjectionStatus| Projection {
            name: it.name.to_owned(),
            version: it.version,
            generation: it.generation,
            state: it.state.as_str().to_owned(),
            position: Position(it.position),
            lag_events: count(it.lag_events),
            lag_seconds: it.lag_seconds,
            parked: count(it.parked),
            building: it.building_position.map(Position),
        };
        Ok(all.into_iter().map(projection).collect())
    }

    /// Events that projections could not take and went on without, in order of position.
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this projection.")] projection: Option<String>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
    ) -> Result<Connection<Cursor, DeadLetter>> {
        let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        let span = page.span(|cursor| {
            let [position, projection] = cursor.parts()?;
            let projection = projection.to_owned();
            Some(DeadLetterKey { position: position.parse().ok()?, projection })
        })?;
        let (tenant, projection) = (Some(viewer.tenant), projection.as_deref());
        if let Some(name) = projection.filter(|name| fold::ALL.iter().all(|it| it.name != *name)) {
            let names: Vec<_> = fold::ALL.iter().map(|it| it.name).collect();
            let told = format!("there is no projection {name:?}; there are {}", names.join(", "));
            return Err(Code::BadUserInput.error(told));
        }
        let found = dead_letters(&services.database, projection, tenant, &span).await;
        let found = found.map_err(|error| of_read(&error))?;
        let rows = found.rows.into_iter().map(|letter| {
            let cursor = Cursor::of(&[&letter.position.to_string(), &letter.projection]);
            (cursor, letter.into())
        });
        Ok(page.connection(rows, found.has_more))
    }

    /// What was known of a customer as of an instant, with all profiles that were merged into
    /// theirs by then, for predicting churn; none where the customer was unknown by then, was
    /// erased since, or forbids it by any of these profiles.
    async fn churn_features(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer's global id.")] customer_id: ID,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<DateTime>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<ChurnFeatures>> {
        let services = ctx.data::<Services>()?;
        services.wait(&["churn_features", "conversations"], min_position).await?;
        let Some(id) = Kind::Customer.read(&customer_id) else { return Ok(None) };
        let as_of = as_of.map_or_else(clock::now, |it| it.0);
        ChurnFeatures::read(ctx, CustomerId(id), as_of).await
    }
}
