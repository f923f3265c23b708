//! Customers: who they are, how they reach the desk, and all that happened with them.

use std::{collections::BTreeMap, sync::Arc};

use allhours_domain::{
    customer::{CustomerEvent, CustomerSnapshot},
    ids::{CustomerId, IdentityId},
    words,
};
use allhours_eventstore::recorded::{Position, Recorded};
use allhours_projections::customers::CustomerRow;
use async_graphql::{Context, ID, Object, Result, SimpleObject, connection::Connection};
use jiff::Timestamp;

use super::{
    conversation::Conversation,
    error::Code,
    id::Kind,
    lists,
    loaders::Loaders,
    own::{may_see, profiles_of},
    page::{BothWays, Cursor},
    scalars::{DateTime, Language, count},
    source::{self, Source},
    text::PersonalText,
    viewer::Viewer,
    words::{Channel, Purpose, Tier},
};

/// What is known of a customer, from a table or from the stream.
#[derive(Debug, Clone)]
pub struct CustomerFacts {
    id: CustomerId,
    version: i32,
    name: Source,
    tier: Option<words::Tier>,
    language: Option<allhours_domain::text::Language>,
    consents: BTreeMap<words::Purpose, bool>,
    identities: Vec<(IdentityId, words::Channel, bool, Source)>,
    merged_into: Option<CustomerId>,
    erased: bool,
    identified_at: Option<Timestamp>,
}

impl From<&CustomerRow> for CustomerFacts {
    fn from(row: &CustomerRow) -> Self {
        let identity =
            |(id, linked): (&IdentityId, &allhours_projections::customers::LinkedIdentity)| {
                let address = Source::At(Some(linked.address_position));
                (*id, linked.channel, linked.verified, address)
            };
        Self {
            id: row.id,
            version: row.version,
            name: Source::At(row.name_position),
            tier: Some(row.tier),
            language: row.language.clone(),
            consents: row.consents.0.clone(),
            identities: row.identities.0.iter().map(identity).collect(),
            merged_into: row.merged_into,
            erased: row.erased,
            identified_at: Some(row.identified_at),
        }
    }
}

impl CustomerFacts {
    /// From the opened stream; none where nothing happened.
    #[must_use]
    pub fn folded(id: CustomerId, events: &[(Recorded, CustomerEvent)]) -> Option<Self> {
        let version = events.last()?.0.version;
        let mut snapshot = CustomerSnapshot::default();
        for (recorded, event) in events {
            snapshot.apply(event, recorded.occurred_at);
        }
        Some(Self::of(id, version, &snapshot))
    }

    fn of(id: CustomerId, version: i32, snapshot: &CustomerSnapshot) -> Self {
        let erased = snapshot.erased_at.is_some();
        let consents = snapshot.consents.iter().map(|(purpose, it)| (*purpose, it.granted));
        let identities = snapshot.identities.iter().map(|(identity, linked)| {
            let address = Source::Here(Some(linked.address.clone()));
            (*identity, linked.channel, linked.verified, address)
        });
        Self {
            id,
            version,
            // As in the tables, where nothing says any more that there was one.
            name: Source::Here(snapshot.display_name.clone().filter(|_| !erased)),
            tier: snapshot.tier,
            language: snapshot.language.clone(),
            consents: consents.collect(),
            identities: identities.collect(),
            merged_into: snapshot.merged_into,
            erased,
            identified_at: snapshot.identified_at,
        }
    }
}

/// What a customer said about a use of their data.
#[derive(Debug, SimpleObject)]
pub struct Consent {
    /// Which use.
    pub purpose: Purpose,
    /// Allowed or not.
    pub granted: bool,
}

/// A channel address of a customer.
#[derive(Debug, SimpleObject)]
pub struct ChannelAddress {
    /// The global id.
    pub id: ID,
    /// On which channel.
    pub channel: Channel,
    /// The address.
    pub address: Option<PersonalText>,
    /// Whether somebody checked that it is theirs.
    pub verified: bool,
}

/// What a customer's conversations add up to; conversations that were merged into another are not
/// counted.
#[derive(Debug, SimpleObject, Default)]
pub struct Contacts {
    /// Conversations neither resolved nor closed.
    pub live: i32,
    /// All conversations.
    pub total: i32,
    /// How often one was reopened.
    pub reopenings: i32,
    /// When the customer last wrote.
    pub last_contact_at: Option<DateTime>,
}

/// Somebody who writes to the desk.
#[derive(Debug, Clone)]
pub enum Customer {
    /// Known by id only; the rest is loaded when it is asked for.
    Id(CustomerId),
    /// Loaded.
    Facts(Arc<CustomerFacts>),
}

impl Customer {
    /// By an id that stands in the log; what is asked of them is loaded with others of the page.
    #[must_use]
    pub fn of(id: CustomerId) -> Self {
        Self::Id(id)
    }

    /// The customer, if there is one.
    ///
    /// # Errors
    ///
    /// A failure below.
    pub async fn known(ctx: &Context<'_>, id: CustomerId) -> Result<Option<Self>> {
        Ok(Loaders::of(ctx)?.customers.load_one(id).await?.map(Self::Facts))
    }

    /// The customer as their stream says, now or as of a position.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn as_of(
        ctx: &Context<'_>,
        id: CustomerId,
        as_of: Option<Position>,
    ) -> Result<Option<Self>> {
        let found = Loaders::of(ctx)?.customer_streams.load_one((id, as_of)).await?;
        Ok(found.map(Self::Facts))
    }

    /// Their id.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        match self {
            Self::Id(id) => *id,
            Self::Facts(facts) => facts.id,
        }
    }

    async fn facts(&self, ctx: &Context<'_>) -> Result<Arc<CustomerFacts>> {
        match self {
            Self::Id(id) => {
                let facts = Loaders::of(ctx)?.customers.load_one(*id).await?;
                facts.ok_or_else(|| Code::NotFound.error("there is no such customer"))
            }
            Self::Facts(facts) => Ok(facts.clone()),
        }
    }
}

/// Somebody who writes to the desk.
#[Object]
impl Customer {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Customer.id(self.customer_id())
    }

    /// The version of the customer's stream, for `expectedVersion`.
    async fn version(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(self.facts(ctx).await?.version)
    }

    /// The name, if known.
    async fn display_name(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        self.facts(ctx).await?.name.read(ctx, source::name).await
    }

    /// How they are served; not shown to customers.
    async fn tier(&self, ctx: &Context<'_>) -> Result<Option<Tier>> {
        if !Viewer::of(ctx)?.is_staff() {
            return Ok(None);
        }
        Ok(self.facts(ctx).await?.tier.map(Into::into))
    }

    /// In which language they write, if known.
    async fn language(&self, ctx: &Context<'_>) -> Result<Option<Language>> {
        Ok(self.facts(ctx).await?.language.clone().map(Language))
    }

    /// What they said about uses of their data.
    async fn consents(&self, ctx: &Context<'_>) -> Result<Vec<Consent>> {
        let consent = |(purpose, granted): (&words::Purpose, &bool)| Consent {
            purpose: (*purpose).into(),
            granted: *granted,
        };
        Ok(self.facts(ctx).await?.consents.iter().map(consent).collect())
    }

    /// How they reach the desk; at most 100.
    async fn addresses(&self, ctx: &Context<'_>) -> Result<Vec<ChannelAddress>> {
        let facts = self.facts(ctx).await?;
        let read = facts.identities.iter().map(async |(identity, channel, verified, address)| {
            Ok(ChannelAddress {
                id: Kind::Identity.id(*identity),
                channel: (*channel).into(),
                address: address.read(ctx, source::address(*identity)).await?,
                verified: *verified,
            })
        });
        // Together, so that they are opened with one statement.
        futures_util::future::try_join_all(read).await
    }

    /// The profile that goes on in place of this one, if it was merged.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        match self.facts(ctx).await?.merged_into {
            Some(target) if may_see(ctx, target).await? => Self::known(ctx, target).await,
            Some(_) | None => Ok(None),
        }
    }

    /// Whether they were forgotten.
    async fn erased(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.facts(ctx).await?.erased)
    }

    /// When they became known.
    async fn identified_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.facts(ctx).await?.identified_at.map(DateTime))
    }

    /// The profiles that were merged into this one, directly or by way of others, as they are now;
    /// what belongs to them shows here as well.
    async fn merged_profiles(&self, ctx: &Context<'_>) -> Result<Vec<Customer>> {
        let own = self.customer_id();
        let profiles = profiles_of(ctx, own).await?;
        Ok(profiles.iter().filter(|id| **id != own).copied().map(Self::of).collect())
    }

    /// What their conversations add up to now, also where the customer is read as of the past;
    /// with those of the profiles that were merged into this one.
    async fn contacts(&self, ctx: &Context<'_>) -> Result<Contacts> {
        let contacts = Loaders::of(ctx)?.contacts.load_one(self.customer_id()).await?;
        Ok(contacts.map_or_else(Contacts::default, |it| Contacts {
            live: count(it.live),
            total: count(it.total),
            reopenings: count(it.reopenings),
            last_contact_at: it.last_contact_at.map(DateTime),
        }))
    }

    /// Their conversations as they are now, the last active first; with those of the profiles that
    /// were merged into this one.
    async fn conversations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
    ) -> Result<Connection<Cursor, Conversation>> {
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        lists::conversations_of(ctx, self.customer_id(), page).await
    }
}
