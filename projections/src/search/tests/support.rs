//! A small desk whose events are indexed: one call for each thing that happens.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use allhours_domain::{
    actor::Actor,
    article::event::{ArticleEvent, Published, Retired},
    catalogue::AnyEvent,
    conversation::event::{
        AgentReplied, ConversationEvent, CustomerMessageReceived, MessageRedacted, NoteAdded,
        Opened, SubjectRedacted,
    },
    customer::event::{CustomerEvent, Erased, Identified, IdentityLinked},
    ids::{
        AgentId, ArticleId, CommandId, ConversationId, CorrelationId, CustomerId, EventId,
        IdentityId, MessageId, SubjectId, TeamId, TenantId,
    },
    personal::Personal,
    text::{ArticleBody, Language, Name},
    words::{Channel, Priority, Tier},
};
use allhours_eventstore::{
    append::{Append, StreamAppend},
    keys::{MasterKey, MasterKeys},
    log::Log as _,
    memory::MemoryLog,
    recorded::{StreamId, StreamType},
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::{
    Audience, Found, SearchError, SearchIndex, SearchPage, SearchReader, SearchRequest,
};

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A log in memory, a folder, and the index between them.
pub(super) struct Desk {
    pub(super) log: MemoryLog,
    pub(super) folder: TempDir,
    pub(super) tenant: TenantId,
    ids: AtomicU64,
}

/// An index that follows the log.
pub(super) struct Running {
    pub(super) reader: SearchReader,
    stop: CancellationToken,
    task: JoinHandle<Result<(), SearchError>>,
}

impl Running {
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

impl Desk {
    pub(super) fn new() -> Self {
        let key = MasterKey::generate().unwrap();
        Self {
            log: MemoryLog::new(MasterKeys::new(key, Vec::new())),
            folder: tempfile::tempdir().unwrap(),
            tenant: TenantId(Uuid::from_u128(7)),
            ids: AtomicU64::new(1),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn id(&self) -> Uuid {
        Uuid::from_u128(0x1000 + u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    /// Appends events to the end of a stream, and deletes what they delete.
    pub(super) async fn append(
        &self,
        tenant: TenantId,
        stream: Uuid,
        events: Vec<AnyEvent>,
        shred_events: Vec<EventId>,
        forget_subjects: Vec<SubjectId>,
    ) -> Vec<EventId> {
        let stream_type = match events.first() {
            Some(AnyEvent::Conversation(_)) => StreamType("conversation"),
            Some(AnyEvent::Customer(_)) => StreamType("customer"),
            _ => StreamType("article"),
        };
        let stream = StreamId { stream_type, id: stream };
        let known = self.log.load(tenant, stream, 0, 10_000).await.unwrap();
        let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let ids: Vec<EventId> = events.iter().map(|_| EventId(self.id())).collect();
        let append = Append {
            tenant,
            command_id: CommandId(self.id()),
            request_hash: [0; 32],
            correlation_id: CorrelationId(self.id()),
            causation_id: None,
            follows_first: false,
            traceparent: None,
            actor: Actor::System("test".to_owned()),
            occurred_at: at,
            recorded_at: at,
            streams: vec![StreamAppend {
                stream,
                expected_version: known.last().map_or(0, |it| it.version),
                events: ids.iter().copied().zip(events).collect(),
            }],
            shred_events,
            forget_subjects,
        };
        self.log.append(append).await.unwrap();
        ids
    }

    async fn happens(&self, stream: Uuid, event: impl Into<AnyEvent>) -> EventId {
        self.append(self.tenant, stream, vec![event.into()], vec![], vec![]).await[0]
    }

    pub(super) async fn conversation(&self, event: ConversationEvent, id: ConversationId) {
        self.happens(id.0, event).await;
    }

    pub(super) async fn customer_event(&self, event: CustomerEvent, id: CustomerId) {
        self.happens(id.0, event).await;
    }

    pub(super) async fn customer(&self, name: &str) -> CustomerId {
        let customer = CustomerId(self.id());
        let identified = Identified {
            customer,
            display_name: Some(Personal::about(customer, name)),
            language: None,
            tier: Tier::Standard,
        };
        self.happens(customer.0, CustomerEvent::Identified(identified)).await;
        customer
    }

    pub(super) async fn link(&self, customer: CustomerId, address: &str) {
        let linked = IdentityLinked {
            identity: IdentityId(self.id()),
            channel: Channel::Email,
            address: Personal::about(customer, address),
            verified: true,
        };
        self.happens(customer.0, CustomerEvent::IdentityLinked(linked)).await;
    }

    pub(super) async fn open(
        &self,
        customer: CustomerId,
        subject: Option<&str>,
        language: Option<&str>,
        team: Option<TeamId>,
    ) -> ConversationId {
        let conversation = ConversationId(self.id());
        let opened = Opened {
            conversation,
            customer,
            channel: Channel::Chat,
            subject: subject.map(|it| Personal::about(customer, it)),
            language: language.map(|it| Language::new(it).unwrap()),
            tier: Tier::Standard,
            priority: Priority::Normal,
            team,
        };
        self.happens(conversation.0, ConversationEvent::Opened(opened)).await;
        conversation
    }

    pub(super) async fn write(
        &self,
        conversation: ConversationId,
        customer: CustomerId,
        text: &str,
    ) -> (MessageId, EventId) {
        let message = MessageId(self.id());
        let received = CustomerMessageReceived {
            message,
            text: Personal::about(customer, text),
            channel: Channel::Chat,
            language: None,
            intake: None,
        };
        let event = ConversationEvent::CustomerMessageReceived(received);
        (message, self.happens(conversation.0, event).await)
    }

    pub(super) async fn reply(
        &self,
        conversation: ConversationId,
        customer: CustomerId,
        agent: AgentId,
        text: &str,
    ) {
        let replied = AgentReplied {
            message: MessageId(self.id()),
            agent,
            text: Personal::about(customer, text),
            channel: Channel::Chat,
        };
        self.happens(conversation.0, ConversationEvent::AgentReplied(replied)).await;
    }

    pub(super) async fn note(
        &self,
        conversation: ConversationId,
        customer: CustomerId,
        text: &str,
    ) {
        let noted = NoteAdded {
            message: MessageId(self.id()),
            agent: AgentId(self.id()),
            text: Personal::about(customer, text),
        };
        self.happens(conversation.0, ConversationEvent::NoteAdded(noted)).await;
    }

    pub(super) async fn redact(
        &self,
        conversation: ConversationId,
        customer: CustomerId,
        (message, event): (MessageId, EventId),
    ) {
        let redacted = MessageRedacted { message, reason: Personal::about(customer, "asked") };
        let events = vec![ConversationEvent::MessageRedacted(redacted).into()];
        self.append(self.tenant, conversation.0, events, vec![event], vec![]).await;
    }

    pub(super) async fn redact_subject(&self, conversation: ConversationId, customer: CustomerId) {
        let stream = StreamId { stream_type: StreamType("conversation"), id: conversation.0 };
        let opened = self.log.load(self.tenant, stream, 0, 1).await.unwrap();
        let reason = Personal::about(customer, "asked");
        let redacted = SubjectRedacted { deliveries_to: vec![conversation], reason };
        let events = vec![ConversationEvent::SubjectRedacted(redacted).into()];
        let shred = vec![opened[0].event_id];
        self.append(self.tenant, conversation.0, events, shred, vec![]).await;
    }

    pub(super) async fn erase(&self, customer: CustomerId) {
        let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 1 };
        let events = vec![CustomerEvent::Erased(erased).into()];
        self.append(self.tenant, customer.0, events, vec![], vec![customer.into()]).await;
    }

    pub(super) async fn publish(&self, article: ArticleId, locale: &str, title: &str, body: &str) {
        let published = Published {
            locale: Language::new(locale).unwrap(),
            version: 1,
            title: Name::new(title).unwrap(),
            body: ArticleBody::new(body).unwrap(),
        };
        self.happens(article.0, ArticleEvent::Published(published)).await;
    }

    pub(super) async fn retire(&self, article: ArticleId, locale: &str) {
        let retired = Retired { locale: Language::new(locale).unwrap() };
        self.happens(article.0, ArticleEvent::Retired(retired)).await;
    }

    /// The index, brought up to the head of the log.
    pub(super) async fn index(&self) -> SearchIndex {
        let mut index = SearchIndex::open(self.path()).unwrap();
        index.catch_up(&self.log).await.unwrap();
        index
    }

    /// The index, following the log.
    pub(super) fn run(&self) -> Running {
        let index = SearchIndex::open(self.path()).unwrap();
        let reader = index.reader();
        let stop = CancellationToken::new();
        let task = tokio::spawn(index.run(self.log.clone(), stop.clone()));
        Running { reader, stop, task }
    }

    pub(super) async fn caught_up(&self, reader: &SearchReader) {
        reader.wait_for(self.log.head().await.unwrap(), PATIENCE).await.unwrap();
    }

    pub(super) fn asks(&self, text: &str) -> SearchRequest {
        SearchRequest::new(self.tenant, Audience::Staff, text)
    }

    /// The texts that staff find.
    pub(super) fn finds(&self, reader: &SearchReader, text: &str) -> Vec<String> {
        texts(&reader.search_now(&self.asks(text)).unwrap())
    }
}

pub(super) fn texts(page: &SearchPage) -> Vec<String> {
    let mut all: Vec<String> = page.hits.iter().map(|it| it.snippet.text.clone()).collect();
    all.sort();
    all
}

pub(super) fn messages(page: &SearchPage) -> Vec<MessageId> {
    let ids = page.hits.iter().filter_map(|hit| match &hit.found {
        Found::Message { message, .. } => Some(*message),
        Found::Conversation { .. } | Found::Customer { .. } | Found::Article { .. } => None,
    });
    ids.collect()
}
