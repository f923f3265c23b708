//! Conversations: what one sees of them, in lists and one by one, now and in the past.

mod facts;
mod kept;

use std::sync::Arc;

use allhours_domain::{
    conversation::snapshot::Episode as Stretch, fields::FieldValue, ids::ConversationId, text::Key,
    words,
};
use allhours_eventstore::recorded::Position;
use allhours_projections::conversations::FieldEntry;
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, connection::Connection};

pub use self::{facts::ConversationFacts, kept::KeptConversations};
use super::{
    agent::Agent,
    customer::Customer,
    error::Code,
    id::Kind,
    loaders::Loaders,
    own::{may_see, status_seen},
    page::{BothWays, Cursor},
    scalars::{Date, DateTime, Language, Long, count},
    source::{self, Source},
    team::Team,
    text::PersonalText,
    timeline::{self, TimelineEntry},
    viewer::Viewer,
    words::{Channel, Priority, ResolutionKind, Tier, WaitingOn},
};

/// Where a conversation stands.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "words::ConversationStatus")]
pub enum ConversationStatus {
    /// Somebody has to act.
    Open,
    /// It waits for the customer or for somebody else.
    Waiting,
    /// It is put aside until an instant.
    Snoozed,
    /// It is resolved, and may be reopened.
    Resolved,
    /// It is closed for good.
    Closed,
    /// Another conversation goes on in its place.
    Merged,
}

/// One stretch of work, from opening or reopening to resolving.
#[derive(Debug, SimpleObject)]
pub struct Episode {
    /// From 1.
    pub number: i32,
    /// When it was opened or reopened.
    pub opened_at: DateTime,
    /// When an agent first answered in it.
    pub first_reply_at: Option<DateTime>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime>,
    /// How sure that was when it was resolved.
    pub kind: Option<ResolutionKind>,
    /// Whether the customer said that it is resolved, then or later.
    pub confirmed: bool,
}

/// The value of a custom field; one of the values is set.
#[derive(Debug, SimpleObject, Default)]
pub struct CustomField {
    /// Which field.
    pub field: String,
    /// A text, about the customer.
    pub text: Option<PersonalText>,
    /// A whole number.
    pub integer: Option<Long>,
    /// Yes or no.
    pub boolean: Option<bool>,
    /// A calendar day.
    pub date: Option<Date>,
    /// One of the desk's own words.
    pub choice: Option<String>,
}

/// A customer's matter, from the first message to closing.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// What is known of it.
    pub facts: Arc<ConversationFacts>,
    /// As of when it is read; none means now.
    pub as_of: Option<Position>,
}

impl Conversation {
    /// As it is now, for its viewer; from its stream, so that it sees the latest command.
    ///
    /// # Errors
    ///
    /// A failure of the log, or there is no such conversation.
    pub async fn now(ctx: &Context<'_>, id: ConversationId) -> Result<Self> {
        let found = Self::read(ctx, id, None).await?;
        found.ok_or_else(|| Code::NotFound.error("there is no such conversation"))
    }

    /// As its stream says, now or as of a position; none where there is none for this viewer.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(
        ctx: &Context<'_>,
        id: ConversationId,
        as_of: Option<Position>,
    ) -> Result<Option<Self>> {
        let facts = Loaders::of(ctx)?.conversation_streams.load_one((id, as_of)).await?;
        let Some(facts) = facts else { return Ok(None) };
        Ok(may_see(ctx, facts.customer).await?.then_some(Self { facts, as_of }))
    }

    /// As lists show it; none where there is none for this viewer. Loaded with others.
    ///
    /// # Errors
    ///
    /// A failure below.
    pub async fn known(ctx: &Context<'_>, id: ConversationId) -> Result<Option<Self>> {
        let facts = Loaders::of(ctx)?.conversations.load_one(id).await?;
        let Some(facts) = facts else { return Ok(None) };
        Ok(may_see(ctx, facts.customer).await?.then(|| Self::of(facts)))
    }

    /// From a table.
    #[must_use]
    pub fn of(facts: Arc<ConversationFacts>) -> Self {
        Self { facts, as_of: None }
    }
}

/// A customer's matter, from the first message to closing.
#[Object]
impl Conversation {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Conversation.id(self.facts.id)
    }

    /// The version of its stream, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.facts.version
    }

    /// Whose it is; the profile as it is now, also where the conversation is read as of the past.
    async fn customer(&self) -> Option<Customer> {
        Some(Customer::of(self.facts.customer))
    }

    /// Where it began.
    async fn channel(&self) -> Channel {
        self.facts.channel.into()
    }

    /// The subject line, if the channel has one.
    async fn subject(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        self.facts.subject.read(ctx, source::subject).await
    }

    /// The last message that the customer can see.
    async fn last_message(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>> {
        let position = match self.facts.last_message {
            // A split took some away or brought some, and nobody wrote since.
            None if self.facts.message_count > 0 => {
                let asked = (self.facts.id, self.as_of);
                Loaders::of(ctx)?.last_messages.load_one(asked).await?
            }
            known => known,
        };
        Source::At(position).read(ctx, source::message).await
    }

    /// In which language, as last known.
    async fn language(&self) -> Option<Language> {
        self.facts.language.clone().map(Language)
    }

    /// Where it stands; to customers, what is put aside is open.
    async fn status(&self, ctx: &Context<'_>) -> Result<ConversationStatus> {
        Ok(status_seen(Viewer::of(ctx)?, self.facts.status).into())
    }

    /// By which tier it is served; the desk's own, refused to customers.
    async fn tier(&self) -> Tier {
        self.facts.tier.into()
    }

    /// How urgent it is; the desk's own, refused to customers.
    async fn priority(&self) -> Priority {
        self.facts.priority.into()
    }

    /// In whose queue; none means the common one. Not shown to customers.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.facts.team {
            Some(team) if Viewer::of(ctx)?.is_staff() => Team::known(ctx, team).await,
            Some(_) | None => Ok(None),
        }
    }

    /// Who is responsible; none means that it is in the queue.
    async fn assignee(&self) -> Option<Agent> {
        self.facts.assignee.map(Agent::of)
    }

    /// Its tags; the desk's own, not shown to customers. No place for personal data: tags are kept
    /// for good, also when a customer is forgotten.
    async fn tags(&self, ctx: &Context<'_>) -> Result<&[String]> {
        let tags: &[String] = if Viewer::of(ctx)?.is_staff() { &self.facts.tags } else { &[] };
        Ok(tags)
    }

    /// Its custom fields that have a value; the desk's own, not shown to customers.
    async fn fields(&self, ctx: &Context<'_>) -> Result<Vec<CustomField>> {
        let viewer = Viewer::of(ctx)?;
        if !viewer.is_staff() {
            return Ok(Vec::new());
        }
        let fields = self.facts.fields.iter();
        let read = fields.map(|(field, entry)| CustomField::read(ctx, field, entry));
        futures_util::future::try_join_all(read).await
    }

    /// For whom it waits, while it waits.
    async fn waiting_on(&self) -> Option<WaitingOn> {
        self.facts.waiting_on.map(Into::into)
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.facts.opened_at)
    }

    /// When a message or note last came, or it was opened; to customers, who see no notes, when a
    /// message last came.
    async fn last_activity_at(&self, ctx: &Context<'_>) -> Result<DateTime> {
        let facts = &self.facts;
        let staff = Viewer::of(ctx)?.is_staff();
        Ok(DateTime(if staff { facts.last_activity_at } else { facts.last_public_activity_at }))
    }

    /// Since when the customer waits for an answer.
    async fn waiting_since(&self) -> Option<DateTime> {
        self.facts.waiting_since.map(DateTime)
    }

    /// Until when it is put aside; not shown to customers.
    async fn snoozed_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let shown = Viewer::of(ctx)?.is_staff();
        Ok(self.facts.snoozed_until.filter(|_| shown).map(DateTime))
    }

    /// When it was last resolved; none once it is reopened.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.facts.resolved_at.map(DateTime)
    }

    /// How many messages the customer can see.
    async fn message_count(&self) -> i32 {
        self.facts.message_count
    }

    /// Which episode, from 1.
    async fn episode(&self) -> i32 {
        self.facts.episode
    }

    /// Every stretch of work, in order; only where the conversation is read by its id.
    async fn episodes(&self) -> Option<Vec<Episode>> {
        let episode = |it: &Stretch| Episode {
            number: count(it.number),
            opened_at: DateTime(it.opened_at),
            first_reply_at: it.first_reply_at.map(DateTime),
            resolved_at: it.resolved_at.map(DateTime),
            kind: it.kind.map(Into::into),
            confirmed: it.confirmed,
        };
        self.facts.episodes.as_ref().map(|all| all.iter().map(episode).collect())
    }

    /// The conversation that goes on in its place, if it was merged.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        match self.facts.merged_into {
            Some(target) => Self::known(ctx, target).await,
            None => Ok(None),
        }
    }

    /// What happened in it, merged conversations included, in order; customers see the messages
    /// and where the conversation stands, and no notes. Messages that were split off show in the
    /// conversation that they are part of now.
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "After which cursor.")] after: Option<String>,
        #[graphql(desc = "Before which cursor.")] before: Option<String>,
        #[graphql(desc = "Only messages and notes.", default)] messages_only: bool,
    ) -> Result<Connection<Cursor, TimelineEntry>> {
        let page = BothWays::read(first, last, after.as_deref(), before.as_deref())?;
        timeline::page(ctx, self, &page, messages_only).await
    }
}

impl CustomField {
    async fn read(ctx: &Context<'_>, key: &Key, entry: &FieldEntry) -> Result<Self> {
        let empty = Self { field: key.to_string(), ..Self::default() };
        let value = match entry {
            FieldEntry::Value(value) => value,
            FieldEntry::TextAt(position) => {
                let text = Source::At(Some(*position)).read(ctx, source::field).await?;
                return Ok(Self { text, ..empty });
            }
        };
        Ok(match value {
            // Texts stand in their events.
            FieldValue::Text(_) => empty,
            FieldValue::Integer(number) => Self { integer: Some(Long(*number)), ..empty },
            FieldValue::Boolean(truth) => Self { boolean: Some(*truth), ..empty },
            FieldValue::Date(date) => Self { date: Some(Date(*date)), ..empty },
            FieldValue::Choice(choice) => Self { choice: Some(choice.to_string()), ..empty },
        })
    }
}
