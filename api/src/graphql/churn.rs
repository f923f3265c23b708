//! What churn is predicted from, as of now or of any instant before.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    customer::{Customer, CustomerEvent, CustomerSnapshot},
    decider::StoredEvent,
    features::{self, CustomerHistory, Fact, Persons, features},
    ids::{ConversationId, CustomerId},
};
use allhours_eventstore::{
    history::History as _,
    recorded::{Position, Recorded, StreamId},
};
use allhours_projections::{churn_features, conversations};
use async_graphql::{Context, Result, SimpleObject};
use jiff::Timestamp;

use super::{
    error::of_log,
    scalars::DateTime,
    services::{Services, of_read},
    viewer::Viewer,
};
use crate::desk::stream_of;

/// How many conversations are read with one statement.
const CONVERSATIONS_AT_ONCE: usize = 256;

/// One number that churn is predicted from.
#[derive(Debug, SimpleObject)]
pub struct Feature {
    /// The column of the training table.
    pub name: String,
    /// The number; none where there is none yet.
    pub value: Option<f64>,
}

/// What is known of a customer as of an instant, for predicting churn; free of later facts.
#[derive(Debug, SimpleObject)]
pub struct ChurnFeatures {
    /// The instant that was asked for.
    pub as_of: DateTime,
    /// Every feature, in the order of the training table.
    pub features: Vec<Feature>,
}

impl ChurnFeatures {
    /// As of an instant: from the kept histories where they hold nothing later, else folded from
    /// the person's own events up to then, by the same definition.
    ///
    /// # Errors
    ///
    /// A failure of the log or of the read tables.
    pub async fn read(
        ctx: &Context<'_>,
        customer: CustomerId,
        as_of: Timestamp,
    ) -> Result<Option<Self>> {
        let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
        let client = services.reader(viewer.tenant).await?;
        let found = churn_features::of_person(&client, customer).await;
        let kept = found.map_err(|error| of_read(&error))?;
        drop(client);
        // What was written down later was not known, though it may have happened before.
        let position = services.log.position_at(as_of).await.map_err(|error| of_log(&error))?;
        if kept.iter().all(|row| row.updated_position <= position) {
            let kept = kept.iter().map(|row| (row.customer_id, &row.history.0));
            let Some(together) = Persons::of(kept).history(customer) else { return Ok(None) };
            if !together.may_be_used() {
                return Ok(None);
            }
            if let Ok(found) = features(&together, as_of) {
                return Ok(Some(Self::of(&found, as_of)));
            }
        }
        let then = Then { services, viewer, as_of, position };
        let Some(together) = then.history(customer).await? else { return Ok(None) };
        Ok(features(&together, as_of).ok().map(|found| Self::of(&found, as_of)))
    }

    fn of(found: &features::ChurnFeatures, as_of: Timestamp) -> Self {
        let feature = |(name, value): (&str, f64)| Feature {
            name: name.to_owned(),
            value: value.is_finite().then_some(value),
        };
        let names = features::ChurnFeatures::names();
        let features = names.into_iter().zip(found.values()).map(feature).collect();
        Self { as_of: DateTime(as_of), features }
    }
}

/// One fact, with what it happened in.
enum Happened {
    Customer(CustomerEvent),
    Conversation(ConversationId, ConversationEvent),
}

/// What happened to a profile and in its conversations, each with when.
type Facts = Vec<(Happened, Timestamp)>;

/// What had happened by an instant, and stood in the log by then.
struct Then<'a> {
    services: &'a Services,
    viewer: &'a Viewer,
    as_of: Timestamp,
    position: Position,
}

impl Then<'_> {
    /// A person's history, from the events of their own streams; none where nobody knew them, or
    /// where it may not be used by what they say today.
    async fn history(&self, customer: CustomerId) -> Result<Option<CustomerHistory>> {
        let mut facts = self.profiles(customer).await?;
        self.conversations(&mut facts).await?;
        let until = |facts: &Facts| {
            let facts = facts.iter().map(|(happened, at)| match happened {
                Happened::Customer(event) => (Fact::Customer(event), *at),
                Happened::Conversation(id, event) => (Fact::Conversation(*id, event), *at),
            });
            CustomerHistory::until(facts, self.as_of)
        };
        let then: BTreeMap<_, _> = facts.iter().map(|(id, facts)| (*id, until(facts))).collect();
        let ids: Vec<CustomerId> = then.keys().copied().collect();
        let client = self.services.reader(self.viewer.tenant).await?;
        let today = churn_features::by_ids(&client, &ids).await;
        let today = today.map_err(|error| of_read(&error))?;
        let today: HashMap<_, _> =
            today.iter().map(|row| (row.customer_id, &row.history)).collect();
        let allowed: Vec<_> = then
            .iter()
            .map(|(id, history)| match today.get(id) {
                Some(today) => (*id, history.as_allowed_since(today)),
                None => (*id, Cow::Borrowed(history)),
            })
            .collect();
        let persons = Persons::of(allowed.iter().map(|(id, history)| (*id, history.as_ref())));
        let together = persons.history(customer).map(Cow::into_owned);
        Ok(together.filter(|it| it.may_be_used() && it.last_at().is_some()))
    }

    /// What happened to the profile of a customer and to those that were merged into it by then.
    async fn profiles(&self, customer: CustomerId) -> Result<BTreeMap<CustomerId, Facts>> {
        let mut facts = BTreeMap::new();
        let mut next = BTreeSet::from([customer]);
        while !next.is_empty() {
            let streams = next.iter().map(|id| (stream_of::<Customer>(*id), 0)).collect();
            let found = self.streams::<CustomerEvent>(streams).await?;
            facts.extend(std::mem::take(&mut next).into_iter().map(|id| (id, Facts::new())));
            for (stream, events) in found {
                let mut snapshot = CustomerSnapshot::default();
                let happened = events.into_iter().filter(|(it, _)| it.occurred_at <= self.as_of);
                let of_profile: &mut Facts = facts.entry(CustomerId(stream.id)).or_default();
                for (recorded, event) in happened {
                    snapshot.apply(&event, recorded.occurred_at);
                    of_profile.push((Happened::Customer(event), recorded.occurred_at));
                }
                next.extend(snapshot.merged);
            }
            next.retain(|id| !facts.contains_key(id));
        }
        Ok(facts)
    }

    /// Adds what happened in the conversations of these profiles.
    async fn conversations(&self, facts: &mut BTreeMap<CustomerId, Facts>) -> Result<()> {
        let profiles: Vec<CustomerId> = facts.keys().copied().collect();
        let client = self.services.reader(self.viewer.tenant).await?;
        let theirs = conversations::of_profiles(&client, &profiles).await;
        let theirs = theirs.map_err(|error| of_read(&error))?;
        drop(client);
        for some in theirs.chunks(CONVERSATIONS_AT_ONCE) {
            let owners: HashMap<_, _> = some.iter().map(|(owner, id)| (*id, *owner)).collect();
            let streams = some.iter().map(|(_, id)| (stream_of::<Conversation>(*id), 0)).collect();
            for (stream, events) in self.streams::<ConversationEvent>(streams).await? {
                let id = ConversationId(stream.id);
                let Some(of_profile) = owners.get(&id).and_then(|it| facts.get_mut(it)) else {
                    continue;
                };
                of_profile.extend(events.into_iter().map(|(recorded, event)| {
                    (Happened::Conversation(id, event), recorded.occurred_at)
                }));
            }
        }
        Ok(())
    }

    async fn streams<E: StoredEvent>(
        &self,
        streams: Vec<(StreamId, i32)>,
    ) -> Result<HashMap<StreamId, Vec<(Recorded, E)>>> {
        let (tenant, position) = (self.viewer.tenant, Some(self.position));
        self.services.sealed_streams::<E>(tenant, streams, position).await
    }
}
