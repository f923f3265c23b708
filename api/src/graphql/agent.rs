//! Agents and what they carry.

use std::sync::Arc;

use allhours_domain::{
    agent::{Agent as State, AgentEvent, AgentSnapshot},
    ids::AgentId,
    text::Key,
    words,
};
use allhours_eventstore::recorded::{Position, Recorded};
use allhours_projections::agents::AgentRow;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use jiff::Timestamp;

use super::{
    as_of::AsOf,
    error::Code,
    id::Kind,
    loaders::Loaders,
    scalars::{DateTime, Language, count},
    services::Services,
    source::{self, Source},
    team::Team,
    text::PersonalText,
    viewer::Viewer,
    words::Presence,
};
use crate::desk::stream_of;

/// What is known of an agent, from a table or from the stream.
#[derive(Debug, Clone)]
pub struct AgentFacts {
    id: AgentId,
    version: i32,
    name: Source,
    languages: Vec<allhours_domain::text::Language>,
    skills: Vec<(String, u8)>,
    presence: words::Presence,
    presence_since: Option<Timestamp>,
    capacity_units: i32,
    active: bool,
    registered_at: Option<Timestamp>,
}

impl From<&AgentRow> for AgentFacts {
    fn from(row: &AgentRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            name: Source::At(Some(row.name_position)),
            languages: row.languages.0.clone(),
            skills: row.skills.0.iter().map(|(skill, level)| (skill.to_string(), *level)).collect(),
            presence: row.presence,
            presence_since: Some(row.presence_since),
            capacity_units: row.capacity_units,
            active: row.active,
            registered_at: Some(row.registered_at),
        }
    }
}

impl AgentFacts {
    /// From the opened stream; none where nothing happened.
    #[must_use]
    pub fn folded(id: AgentId, events: &[(Recorded, AgentEvent)]) -> Option<Self> {
        let version = events.last()?.0.version;
        let mut snapshot = AgentSnapshot::default();
        for (recorded, event) in events {
            snapshot.apply(event, recorded.occurred_at);
        }
        Some(Self::of(id, version, &snapshot))
    }

    fn of(id: AgentId, version: i32, snapshot: &AgentSnapshot) -> Self {
        let skills = snapshot.skills.iter();
        Self {
            id,
            version,
            name: Source::Here(snapshot.display_name.clone()),
            languages: snapshot.languages.clone(),
            skills: skills.map(|(skill, level)| (skill.to_string(), *level)).collect(),
            presence: snapshot.presence,
            presence_since: snapshot.presence_since,
            capacity_units: count(snapshot.capacity_units),
            active: snapshot.active,
            registered_at: snapshot.registered_at,
        }
    }
}

/// A skill of an agent.
#[derive(Debug, SimpleObject)]
pub struct Skill {
    /// Which skill.
    pub skill: String,
    /// From 1 (beginner) to 5 (expert).
    pub level: i32,
}

/// A skill and the least level of it.
///
/// # Errors
///
/// No key, a level out of bounds, or one of no skill.
pub fn skill_of(skill: Option<String>, level_min: Option<i32>) -> Result<Option<(Key, u8)>> {
    let bad = |what: &str| Code::BadUserInput.error(what);
    let level = match level_min {
        None => 1,
        Some(_) if skill.is_none() => return Err(bad("skillLevelMin is of a skill; name it")),
        Some(level) => u8::try_from(level)
            .ok()
            .filter(|level| (1..=State::LEVEL_MAX).contains(level))
            .ok_or_else(|| bad("skillLevelMin is from 1 to 5"))?,
    };
    let key = skill.map(Key::new).transpose().map_err(|_| bad("skill is no key"))?;
    Ok(key.map(|key| (key, level)))
}

/// How much an agent carries.
#[derive(Debug, SimpleObject, Default)]
pub struct AgentLoad {
    /// Conversations that need something done; these use up capacity.
    pub open: i32,
    /// Those that wait for somebody else.
    pub waiting: i32,
    /// Those put aside.
    pub snoozed: i32,
}

/// Somebody who answers customers.
#[derive(Debug, Clone)]
pub enum Agent {
    /// Known by id only; the rest is loaded when it is asked for.
    Id(AgentId),
    /// Loaded.
    Facts(Arc<AgentFacts>),
}

impl Agent {
    /// By id; what is asked of it is loaded with others of its page.
    #[must_use]
    pub fn of(id: AgentId) -> Self {
        Self::Id(id)
    }

    /// The agent, if there is one.
    ///
    /// # Errors
    ///
    /// A failure below.
    pub async fn known(ctx: &Context<'_>, id: AgentId) -> Result<Option<Self>> {
        Ok(Loaders::of(ctx)?.agents.load_one(id).await?.map(Self::Facts))
    }

    /// As the stream says now, so that it sees the latest command.
    ///
    /// # Errors
    ///
    /// A failure of the log, or there is no such agent.
    pub async fn now(ctx: &Context<'_>, id: AgentId) -> Result<Self> {
        let stream = stream_of::<State>(id);
        let tenant = Viewer::of(ctx)?.tenant;
        let events = ctx.data::<Services>()?.stream::<AgentEvent>(tenant, stream, None).await?;
        let none = || Code::NotFound.error("there is no such agent");
        Ok(Self::Facts(Arc::new(AgentFacts::folded(id, &events).ok_or_else(none)?)))
    }

    fn agent_id(&self) -> AgentId {
        match self {
            Self::Id(id) => *id,
            Self::Facts(facts) => facts.id,
        }
    }

    /// What only the desk's own people see: how an agent works, and how much.
    async fn inner(&self, ctx: &Context<'_>) -> Result<Option<Arc<AgentFacts>>> {
        if Viewer::of(ctx)?.is_staff() { self.facts(ctx).await } else { Ok(None) }
    }

    async fn facts(&self, ctx: &Context<'_>) -> Result<Option<Arc<AgentFacts>>> {
        match self {
            Self::Id(id) => Ok(Loaders::of(ctx)?.agents.load_one(*id).await?),
            Self::Facts(facts) => Ok(Some(facts.clone())),
        }
    }
}

/// Somebody who answers customers. Customers see their name, and nothing of how they work.
#[Object]
impl Agent {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Agent.id(self.agent_id())
    }

    /// The version of the agent's stream, for `expectedVersion`; not shown to customers, who could
    /// tell by it that an agent came or went.
    async fn version(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.inner(ctx).await?.map(|it| it.version))
    }

    /// The name.
    async fn display_name(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        match self.facts(ctx).await? {
            Some(facts) => facts.name.read(ctx, source::name).await,
            None => Ok(None),
        }
    }

    /// In which languages they work.
    async fn languages(&self, ctx: &Context<'_>) -> Result<Vec<Language>> {
        let facts = self.inner(ctx).await?;
        Ok(facts.iter().flat_map(|it| &it.languages).cloned().map(Language).collect())
    }

    /// What they are good at.
    async fn skills(&self, ctx: &Context<'_>) -> Result<Vec<Skill>> {
        let facts = self.inner(ctx).await?;
        let skill =
            |(skill, level): &(String, u8)| Skill { skill: skill.clone(), level: (*level).into() };
        Ok(facts.iter().flat_map(|it| &it.skills).map(skill).collect())
    }

    /// Whether they can be given work, now or as of a point in the past; none where they had not
    /// joined by then.
    async fn presence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<AsOf>,
    ) -> Result<Option<Presence>> {
        let Some(as_of) = AsOf::position(ctx, as_of, &["agents"]).await? else {
            return Ok(self.inner(ctx).await?.map(|it| it.presence.into()));
        };
        if !Viewer::of(ctx)?.is_staff() {
            return Ok(None);
        }
        let found = Loaders::of(ctx)?.presences.load_one((self.agent_id(), as_of)).await?;
        Ok(found.map(Into::into))
    }

    /// Since when.
    async fn presence_since(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.inner(ctx).await?.and_then(|it| it.presence_since).map(DateTime))
    }

    /// How much they carry at once, in units.
    async fn capacity_units(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.inner(ctx).await?.map(|it| it.capacity_units))
    }

    /// Whether they belong to the desk.
    async fn active(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.inner(ctx).await?.map(|it| it.active))
    }

    /// When they joined.
    async fn registered_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.inner(ctx).await?.and_then(|it| it.registered_at).map(DateTime))
    }

    /// The teams they belong to.
    async fn teams(&self, ctx: &Context<'_>) -> Result<Vec<Team>> {
        if !Viewer::of(ctx)?.is_staff() {
            return Ok(Vec::new());
        }
        let teams = Loaders::of(ctx)?.teams_of.load_one(self.agent_id()).await?;
        Ok(teams.unwrap_or_default().into_iter().map(Team).collect())
    }

    /// How much they carry, now or as of a point in the past.
    async fn load(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of when; none means now.")] as_of: Option<AsOf>,
    ) -> Result<Option<AgentLoad>> {
        if !Viewer::of(ctx)?.is_staff() {
            return Ok(None);
        }
        let as_of: Option<Position> = AsOf::position(ctx, as_of, &["conversations"]).await?;
        let load = Loaders::of(ctx)?.loads.load_one((self.agent_id(), as_of)).await?;
        Ok(Some(load.map_or_else(AgentLoad::default, |it| AgentLoad {
            open: count(it.open),
            waiting: count(it.waiting),
            snoozed: count(it.snoozed),
        })))
    }
}
