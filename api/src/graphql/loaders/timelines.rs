//! Pages of what happened in conversations, for all conversations of a page at once.

use std::{collections::HashMap, sync::Arc};

use allhours_domain::ids::{ConversationId, CustomerId};
use allhours_eventstore::{
    history::{History, Parts, Start},
    recorded::{Position, Recorded},
};
use async_graphql::{Error, Result, dataloader::Loader};
use async_trait::async_trait;

use super::{Loaded, Tenanted, grouped};
use crate::graphql::{error::of_log, services::Services, thread::Threads};

/// A page of what happened in a conversation and in all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimelineAsked {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Whether it may have been merged or split.
    pub tied: bool,
    /// Which part of it.
    pub part: TimelinePart,
}

/// Which part of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimelinePart {
    /// As of when; none means now.
    pub as_of: Option<Position>,
    /// With `position >` this.
    pub after: Option<Position>,
    /// With `position <` this.
    pub before: Option<Position>,
    /// Whether the page is counted from the end.
    pub from_end: bool,
    /// How many.
    pub limit: usize,
    /// Events with these names; empty means any.
    pub names: Vec<String>,
    /// Whether texts are to be read.
    pub opened: bool,
    /// Only what is of these customers; none means all.
    pub customers: Option<Arc<Vec<CustomerId>>>,
}

/// A page of what happened, in order of position.
#[derive(Debug, Default)]
pub struct TimelineRows {
    /// The events.
    pub events: Vec<Recorded>,
    /// Whether there are more beyond them in the direction of reading.
    pub more: bool,
}

impl TimelinePart {
    /// The page of events that were found, perhaps one too many.
    fn cut(&self, mut events: Vec<Recorded>) -> TimelineRows {
        events.sort_by_key(|recorded| recorded.position);
        let more = events.len() > self.limit;
        if self.from_end {
            events.drain(..events.len().saturating_sub(self.limit));
        } else {
            events.truncate(self.limit);
        }
        TimelineRows { events, more }
    }
}

/// Pages of what happened in conversations.
pub struct Timelines(pub(super) Tenanted);

impl Timelines {
    async fn rows(
        &self,
        part: &TimelinePart,
        wanted: &[(ConversationId, bool)],
    ) -> Result<Vec<(ConversationId, TimelineRows)>> {
        let Tenanted { services, tenant, .. } = &self.0;
        let tied = wanted.iter().filter(|(_, tied)| *tied).map(|(id, _)| *id);
        let threads = Threads::read(services, *tenant, tied, part.as_of).await?;
        let parts = wanted.iter().enumerate();
        let seen = part.customers.as_ref().map(|customers| customers.as_slice());
        let parts = parts.flat_map(|(owner, (id, _))| {
            threads.of(*id, seen).into_iter().map(move |it| (owner, it))
        });
        let (owners, parts): (Vec<_>, Vec<_>) = parts.unzip();
        let ends = part.as_of.map(|as_of| as_of.saturating_add(1));
        let asked = Parts {
            parts,
            after: part.after,
            before: [part.before, ends].into_iter().flatten().min(),
            names: part.names.clone(),
        };
        let start = if part.from_end { Start::Newest } else { Start::Oldest };
        let found = services.log.parts(*tenant, &asked, start, part.limit + 1).await;
        let mut events: Vec<Vec<Recorded>> = wanted.iter().map(|_| Vec::new()).collect();
        for (number, recorded) in found.map_err(|error| of_log(&error))? {
            events[owners[number]].push(recorded);
        }
        let rows = events.into_iter().map(|events| part.cut(events)).collect();
        let rows = if part.opened { opened(services, rows).await? } else { rows };
        Ok(wanted.iter().map(|(id, _)| *id).zip(rows).collect())
    }
}

/// Opens all pages with one question.
async fn opened(services: &Services, mut rows: Vec<TimelineRows>) -> Result<Vec<TimelineRows>> {
    let lengths: Vec<usize> = rows.iter().map(|it| it.events.len()).collect();
    let all = rows.iter_mut().flat_map(|it| std::mem::take(&mut it.events)).collect();
    let mut all = services.open(all).await?.into_iter();
    for (page, length) in rows.iter_mut().zip(lengths) {
        page.events.extend(all.by_ref().take(length));
    }
    Ok(rows)
}

#[async_trait]
impl Loader<TimelineAsked> for Timelines {
    type Value = Arc<TimelineRows>;
    type Error = Error;

    async fn load(&self, keys: &[TimelineAsked]) -> Loaded<TimelineAsked, Self::Value> {
        let mut found = HashMap::new();
        let keys = keys.iter().map(|key| (&key.part, (key.conversation, key.tied)));
        for (part, wanted) in grouped(keys) {
            let tied: HashMap<_, _> = wanted.iter().copied().collect();
            for (conversation, rows) in self.rows(part, &wanted).await? {
                let tied = tied[&conversation];
                let key = TimelineAsked { conversation, tied, part: part.clone() };
                found.insert(key, Arc::new(rows));
            }
        }
        Ok(found)
    }
}
