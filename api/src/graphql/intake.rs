//! Deliveries of providers' messages, and what became of them.

use std::sync::Arc;

use allhours_domain::{
    ids::IntakeId,
    intake::{Intake as State, IntakeEvent},
};
use allhours_projections::intakes::{self, IntakeRow};
use async_graphql::{Context, Enum, ID, Object, Result};

use super::{
    error::Code,
    id::Kind,
    loaders::Loaders,
    scalars::DateTime,
    services::Services,
    source::{self, Source},
    text::PersonalText,
    viewer::Viewer,
    words::Channel,
};
use crate::desk::stream_of;

/// What became of a delivery.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "intakes::IntakeStatus")]
pub enum IntakeStatus {
    /// It was taken in, and nothing more is known of it.
    Received,
    /// It is a message of a conversation.
    Parsed,
    /// It waits for a person.
    Parked,
    /// A person decided that it is not for this desk.
    Discarded,
}

/// All deliveries of one message of a provider. Its texts are opened only where they are asked
/// for, so that the row is all that has to be at hand.
#[derive(Debug, Clone)]
pub struct Intake(pub Arc<IntakeRow>);

impl Intake {
    /// As the stream says now, so that it sees the latest command.
    ///
    /// # Errors
    ///
    /// A failure of the log, or nothing was delivered.
    pub async fn now(ctx: &Context<'_>, id: IntakeId) -> Result<Self> {
        let tenant = Viewer::of(ctx)?.tenant;
        let services = ctx.data::<Services>()?;
        let stream = stream_of::<State>(id);
        let wanted = vec![(stream, 0)];
        let mut found = services.sealed_streams::<IntakeEvent>(tenant, wanted, None).await?;
        let events = found.remove(&stream).unwrap_or_default();
        let none = || Code::NotFound.error("there is no such delivery");
        Ok(Self(Arc::new(IntakeRow::folded(&events).ok_or_else(none)?)))
    }

    /// The delivery, if there is one.
    ///
    /// # Errors
    ///
    /// A failure below.
    pub async fn known(ctx: &Context<'_>, id: IntakeId) -> Result<Option<Self>> {
        Ok(Loaders::of(ctx)?.intakes.load_one(id).await?.map(Self))
    }

    fn received(&self) -> Source {
        Source::At(Some(self.0.received_position))
    }
}

/// A message that a provider delivered, once or more often.
#[Object]
impl Intake {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Intake.id(self.0.id)
    }

    /// The version of the delivery's stream, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What became of it.
    async fn status(&self) -> IntakeStatus {
        self.0.status.into()
    }

    /// What could not be understood, if it was ever parked for a person to see.
    async fn why_parked(&self) -> Option<&str> {
        self.0.why_parked.as_deref()
    }

    /// Why it was discarded, if it was.
    async fn discard_reason(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        Source::At(self.0.discarded_position).read(ctx, source::discard_reason).await
    }

    /// On which channel it came.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// Which of the desk's accounts on that channel.
    async fn account(&self) -> &str {
        &self.0.account
    }

    /// The provider's own id of the message.
    async fn external_id(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        self.received().read(ctx, source::external_id).await
    }

    /// The message as the provider sent it; deleted once it was discarded, or taken in after it was
    /// parked.
    async fn raw(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        self.received().read(ctx, source::raw).await
    }

    /// How often it has come; all but the first time, nothing else happened.
    async fn deliveries(&self) -> i32 {
        self.0.deliveries
    }

    /// When it came first.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// When something happened to it last.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// The global id of the customer who wrote.
    async fn customer_id(&self) -> Option<ID> {
        self.0.customer_id.map(|id| Kind::Customer.id(id))
    }

    /// The global id of the conversation that it went to.
    async fn conversation_id(&self) -> Option<ID> {
        self.0.conversation_id.map(|id| Kind::Conversation.id(id))
    }

    /// The global id of the message that it became.
    async fn message_id(&self) -> Option<ID> {
        self.0.message_id.map(|id| Kind::Message.id(id))
    }
}
