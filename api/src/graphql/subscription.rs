//! What can be followed: straight from the log, from any position, without gap or duplicate.
//!
//! Read `follow` (how the log is followed), `thread` (a conversation with what belongs to it), this
//! file (what happens), then `screens` (what a front end shows and has to draw anew).

pub mod follow;
pub mod screens;
pub mod thread;

use std::collections::BTreeSet;

use allhours_domain::{
    conversation::Conversation as State,
    ids::{ConversationId, TeamId},
};
use allhours_eventstore::{
    history::EventFilter,
    recorded::{Recorded, StreamType},
};
use async_graphql::{Context, Error, ID, MergedSubscription, Result, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt};

use self::{
    follow::{begin, follow, one_by_one},
    screens::Screens,
    thread::Followed,
};
use super::{
    error::{Code, of_log},
    event::{self, Event, EventsFilter},
    id::Kind,
    own::may_see,
    scalars::Position,
    services::Services,
    timeline::{self, TimelineEntry},
    viewer::Viewer,
};

/// Something that happened in a conversation.
#[derive(Debug, SimpleObject)]
pub struct ConversationFrame {
    /// Where to resume: as `after` of the next subscription.
    pub position: Position,
    /// What happened.
    pub entry: TimelineEntry,
}

/// That a queue may look different now.
#[derive(Debug, SimpleObject)]
pub struct QueueFrame {
    /// Where to resume, and what to name as `minPosition` when the queue is read.
    pub position: Position,
    /// The global ids of the conversations that something happened to.
    pub conversation_ids: Vec<ID>,
}

/// An event of the log.
#[derive(Debug, SimpleObject)]
pub struct EventFrame {
    /// Where to resume: as `after` of the next subscription.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// What can be followed.
#[derive(Debug, MergedSubscription, Default)]
pub struct Subscription(Happenings, Screens);

/// What happens, event by event.
#[derive(Debug, Default)]
pub struct Happenings;

/// What can be followed. Each frame names the position to resume from; resumed there, nothing is
/// missed and nothing comes twice. Without `after`, it begins with what happens next.
#[Subscription]
impl Happenings {
    /// What happens in a conversation, as its timeline shows it: also in those that were merged
    /// into it, and to messages that came to it by a split, for as long as they belong to it.
    async fn conversation_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the conversation.")] id: ID,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<ConversationFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        let none = no_such_conversation;
        let id = Kind::Conversation.read(&id).map(ConversationId).ok_or_else(none)?;
        let state = services.desk.load::<State>(viewer.tenant, id).await;
        let state = state.map_err(|error| of_log(&error))?.state;
        let owner = state.customer().ok_or_else(none)?;
        if !may_see(ctx, owner).await? {
            return Err(none());
        }
        let after = begin(&services, after).await?;
        let followed = Followed { id, owner };
        let pages = thread::follow(services.clone(), viewer.clone(), followed, after);
        let pages = pages.then(move |page| {
            let (services, viewer) = (services.clone(), viewer.clone());
            async move {
                let mut page = page?;
                page.retain(|recorded| timeline::sees(&viewer, &recorded.name));
                let page = services.open(page).await?;
                page.iter()
                    .map(|recorded| {
                        let position = Position(recorded.position);
                        Ok(ConversationFrame {
                            position,
                            entry: timeline::entry(&viewer, recorded)?,
                        })
                    })
                    .collect()
            }
        });
        Ok(one_by_one(pages))
    }

    /// That a queue may have changed: which conversations something happened to. The queue itself
    /// is read with the frame's position as `minPosition`.
    async fn queue_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose queue; none means all.")] team_id: Option<ID>,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<QueueFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        let bad = || Code::BadUserInput.error("teamId is no such id");
        let team = team_id.map(|id| Kind::Team.read(&id).map(TeamId).ok_or_else(bad));
        let team = team.transpose()?;
        let after = begin(&services, after).await?;
        let stream_type = Some(StreamType("conversation"));
        let filter = EventFilter { stream_type, ..EventFilter::default() };
        let frames = follow(services.clone(), viewer.clone(), filter, after);
        Ok(frames.filter_map(move |page| {
            let (services, viewer) = (services.clone(), viewer.clone());
            async move {
                match page {
                    Ok(page) => queue_frame(&services, &viewer, team, &page).await.transpose(),
                    Err(error) => Some(Err(error)),
                }
            }
        }))
    }

    /// The log itself, as it grows.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events.", default)] filter: EventsFilter,
        #[graphql(desc = "After which position.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<EventFrame>>> {
        let (viewer, services) = (Viewer::of(ctx)?.clone(), ctx.data::<Services>()?.clone());
        let filter = filter.read()?;
        let after = begin(&services, after).await?.max(filter.after.unwrap_or_default());
        let pages = follow(services.clone(), viewer.clone(), filter, after).then(move |page| {
            let (services, viewer) = (services.clone(), viewer.clone());
            async move {
                let events = event::events(&services, &viewer, page?).await?;
                let frame = |event: Event| EventFrame { position: event.position, event };
                Ok(events.into_iter().map(frame).collect())
            }
        });
        Ok(one_by_one(pages))
    }
}

fn no_such_conversation() -> Error {
    Code::NotFound.error("there is no such conversation")
}

/// The conversations of a page that stand, stood or might stand in a team's queue.
async fn queue_frame(
    services: &Services,
    viewer: &Viewer,
    team: Option<TeamId>,
    page: &[Recorded],
) -> Result<Option<QueueFrame>> {
    let Some(last) = page.last() else { return Ok(None) };
    let mut changed = BTreeSet::new();
    for recorded in page {
        let id = ConversationId(recorded.stream.id);
        let concerns = match team {
            None => true,
            // A move concerns the team it leaves as well.
            Some(_) if recorded.name == "conversation.team_changed" => true,
            Some(team) => {
                let state = services.desk.load::<State>(viewer.tenant, id).await;
                state.map_err(|error| of_log(&error))?.state.team() == Some(team)
            }
        };
        if concerns {
            changed.insert(id);
        }
    }
    let conversation_ids = changed.into_iter().map(|id| Kind::Conversation.id(id)).collect();
    Ok(Some(QueueFrame { position: Position(last.position), conversation_ids })
        .filter(|frame: &QueueFrame| !frame.conversation_ids.is_empty()))
}
