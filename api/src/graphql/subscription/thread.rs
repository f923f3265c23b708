//! Following a conversation with all that belongs to it: what is merged into it and what came to
//! it by a split, from then on and for as long as it belongs there.

use std::collections::HashMap;

use allhours_domain::ids::{ConversationId, CustomerId};
use allhours_eventstore::{
    error::LogError,
    history::{History, Part, Parts, Start},
    recorded::{Position, Recorded},
};
use allhours_projections::profiles;
use async_graphql::Result;
use futures_util::Stream;

use super::{
    follow::{NEAR_POSITIONS, PAGE},
    no_such_conversation,
};
use crate::graphql::{
    error::of_log,
    limits::under_way::for_something,
    scalars,
    services::{Services, of_read},
    thread::{Threads, ties},
    viewer::Viewer,
};

/// The events that change which profiles are one person's.
const PROFILE_TIES: &[&str] = &["customer.merged_into", "customer.unmerged"];

/// A conversation that is followed.
#[derive(Debug, Clone, Copy)]
pub struct Followed {
    /// Which.
    pub id: ConversationId,
    /// Whose it is.
    pub owner: CustomerId,
}

/// Follows what happens in a conversation, page by page, sealed: each event that the timeline
/// shows as of the event's own position. What belongs to the conversation, and whether a customer
/// may still read it, is looked up anew after every event that ties or unties it, or profiles.
pub fn follow(
    services: Services,
    viewer: Viewer,
    followed: Followed,
    after: Position,
) -> impl Stream<Item = Result<Vec<Recorded>>> {
    async_stream::stream! {
        let mut after = after;
        let mut parts = Vec::new();
        loop {
            if parts.is_empty() {
                match parts_of(&services, &viewer, followed, after).await {
                    Ok(found) => parts = found,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
            }
            match next(&services, &viewer, &parts, after).await {
                Ok(page) => {
                    after = page.reached;
                    if page.tied {
                        parts.clear();
                    }
                    if !page.events.is_empty() {
                        yield Ok(page.events);
                    }
                }
                Err(error) => {
                    yield Err(of_log(&error));
                    return;
                }
            }
        }
    }
}

/// What belongs to a conversation, and may be read, as of a position.
///
/// # Errors
///
/// The conversation is not the viewer's any more, or a failure below.
async fn parts_of(
    services: &Services,
    viewer: &Viewer,
    Followed { id, owner }: Followed,
    as_of: Position,
) -> Result<Vec<Part>> {
    let threads = Threads::read(services, viewer.tenant, [id], Some(as_of)).await?;
    let Some(own) = viewer.customer() else { return Ok(threads.of(id, None)) };
    services.wait(&["customers"], Some(scalars::Position(as_of))).await?;
    let client = services.reader(viewer.tenant).await?;
    let profiles = profiles::profiles(&client, &[own]).await.map_err(|error| of_read(&error))?;
    let profiles: Vec<CustomerId> =
        profiles.iter().map(|profile| profile.id).chain([own]).collect();
    if !profiles.contains(&owner) {
        return Err(no_such_conversation());
    }
    Ok(threads.of(id, Some(&profiles)))
}

/// What comes next.
struct Page {
    /// The events that fit, perhaps none.
    events: Vec<Recorded>,
    /// Up to where they were looked for.
    reached: Position,
    /// Whether something else may belong to the conversation from there on.
    tied: bool,
}

/// The next events of these parts, up to the first one that ties.
async fn next(
    services: &Services,
    viewer: &Viewer,
    parts: &[Part],
    after: Position,
) -> Result<Page, LogError> {
    let head = services.tail.head();
    if after < head - NEAR_POSITIONS {
        let (after, before) = (Some(after), Some(head + 1));
        let wanted = Parts { parts: parts.to_vec(), after, before, names: Vec::new() };
        let found = services.log.parts(viewer.tenant, &wanted, Start::Oldest, PAGE).await?;
        let (mut events, mut reached) = up_to_where_all_are_known(found, head);
        // What happened to profiles is not read here, so that customers are looked at each time.
        let mut tied = viewer.customer().is_some();
        if let Some(tie) = events.iter().position(|event| ties(&event.name)) {
            (reached, tied) = (events[tie].position, true);
            events.truncate(tie + 1);
        }
        return Ok(Page { events, reached, tied });
    }
    let mut page = Page { events: Vec::new(), reached: after, tied: false };
    for event in for_something(services.tail.after(after, PAGE)).await? {
        page.reached = event.position;
        if event.tenant != viewer.tenant {
            continue;
        }
        let fits = parts.iter().any(|part| part.fits(&event));
        let profiles = viewer.customer().is_some() && PROFILE_TIES.contains(&&*event.name);
        page.tied = profiles || (fits && ties(&event.name));
        if fits {
            page.events.push(Recorded::clone(&event));
        }
        if page.tied {
            break;
        }
    }
    Ok(page)
}

/// In one order, up to where every part was read: of one that had more than a page nothing is
/// known beyond its last event.
fn up_to_where_all_are_known(
    found: Vec<(usize, Recorded)>,
    head: Position,
) -> (Vec<Recorded>, Position) {
    let mut read: HashMap<usize, (usize, Position)> = HashMap::new();
    for (part, event) in &found {
        let (count, last) = read.entry(*part).or_default();
        (*count, *last) = (*count + 1, event.position);
    }
    let full = read.values().filter(|(count, _)| *count == PAGE);
    let reached = full.map(|(_, last)| *last).min().unwrap_or(head);
    let mut events: Vec<Recorded> = found.into_iter().map(|(_, event)| event).collect();
    events.retain(|event| event.position <= reached);
    events.sort_by_key(|event| event.position);
    (events, reached)
}
