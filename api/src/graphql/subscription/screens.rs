//! What a front end shows and has to draw anew: counters, agents, and any object by its id.
//!
//! A frame comes when the read side has seen its position, so that what is selected below it is at
//! least as new. Frames hold what is, not what changed: a reader who misses some, or is slow, has
//! lost nothing once the next one comes.

use std::collections::{BTreeMap, BTreeSet};

use allhours_domain::{
    agent::Agent as AgentState,
    catalogue::AnyEvent,
    conversation::{Conversation as State, ConversationEvent},
    ids::{AgentId, ConversationId, TeamId},
    team::Team as TeamState,
};
use allhours_eventstore::{
    history::EventFilter,
    recorded::{Recorded, StreamId, StreamType},
};
use allhours_projections::conversations::{CounterRow, TeamScope};
use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt};

use super::follow::{begin, follow, one_by_one};
use crate::{
    desk::stream_of,
    graphql::{
        agent::Agent,
        error::{Code, internal, of_log},
        event::kind_of,
        id::{self, Kind},
        lists::{self, Counter},
        loaders::in_rounds,
        node::{Node, node},
        scalars::Position,
        services::{Services, reads},
        timeline,
        viewer::{Role, Viewer},
    },
};

/// How many conversations there are of each kind.
#[derive(Debug, SimpleObject)]
pub struct CountersFrame {
    /// Where to resume: as `after` of the next subscription.
    pub position: Position,
    /// All of them, as they are now: those that are not there are at 0.
    pub counters: Vec<Counter>,
}

/// Agents who may look different now.
#[derive(Debug, SimpleObject)]
pub struct AgentsFrame {
    /// Where to resume: as `after` of the next subscription.
    pub position: Position,
    /// Who, as they are now.
    pub agents: Vec<Agent>,
}

/// An object that may look different now.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct NodeFrame {
    /// Where to resume: as `after` of the next subscription.
    pub position: Position,
    /// The global id of the object.
    pub id: ID,
}

#[ComplexObject]
impl NodeFrame {
    /// The object, as it is now; none where it is no longer for this viewer.
    async fn node(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        node(ctx, &self.id).await
    }
}

/// What moves a conversation from one count to another.
const COUNTED: &[&str] = &[
    "conversation.opened",
    "conversation.priority_changed",
    "conversation.tier_assigned",
    "conversation.team_changed",
    "conversation.waiting_started",
    "conversation.waiting_ended",
    "conversation.snoozed",
    "conversation.woken",
    "conversation.resolved",
    "conversation.reopened",
    "conversation.closed",
    "conversation.merged_into",
    "conversation.unmerged",
];

/// What changes an agent, or what an agent carries.
const WORKED: &[&str] = &[
    "agent.registered",
    "agent.renamed",
    "agent.skill_set",
    "agent.skill_removed",
    "agent.languages_set",
    "agent.presence_changed",
    "agent.capacity_set",
    "agent.deactivated",
    "agent.reactivated",
    "conversation.assigned",
    "conversation.claimed",
    "conversation.released",
    "conversation.waiting_started",
    "conversation.waiting_ended",
    "conversation.snoozed",
    "conversation.woken",
    "conversation.resolved",
    "conversation.reopened",
    "conversation.closed",
];

/// What customers may know to have happened to an article.
const PUBLISHED: &[&str] = &["article.published", "article.retired"];

/// How many objects are followed at once.
const NODES_MAX: usize = 100;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn team_of(id: Option<&ID>) -> Result<Option<TeamId>> {
    let bad = || Code::BadUserInput.error("teamId is no such id");
    id.map(|id| Kind::Team.read(id).map(TeamId).ok_or_else(bad)).transpose()
}

/// What a front end shows and has to draw anew.
#[derive(Debug, Default)]
pub struct Screens;

#[Subscription]
impl Screens {
    /// How many conversations there are of each kind, whenever that changes. Each frame holds all
    /// counts, so that nothing can drift. Without `after`, the first frame says how they stand.
    async fn counters_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In whose queue; none means all.")] team_id: Option<ID>,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<CountersFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        let team = team_of(team_id.as_ref())?.map_or(TeamScope::Any, TeamScope::Team);
        let from = begin(&services, after).await?;
        let filter = EventFilter { names: names(COUNTED), ..EventFilter::default() };
        let changes = follow(services.clone(), viewer.clone(), filter, from);
        let changes = changes.map(move |page| page.map(|page| page.last().map(|it| it.position)));
        let now = futures_util::stream::iter(after.is_none().then_some(Ok(Some(from))));
        let mut positions = Box::pin(now.chain(changes));
        Ok(async_stream::stream! {
            let mut shown: Option<Vec<CounterRow>> = None;
            while let Some(position) = positions.next().await {
                match counted(&services, &viewer, team, position).await {
                    Ok(Some((_, rows))) if shown.as_ref() == Some(&rows) => {}
                    Ok(None) => {}
                    Ok(Some((position, rows))) => {
                        let counters = rows.iter().map(Counter::from).collect();
                        shown = Some(rows);
                        yield Ok(CountersFrame { position, counters });
                    }
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
            }
        })
    }

    /// Agents whose presence, skills or load changed. Without `after`, it begins with what happens
    /// next.
    async fn agents_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only members of this team; none means all.")] team_id: Option<ID>,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<AgentsFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        let team = team_of(team_id.as_ref())?;
        let after = begin(&services, after).await?;
        let filter = EventFilter { names: names(WORKED), ..EventFilter::default() };
        let pages = follow(services.clone(), viewer.clone(), filter, after);
        Ok(pages.filter_map(move |page| {
            let (services, viewer) = (services.clone(), viewer.clone());
            async move {
                match page {
                    Ok(page) => agents_frame(&services, &viewer, team, &page).await.transpose(),
                    Err(error) => Some(Err(error)),
                }
            }
        }))
    }

    /// Objects that something happened to: conversations, customers, agents, teams, articles and
    /// deliveries, each once for all that happened to it at about the same time. Customers follow
    /// what they may see. One id that is of nothing, or not for this viewer, ends it at once with
    /// `NOT_FOUND`. Without `after`, it begins with what happens next.
    async fn nodes_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their global ids, at most 100.")] ids: Vec<ID>,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<NodeFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        if ids.len() > NODES_MAX {
            return Err(Code::BadUserInput.error(format!("at most {NODES_MAX} ids")));
        }
        let mut streams = BTreeSet::new();
        let none = || Code::NotFound.error("there is no such object");
        for id in &ids {
            let stream = stream_behind(id).ok_or_else(none)?;
            streams.insert(stream);
        }
        let found =
            in_rounds(futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id))));
        if found.await?.iter().any(Option::is_none) {
            return Err(none());
        }
        let after = begin(&services, after).await?;
        let filter = EventFilter {
            stream: streams.first().copied().filter(|_| streams.len() == 1),
            ..EventFilter::default()
        };
        let pages = follow(services.clone(), viewer.clone(), filter, after).then(move |page| {
            let changed = page.map(|page| changed(&viewer, &streams, &page));
            let services = services.clone();
            async move {
                let changed = changed?;
                if let Some(last) = changed.last() {
                    services.wait(reads::ALL, Some(last.position)).await?;
                }
                Ok(changed)
            }
        });
        Ok(one_by_one(pages))
    }
}

/// The counts once the read side has come to a position.
async fn counted(
    services: &Services,
    viewer: &Viewer,
    team: TeamScope,
    position: Result<Option<i64>>,
) -> Result<Option<(Position, Vec<CounterRow>)>> {
    let Some(position) = position?.map(Position) else { return Ok(None) };
    services.wait(&["conversations"], Some(position)).await?;
    let rows = lists::counter_rows(services, viewer, team).await?;
    Ok(Some((position, rows)))
}

/// The agents that a page is about, if there are any.
async fn agents_frame(
    services: &Services,
    viewer: &Viewer,
    team: Option<TeamId>,
    page: &[Recorded],
) -> Result<Option<AgentsFrame>> {
    let Some(last) = page.last() else { return Ok(None) };
    let mut agents = BTreeSet::new();
    for recorded in page {
        match recorded.event().map_err(|error| internal(&error))? {
            AnyEvent::Agent(_) => {
                agents.insert(AgentId(recorded.stream.id));
            }
            AnyEvent::Conversation(event) => {
                if let Some(named) = named_by(&event) {
                    agents.extend(named);
                } else {
                    let id = ConversationId(recorded.stream.id);
                    let state = services.desk.load::<State>(viewer.tenant, id).await;
                    agents.extend(state.map_err(|error| of_log(&error))?.state.assignee());
                }
            }
            AnyEvent::Article(_)
            | AnyEvent::Customer(_)
            | AnyEvent::Desk(_)
            | AnyEvent::Identity(_)
            | AnyEvent::Intake(_)
            | AnyEvent::Team(_) => {}
        }
    }
    if let Some(team) = team {
        let state = services.desk.load::<TeamState>(viewer.tenant, team).await;
        let state = state.map_err(|error| of_log(&error))?.state;
        agents.retain(|agent| state.has_member(*agent));
    }
    if agents.is_empty() {
        return Ok(None);
    }
    let position = Position(last.position);
    services.wait(reads::PEOPLE, Some(position)).await?;
    let agents = agents.into_iter().map(Agent::of).collect();
    Ok(Some(AgentsFrame { position, agents }))
}

/// The agents whose load an event changes, where it names them; otherwise it is the one who is
/// responsible.
fn named_by(event: &ConversationEvent) -> Option<Vec<AgentId>> {
    if let ConversationEvent::Assigned(event) = event {
        Some(event.previous.into_iter().chain([event.agent]).collect())
    } else if let ConversationEvent::Claimed(event) = event {
        Some(vec![event.agent])
    } else if let ConversationEvent::Released(event) = event {
        Some(vec![event.agent])
    } else {
        None
    }
}

/// The stream behind a global id, where its object has one of its own to follow.
fn stream_behind(id: &ID) -> Option<StreamId> {
    let (kind, uuid) = id::parse(id)?;
    match kind {
        Kind::Agent => Some(stream_of::<AgentState>(uuid)),
        Kind::Article => Some(stream_of::<allhours_domain::article::Article>(uuid)),
        Kind::Conversation => Some(stream_of::<State>(uuid)),
        Kind::Customer => Some(stream_of::<allhours_domain::customer::Customer>(uuid)),
        Kind::Intake => Some(stream_of::<allhours_domain::intake::Intake>(uuid)),
        Kind::Team => Some(stream_of::<TeamState>(uuid)),
        Kind::Message | Kind::Event | Kind::Desk | Kind::Identity => None,
    }
}

/// The objects of a page, each at the position of what happened to it last, in that order.
fn changed(viewer: &Viewer, streams: &BTreeSet<StreamId>, page: &[Recorded]) -> Vec<NodeFrame> {
    let mut last: BTreeMap<StreamId, i64> = BTreeMap::new();
    for recorded in page {
        if streams.contains(&recorded.stream) && may_know(viewer, recorded) {
            last.insert(recorded.stream, recorded.position);
        }
    }
    let mut frames: Vec<_> = last
        .into_iter()
        .map(|(stream, position)| NodeFrame {
            position: Position(position),
            id: kind_of(stream).id(stream.id),
        })
        .collect();
    frames.sort_by_key(|frame| frame.position.0);
    frames
}

/// Whether a viewer may know that something happened to what they may see.
fn may_know(viewer: &Viewer, recorded: &Recorded) -> bool {
    let StreamType(kind) = recorded.stream.stream_type;
    match viewer.role {
        Role::Customer if kind == "article" => PUBLISHED.contains(&recorded.name.as_str()),
        Role::Customer => timeline::may_know(viewer, &recorded.name),
        Role::Agent
        | Role::Supervisor
        | Role::Admin
        | Role::Analyst
        | Role::Auditor
        | Role::Integration => true,
    }
}
