//! What churn is predicted from, as of now or of any instant before.

use std::collections::BTreeMap;

use allhours_domain::{
    conversation::{Conversation, ConversationEvent},
    customer::{Customer, CustomerEvent},
    features::{self, CustomerHistory, Fact, features},
    ids::{ConversationId, CustomerId},
};
use allhours_eventstore::{history::History as _, recorded::Position};
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
    /// As of an instant: from the kept history where it holds nothing later, else folded from the
    /// customer's own events up to then, by the same definition.
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
        let found = churn_features::by_ids(&client, &[customer]).await;
        let kept = found.map_err(|error| of_read(&error))?.pop();
        drop(client);
        // What they say today holds for what is known of their past as well.
        let Some(kept) = kept.filter(|row| row.history.0.may_be_used()) else { return Ok(None) };
        // What was written down later was not known, though it may have happened before.
        let position = services.log.position_at(as_of).await.map_err(|error| of_log(&error))?;
        if kept.updated_position <= position
            && let Ok(found) = features(&kept.history.0, as_of)
        {
            return Ok(Some(Self::of(&found, as_of)));
        }
        let history = history(services, viewer, customer, (as_of, position)).await?;
        if history.last_at().is_none() {
            return Ok(None);
        }
        Ok(features(&history, as_of).ok().map(|found| Self::of(&found, as_of)))
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

/// A customer's history up to an instant, from the events of their own streams.
async fn history(
    services: &Services,
    viewer: &Viewer,
    customer: CustomerId,
    (as_of, position): (Timestamp, Position),
) -> Result<CustomerHistory> {
    let position = Some(position);
    let tenant = viewer.tenant;
    let client = services.reader(tenant).await?;
    let ids = conversations::ids_of_customer(&client, customer).await;
    let ids = ids.map_err(|error| of_read(&error))?;
    drop(client);
    let mut happened = BTreeMap::new();
    let profile = vec![(stream_of::<Customer>(customer), 0)];
    let profile = services.sealed_streams::<CustomerEvent>(tenant, profile, position).await?;
    for (recorded, event) in profile.into_values().flatten() {
        let fact = (Happened::Customer(event), recorded.occurred_at);
        happened.insert(recorded.position, fact);
    }
    for some in ids.chunks(CONVERSATIONS_AT_ONCE) {
        let some = some.iter().map(|id| (stream_of::<Conversation>(*id), 0)).collect();
        let some = services.sealed_streams::<ConversationEvent>(tenant, some, position).await?;
        for (recorded, event) in some.into_values().flatten() {
            let id = ConversationId(recorded.stream.id);
            let fact = (Happened::Conversation(id, event), recorded.occurred_at);
            happened.insert(recorded.position, fact);
        }
    }
    let facts = happened.values().map(|(happened, at)| match happened {
        Happened::Customer(event) => (Fact::Customer(event), *at),
        Happened::Conversation(id, event) => (Fact::Conversation(*id, event), *at),
    });
    Ok(CustomerHistory::until(facts, as_of))
}
