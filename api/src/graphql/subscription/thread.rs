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

use super::follow::{NEAR_POSITIONS, PAGE};
use crate::graphql::{
    error::of_log,
    services::{Services, of_read},
    thread::{Threads, ties},
    viewer::Viewer,
};

/// Follows what happens in a conversation, page by page, sealed: each event that the timeline
/// shows as of the event's own position. What belongs to the conversation is looked up anew
/// after every event that ties or unties it.
pub fn follow(
    services: Services,
    viewer: Viewer,
    id: ConversationId,
    after: Position,
) -> impl Stream<Item = Result<Vec<Recorded>>> {
    async_stream::stream! {
        let mut after = after;
        let mut parts = Vec::new();
        loop {
            if parts.is_empty() {
                match parts_of(&services, &viewer, id, after).await {
                    Ok(found) => parts = found,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
            }
            match next(&services, &viewer, &parts, after).await {
                Ok((mut page, reached)) => {
                    after = reached;
                    if let Some(tie) = page.iter().position(|event| ties(&event.name)) {
                        after = page[tie].position;
                        page.truncate(tie + 1);
                        parts.clear();
                    }
                    if !page.is_empty() {
                        yield Ok(page);
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
async fn parts_of(
    services: &Services,
    viewer: &Viewer,
    id: ConversationId,
    as_of: Position,
) -> Result<Vec<Part>> {
    let threads = Threads::read(services, viewer.tenant, [id], Some(as_of)).await?;
    let Some(own) = viewer.customer() else { return Ok(threads.of(id, None)) };
    let client = services.reader(viewer.tenant).await?;
    let profiles = profiles::profiles(&client, &[own]).await.map_err(|error| of_read(&error))?;
    let profiles: Vec<CustomerId> =
        profiles.iter().map(|profile| profile.id).chain([own]).collect();
    Ok(threads.of(id, Some(&profiles)))
}

/// The next events of these parts, perhaps none, and up to where they were looked for.
async fn next(
    services: &Services,
    viewer: &Viewer,
    parts: &[Part],
    after: Position,
) -> Result<(Vec<Recorded>, Position), LogError> {
    let head = services.tail.head();
    if after < head - NEAR_POSITIONS {
        let (after, before) = (Some(after), Some(head + 1));
        let wanted = Parts { parts: parts.to_vec(), after, before, names: Vec::new() };
        let found = services.log.parts(viewer.tenant, &wanted, Start::Oldest, PAGE).await?;
        return Ok(up_to_where_all_are_known(found, head));
    }
    let events = services.tail.after(after, PAGE).await?;
    let reached = events.last().map_or(after, |last| last.position);
    let fits = |it: &&std::sync::Arc<Recorded>| {
        it.tenant == viewer.tenant && parts.iter().any(|part| part.fits(it))
    };
    let events = events.iter().filter(fits).map(|it| Recorded::clone(it)).collect();
    Ok((events, reached))
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
