//! Conversations as they were last read from their streams, so that a read by id costs what
//! happened since and not the whole history.

use std::sync::Arc;

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    ids::{ConversationId, TenantId},
};
use allhours_eventstore::recorded::Position;
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
    /// A conversation as its stream says now, or as of a position; none where it was never
    /// opened.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(
        &self,
        services: &Services,
        tenant: TenantId,
        id: ConversationId,
        as_of: Option<Position>,
    ) -> Result<Option<Arc<ConversationFacts>>> {
        let key = (tenant, id);
        // What is kept may be younger than the past.
        let known = if as_of.is_none() { self.0.get(&key) } else { None };
        let after = known.as_ref().map_or(0, |known| known.fold.version());
        let stream = stream_of::<Conversation>(id);
        let news =
            services.sealed_stream::<ConversationEvent>(tenant, stream, after, as_of).await?;
        if let (Some(known), true) = (&known, news.is_empty()) {
            return Ok(known.facts.clone());
        }
        let mut fold = known.map(|known| known.fold).unwrap_or_default();
        let folded = Arc::make_mut(&mut fold);
        for (recorded, event) in &news {
            folded.take(recorded, event);
        }
        let facts = folded.facts().map(Arc::new);
        if as_of.is_none() && facts.is_some() {
            self.keep(key, Kept { fold, facts: facts.clone() });
        }
        Ok(facts)
    }

    /// Keeps what was read, unless somebody read further meanwhile.
    fn keep(&self, key: (TenantId, ConversationId), kept: Kept) {
        let version = kept.fold.version();
        if self.0.peek(&key).is_none_or(|known| known.fold.version() < version) {
            self.0.insert(key, kept);
        }
    }
}
