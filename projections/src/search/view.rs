//! What readers hold: one state of the index, which does not change under them.

use std::collections::HashSet;

use allhours_domain::ids::{ConversationId, CustomerId, TenantId};
use allhours_eventstore::recorded::Position;
use tantivy::{DocAddress, Searcher, Term};
use uuid::Uuid;

use super::{
    error::SearchError,
    record::{Key, Record, Thing},
    schema::{Fields, documents, scoped},
};

/// How many merges are read at once.
const MERGED_MAX: usize = 1_000;

/// One state of the index.
#[derive(Clone)]
pub(super) struct View {
    pub(super) searcher: Searcher,
    pub(super) fields: Fields,
    /// All events up to this one are in it.
    pub(super) position: Position,
    /// Whether deleted texts may still leave a trace on disk.
    pub(super) shredding: bool,
}

impl View {
    /// The document's record.
    pub(super) fn record(&self, at: DocAddress) -> Result<Record, SearchError> {
        self.fields.record(&self.searcher, at)
    }

    /// The conversation that goes on in place of this one.
    pub(super) fn conversation(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
    ) -> Result<ConversationId, SearchError> {
        let mut id = conversation;
        let mut seen = HashSet::new();
        while seen.insert(id) {
            let record = self.fields.find(&self.searcher, &Key::conversation(tenant, id))?;
            match record.map(|it| it.thing) {
                Some(Thing::Conversation { merged_into: Some(target), .. }) => id = target,
                _ => break,
            }
        }
        Ok(id)
    }

    /// The profile that goes on in place of this one.
    pub(super) fn customer(
        &self,
        tenant: TenantId,
        customer: CustomerId,
    ) -> Result<CustomerId, SearchError> {
        let mut id = customer;
        let mut seen = HashSet::new();
        while seen.insert(id) {
            let record = self.fields.find(&self.searcher, &Key::customer(tenant, id))?;
            match record.map(|it| it.thing) {
                Some(Thing::Customer { merged_into: Some(target), .. }) => id = target,
                _ => break,
            }
        }
        Ok(id)
    }

    /// `id` and everything merged into it, directly or not.
    pub(super) fn with_merged(&self, tenant: TenantId, id: Uuid) -> Result<Vec<Uuid>, SearchError> {
        let mut all = vec![id];
        let mut seen = HashSet::from([id]);
        let mut next = 0;
        while let Some(&target) = all.get(next) {
            next += 1;
            for (source, _) in self.merged(tenant, target)? {
                if seen.insert(source) {
                    all.push(source);
                }
            }
        }
        Ok(all)
    }

    /// All conversations of the tenant that are merged into another, each with that other.
    pub(super) fn merges(&self, tenant: TenantId) -> Result<Vec<(Uuid, Uuid)>, SearchError> {
        self.merged(tenant, Uuid::nil())
    }

    fn merged(&self, tenant: TenantId, target: Uuid) -> Result<Vec<(Uuid, Uuid)>, SearchError> {
        let term = Term::from_field_bytes(self.fields.merged, &scoped(tenant, target));
        let mut sources = Vec::new();
        for at in documents(&self.searcher, &term, MERGED_MAX)? {
            match self.record(at)?.thing {
                Thing::Conversation { conversation, merged_into: Some(into), .. } => {
                    sources.push((conversation.0, into.0));
                }
                Thing::Customer { customer, merged_into: Some(into), .. } => {
                    sources.push((customer.0, into.0));
                }
                Thing::Message { .. }
                | Thing::Topic { .. }
                | Thing::Article { .. }
                | Thing::Customer { merged_into: None, .. }
                | Thing::Conversation { merged_into: None, .. } => {}
            }
        }
        Ok(sources)
    }
}
