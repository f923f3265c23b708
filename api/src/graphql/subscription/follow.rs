//! Following the log: what lies back and what comes, without a gap between them.

use std::collections::VecDeque;

use allhours_eventstore::{
    error::LogError,
    history::{EventFilter, History, Start},
    log::Log as _,
    recorded::Recorded,
};
use async_graphql::Result;
use futures_util::{Stream, StreamExt};

use crate::graphql::{
    error::{Code, of_log},
    limits::under_way::for_something,
    scalars::Position,
    services::Services,
    viewer::Viewer,
};

/// How many events are read at once.
pub(super) const PAGE: usize = 200;
/// How far behind its end the log is still followed with all others.
pub(super) const NEAR_POSITIONS: i64 = 2_000;

/// Follows the events that fit, page by page, sealed. What lies far back is read by the filter,
/// from an index where there is one; the end of the log is read once for all who follow. The
/// page that was read last is all that is held, so that a slow reader costs nothing but its own
/// delay.
pub fn follow(
    services: Services,
    viewer: Viewer,
    filter: EventFilter,
    after: i64,
) -> impl Stream<Item = Result<Vec<Recorded>>> {
    async_stream::stream! {
        let mut after = after;
        loop {
            match next(&services, &viewer, &filter, &mut after).await {
                Ok(page) if page.is_empty() => {}
                Ok(page) => yield Ok(page),
                Err(error) => {
                    yield Err(of_log(&error));
                    return;
                }
            }
        }
    }
}

/// The next events that fit, perhaps none; `after` moves on to where they were looked for.
async fn next(
    services: &Services,
    viewer: &Viewer,
    filter: &EventFilter,
    after: &mut i64,
) -> Result<Vec<Recorded>, LogError> {
    let head = services.tail.head();
    if *after < head - NEAR_POSITIONS {
        let (from, before) = (Some(*after), Some(head + 1));
        let filter = EventFilter { after: from, before, ..filter.clone() };
        let page = services.log.page(viewer.tenant, &filter, Start::Oldest, PAGE).await?;
        *after = if page.len() < PAGE { head } else { page[PAGE - 1].position };
        return Ok(page);
    }
    let events = for_something(services.tail.after(*after, PAGE)).await?;
    *after = events.last().map_or(*after, |last| last.position);
    let fits = |it: &&std::sync::Arc<Recorded>| it.tenant == viewer.tenant && filter.fits(it);
    Ok(events.iter().filter(fits).map(|it| Recorded::clone(it)).collect())
}

/// One by one; a page that could not be read is one error, with which the subscription ends.
pub fn one_by_one<T>(pages: impl Stream<Item = Result<Vec<T>>>) -> impl Stream<Item = Result<T>> {
    pages.flat_map(|page| {
        let items: VecDeque<Result<T>> = match page {
            Ok(items) => items.into_iter().map(Ok).collect(),
            Err(error) => VecDeque::from([Err(error)]),
        };
        futures_util::stream::iter(items)
    })
}

/// From where on: the position asked for, or the newest one.
///
/// # Errors
///
/// A position that is not there yet, or a failure of the log.
pub async fn begin(services: &Services, after: Option<Position>) -> Result<i64> {
    let head = services.log.head().await.map_err(|error| of_log(&error))?;
    match after {
        Some(Position(after)) if after > head => {
            Err(Code::BadUserInput.error(format!("there is no position {after} yet")))
        }
        Some(Position(after)) => Ok(after),
        None => Ok(head),
    }
}
