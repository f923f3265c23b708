//! Conversations as they were last read from their streams, so that a read by id costs what
//! happened since and not the whole history.

use std::{collections::HashMap, sync::Arc};

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    ids::{ConversationId, TenantId},
};
use allhours_eventstore::recorded::{Position, Recorded};
use async_graphql::Result;
use quick_cache::sync::Cache;

use super::facts::{ConversationFacts, ConversationFold};
use crate::{desk::stream_of, graphql::services::Services};

/// How many conversations are kept.
const KEPT_MAX: usize = 10_000;

/// A conversation after some event of its stream.
#[derive(Clone)]
struct Kept {
    fold: Arc<ConversationFold>,
    facts: Option<Arc<ConversationFacts>>,
}

/// A bounded memory of conversations. What it holds may be behind: it is only where to go on.
pub struct KeptConversations(Cache<(TenantId, ConversationId), Kept>);

impl Default for KeptConversations {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl KeptConversations {
    /// Conversations as their streams say now, or as of a position; those that were never opened
    /// are left out.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(
        &self,
        services: &Services,
        tenant: TenantId,
        ids: &[ConversationId],
        as_of: Option<Position>,
    ) -> Result<HashMap<ConversationId, Arc<ConversationFacts>>> {
        // What is kept may be younger than the past.
        let known = |id: ConversationId| as_of.is_none().then(|| self.0.get(&(tenant, id)))?;
        let known: Vec<_> = ids.iter().map(|id| (*id, known(*id))).collect();
        let wanted = known.iter().map(|(id, known)| {
            let after = known.as_ref().map_or(0, |known| known.fold.version());
            (stream_of::<Conversation>(*id), after)
        });
        let wanted = wanted.collect();
        let mut news = services.sealed_streams::<ConversationEvent>(tenant, wanted, as_of).await?;
        let mut found = HashMap::with_capacity(ids.len());
        for (id, known) in known {
            let news = news.remove(&stream_of::<Conversation>(id)).unwrap_or_default();
            let kept = after(known, &news);
            found.extend(kept.facts.clone().map(|facts| (id, facts)));
            if as_of.is_none() && kept.facts.is_some() && !news.is_empty() {
                self.keep((tenant, id), kept);
            }
        }
        Ok(found)
    }

    /// Keeps what was read, unless somebody read further meanwhile.
    fn keep(&self, key: (TenantId, ConversationId), kept: Kept) {
        let version = kept.fold.version();
        if self.0.peek(&key).is_none_or(|known| known.fold.version() < version) {
            self.0.insert(key, kept);
        }
    }
}

/// What is known of a conversation after more of its events.
fn after(known: Option<Kept>, news: &[(Recorded, ConversationEvent)]) -> Kept {
    match known {
        Some(known) if news.is_empty() => known,
        known => {
            let mut fold = known.map(|known| known.fold).unwrap_or_default();
            let folded = Arc::make_mut(&mut fold);
            for (recorded, event) in news {
                folded.take(recorded, event);
            }
            let facts = folded.facts().map(Arc::new);
            Kept { fold, facts }
        }
    }
}
