//! What can be read.

use allhours_domain::{
    ids::{AgentId, ArticleId, ConversationId, CustomerId, TeamId},
    text::Tag,
};
use allhours_projections::{
    agents::AgentFilter,
    articles::ArticleFilter,
    conversations::{AssigneeScope, ConversationFilter, QueueFilter, TeamScope},
    customers::CustomerFilter,
    intakes::IntakeFilter,
};
use async_graphql::{
    Context, ID, InputObject, MergedObject, Object, Result, connection::Connection,
};

use super::{
    agent::{Agent, skill_of},
    article::{Article, ArticleLocale},
    as_of::AsOf,
    conversation::{Conversation, ConversationStatus},
    customer::Customer,
    desk::Desk,
    error::Code,
    history,
    id::Kind,
    intake::{Intake, IntakeStatus},
    lists::{self, Counter, QueueEntry, QueueLength},
    node::{Node, node, own_customer},
    page::{BothWays, Cursor},
    scalars::{Language, Position},
    search,
    services::{Services, reads},
    team::Team,
    viewer::Viewer,
    who::ViewerObject,
    words::{Channel, Presence, Priority, Tier},
};

/// Which conversations; every part that is given must hold.
#[derive(Debug, InputObject, Default)]
pub struct ConversationsFilter {
    /// In this team's queue.
    pub team_id: Option<ID>,
    /// Where they stand.
    pub statuses: Option<Vec<ConversationStatus>>,
    /// This agent is responsible.
    pub assignee_id: Option<ID>,
    /// Only those nobody is responsible for.
    #[graphql(default)]
    pub unassigned: bool,
    /// Of this tier.
    pub tier: Option<Tier>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of this customer, by whichever of their profiles they were opened.
    pub customer_id: Option<ID>,
    /// Begun on this channel.
    pub channel: Option<Channel>,
    /// In this language.
    pub language: Option<Language>,
    /// Also those that were merged into another one.
    #[graphql(default)]
    pub merged_too: bool,
}

fn id_of<I: From<uuid::Uuid>>(kind: Kind, what: &str, id: Option<ID>) -> Result<Option<I>> {
    let bad = || Code::BadUserInput.error(format!("{what} is no such id"));
    id.map(|id| kind.read(&id).map(I::from).ok_or_else(bad)).transpose()
}

fn team_scope(team: Option<ID>) -> Result<TeamScope> {
    let team = id_of::<TeamId>(Kind::Team, "teamId", team)?;
    Ok(team.map_or(TeamScope::Any, TeamScope::Team))
}

impl ConversationsFilter {
    fn read(self) -> Result<(ConversationFilter, Option<CustomerId>)> {
        let bad_tag = |_| Code::BadUserInput.error("tag is no tag");
        let assignee = id_of::<AgentId>(Kind::Agent, "assigneeId", self.assignee_id)?;
        let customer = id_of(Kind::Customer, "customerId", self.customer_id)?;
        let filter = ConversationFilter {
            team: team_scope(self.team_id)?,
            statuses: self.statuses.unwrap_or_default().into_iter().map(Into::into).collect(),
            assignee: match assignee {
                Some(agent) => AssigneeScope::Agent(agent),
                None if self.unassigned => AssigneeScope::Nobody,
                None => AssigneeScope::Any,
            },
            tier: self.tier.map(Into::into),
            priority: self.priority.map(Into::into),
            tag: self.tag.map(Tag::new).transpose().map_err(bad_tag)?,
            profiles: None,
            channel: self.channel.map(Into::into),
            language: self.language.map(|it| it.0),
            merged_too: self.merged_too,
        };
        Ok((filter, customer))
    }
}

/// What can be read.
#[derive(Debug, MergedObject, Default)]
pub struct Query(Reads, search::SearchQueries, history::HistoryQueries);

/// What can be read from the read tables and from single streams.
#[derive(Debug, Default)]
pub struct Reads;

/// What can be read. Lists come in pages of at most 100; a read that names a `minPosition`
/// waits, for a few seconds at most, until it and all that stands below it sees what the mutation
/// that returned it did. What is read from its stream is never behind, and takes it all the same.
#[Object]
impl Reads {
    /// Who asks.
    async fn viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<ViewerObject> {
        ctx.data::<Services>()?.wait(reads::ALL, min_position).await?;
        let viewer = Viewer::of(ctx)?.clone();
        let (role, person_id) = (viewer.role.into(), viewer.id.to_string());
        Ok(ViewerObject { role, person_id, viewer })
    }

    /// The object with this global id; none where there is none for this viewer.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Node>> {
        ctx.data::<Services>()?.wait(reads::ALL, min_position).await?;
        node(ctx, &id).await
    }

    /// The objects with these global ids, in their order; at most 100.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their global ids.")] ids: Vec<ID>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Vec<Option<Node>>> {
        ctx.data::<Services>()?.wait(reads::ALL, min_position).await?;
        if ids.len() > 100 {
            return Err(Code::BadUserInput.error("at most 100 ids"));
        }
        futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }

    /// A conversation, now or as of a point in the past.
    async fn conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: ID,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<AsOf>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Conversation>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        let Some(id) = Kind::Conversation.read(&id) else { return Ok(None) };
        let as_of = AsOf::position(ctx, as_of, &[]).await?;
        Conversation::read(ctx, ConversationId(id), as_of).await
    }

    /// Conversations, the last active first. Customers see their own, and may not ask by team,
    /// tier, priority, tag or what is put aside.
    #[expect(clippy::too_many_arguments, reason = "a filter and a page")]
    async fn conversations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.", default)] filter: ConversationsFilter,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Conversation>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        let (filter, customer) = filter.read()?;
        lists::conversations(ctx, filter, customer, &page).await
    }

    /// The queue in the order in which it is to be worked: open conversations that nobody is
    /// responsible for, by priority, tier and how long they wait.
    #[expect(clippy::too_many_arguments, reason = "filters, a page and two points in time")]
    async fn queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose queue; none means all.")] team_id: Option<ID>,
        #[graphql(desc = "Of this tier.")] tier: Option<Tier>,
        #[graphql(desc = "Of this priority.")] priority: Option<Priority>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<AsOf>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, QueueEntry, QueueLength>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        let filter = QueueFilter {
            team: team_scope(team_id)?,
            tier: tier.map(Into::into),
            priority: priority.map(Into::into),
        };
        let as_of = AsOf::position(ctx, as_of, &["conversations"]).await?;
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::queue(ctx, filter, as_of, &page).await
    }

    /// How many conversations there are of each kind.
    async fn counters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In whose queue; none means all.")] team_id: Option<ID>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Vec<Counter>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        lists::counters(ctx, team_scope(team_id)?).await
    }

    /// An agent.
    async fn agent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Agent>> {
        ctx.data::<Services>()?.wait(reads::PEOPLE, min_position).await?;
        let Some(id) = Kind::Agent.read(&id) else { return Ok(None) };
        Agent::known(ctx, AgentId(id)).await
    }

    /// Agents, the longest here first.
    #[expect(clippy::too_many_arguments, reason = "filters and a page")]
    async fn agents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Present in this way.")] presence: Option<Presence>,
        #[graphql(desc = "Whether they belong to the desk.")] active: Option<bool>,
        #[graphql(desc = "Members of this team.")] team_id: Option<ID>,
        #[graphql(desc = "Working in this language.")] language: Option<Language>,
        #[graphql(desc = "With this skill.")] skill: Option<String>,
        #[graphql(desc = "Good at that skill at this level or above, 1 to 5.")]
        skill_level_min: Option<i32>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Agent>> {
        ctx.data::<Services>()?.wait(reads::PEOPLE, min_position).await?;
        let filter = AgentFilter {
            presence: presence.map(Into::into),
            active,
            skill: skill_of(skill, skill_level_min)?,
            language: language.map(|it| it.0),
            team: id_of(Kind::Team, "teamId", team_id)?,
        };
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::agents(ctx, &filter, &page).await
    }

    /// A team.
    async fn team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Team>> {
        ctx.data::<Services>()?.wait(reads::PEOPLE, min_position).await?;
        let Some(id) = Kind::Team.read(&id) else { return Ok(None) };
        Team::known(ctx, TeamId(id)).await
    }

    /// Teams, the oldest first.
    #[expect(clippy::too_many_arguments, reason = "a filter and a page")]
    async fn teams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Also those that take no more work.", default)] retired_too: bool,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Team>> {
        ctx.data::<Services>()?.wait(reads::PEOPLE, min_position).await?;
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::teams(ctx, retired_too, &page).await
    }

    /// A customer, now or as of a point in the past. Customers see themselves.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<AsOf>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Customer>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        let Some(id) = Kind::Customer.read(&id) else { return Ok(None) };
        let as_of = AsOf::position(ctx, as_of, &[]).await?;
        own_customer(ctx, CustomerId(id), as_of).await
    }

    /// Customers, the newest first.
    #[expect(clippy::too_many_arguments, reason = "filters and a page")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this tier.")] tier: Option<Tier>,
        #[graphql(desc = "Writing in this language.")] language: Option<Language>,
        #[graphql(desc = "Also those merged into another profile.", default)] merged_too: bool,
        #[graphql(desc = "Also those who were erased.", default)] erased_too: bool,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Customer>> {
        ctx.data::<Services>()?.wait(reads::MATTERS, min_position).await?;
        let language = language.map(|it| it.0);
        let filter =
            CustomerFilter { tier: tier.map(Into::into), language, merged_too, erased_too };
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::customers(ctx, &filter, &page).await
    }

    /// Deliveries of providers' messages, the newest first: those with the status `PARKED` wait
    /// for a person.
    #[expect(clippy::too_many_arguments, reason = "filters and a page")]
    async fn intakes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "That stand so.")] status: Option<IntakeStatus>,
        #[graphql(desc = "On this channel.")] channel: Option<Channel>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, Intake>> {
        ctx.data::<Services>()?.wait(reads::INTAKES, min_position).await?;
        let (status, channel) = (status.map(Into::into), channel.map(Into::into));
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::intakes(ctx, IntakeFilter { status, channel }, &page).await
    }

    /// A knowledge article.
    async fn article(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Article>> {
        ctx.data::<Services>()?.wait(reads::ARTICLES, min_position).await?;
        let Some(id) = Kind::Article.read(&id) else { return Ok(None) };
        Article::read(ctx, ArticleId(id)).await
    }

    /// Knowledge articles, a row for each locale, the last changed first.
    #[expect(clippy::too_many_arguments, reason = "filters and a page")]
    async fn articles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this locale.")] locale: Option<Language>,
        #[graphql(desc = "Only what is published.", default)] published_only: bool,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Connection<Cursor, ArticleLocale>> {
        ctx.data::<Services>()?.wait(reads::ARTICLES, min_position).await?;
        let locale = locale.map(|it| it.0);
        let filter = ArticleFilter { locale, published_only, ..ArticleFilter::default() };
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::articles(ctx, filter, &page).await
    }

    /// The desk's settings and custom fields.
    async fn desk(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<Option<Desk>> {
        ctx.data::<Services>()?.wait(reads::LOG, min_position).await?;
        Desk::read(ctx).await
    }
}
