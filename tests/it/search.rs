//! The search index over the real log: found soon, erased wholly, the same after a restart.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    conversation::event::{ConversationEvent, CustomerMessageReceived, Opened},
    customer::event::{CustomerEvent, Erased, Identified},
    ids::{
        CommandId, ConversationId, CorrelationId, CustomerId, EventId, MessageId, SubjectId,
        TenantId,
    },
    personal::Personal,
    text::Language,
    words::{Channel, Priority, Tier},
};
use allhours_eventstore::{
    append::{Append, StreamAppend},
    keys::MasterKey,
    log::Log as _,
    pg::{PgLog, PgLogOptions},
    recorded::{Position, StreamId, StreamType},
};
use allhours_projections::search::{
    Audience, SearchError, SearchIndex, SearchReader, SearchRequest, verify,
};
use allhours_tests::database::database;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_mins(1);
const TENANT: TenantId = TenantId(Uuid::from_u128(7));

struct Desk {
    log: PgLog,
    folder: TempDir,
}

struct Running {
    reader: SearchReader,
    stop: CancellationToken,
    task: JoinHandle<Result<(), SearchError>>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("no panic").expect("a last commit");
    }

    fn count(&self, text: &str) -> u64 {
        let request = SearchRequest::new(TENANT, Audience::Staff, text);
        self.reader.search_now(&request).expect("an answer").total
    }
}

impl Desk {
    async fn new() -> Self {
        let database = database().await;
        let key = MasterKey::generate().expect("a random source");
        let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
        let log = PgLog::start((*database).clone(), key, options).await.expect("the log starts");
        Self { log, folder: tempfile::tempdir().expect("a folder") }
    }

    fn run(&self) -> Running {
        let index = SearchIndex::open(self.folder.path()).expect("nobody else owns it");
        let reader = index.reader();
        let stop = CancellationToken::new();
        let task = tokio::spawn(index.run(self.log.clone(), stop.clone()));
        Running { reader, stop, task }
    }

    async fn append(
        &self,
        stream: StreamId,
        expected_version: i32,
        events: Vec<AnyEvent>,
        forget_subjects: Vec<SubjectId>,
    ) -> Position {
        let at = Timestamp::UNIX_EPOCH;
        let events = events.into_iter().map(|event| (EventId(next()), event));
        let append = Append {
            tenant: TENANT,
            command_id: CommandId(next()),
            request_hash: [0; 32],
            correlation_id: CorrelationId(next()),
            causation_id: None,
            follows_first: false,
            traceparent: None,
            actor: Actor::System("test".to_owned()),
            occurred_at: at,
            recorded_at: at,
            streams: vec![StreamAppend { stream, expected_version, events: events.collect() }],
            shred_events: Vec::new(),
            forget_subjects,
        };
        self.log.append(append).await.expect("an append").position
    }

    async fn customer(&self, name: &str) -> CustomerId {
        let customer = CustomerId(next());
        let identified = Identified {
            customer,
            display_name: Some(Personal::about(customer, name)),
            language: None,
            tier: Tier::Standard,
        };
        let events = vec![CustomerEvent::Identified(identified).into()];
        self.append(stream("customer", customer.0), 0, events, Vec::new()).await;
        customer
    }

    /// A conversation with these messages.
    async fn conversation(&self, customer: CustomerId, language: &str, texts: &[&str]) -> Position {
        let conversation = ConversationId(next());
        let opened = Opened {
            conversation,
            customer,
            channel: Channel::Chat,
            subject: None,
            language: Language::new(language).ok(),
            tier: Tier::Standard,
            priority: Priority::Normal,
            team: None,
        };
        let mut events = vec![ConversationEvent::Opened(opened).into()];
        for text in texts {
            let received = CustomerMessageReceived {
                message: MessageId(next()),
                text: Personal::about(customer, *text),
                channel: Channel::Chat,
                language: None,
                intake: None,
            };
            events.push(ConversationEvent::CustomerMessageReceived(received).into());
        }
        self.append(stream("conversation", conversation.0), 0, events, Vec::new()).await
    }

    async fn erase(&self, customer: CustomerId) -> Position {
        let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 3 };
        let events = vec![CustomerEvent::Erased(erased).into()];
        self.append(stream("customer", customer.0), 1, events, vec![customer.into()]).await
    }
}

/// An id that no other one of this process equals.
fn next() -> Uuid {
    static IDS: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(u128::from(IDS.fetch_add(1, Ordering::Relaxed)))
}

fn stream(stream_type: &'static str, id: Uuid) -> StreamId {
    StreamId { stream_type: StreamType(stream_type), id }
}

fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        // A merge may take files away meanwhile; what is gone holds nothing.
        fs::read(&path).is_ok_and(|it| it.windows(bytes.len()).any(|part| part == bytes))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_real_log_are_found_in_their_languages_and_after_a_restart() {
    let desk = Desk::new().await;
    let ada = desk.customer("Ada Lovelace").await;
    let running = desk.run();
    desk.conversation(ada, "en", &["The refunds are late", "Nobody answers"]).await;
    let head = desk.conversation(ada, "zh", &["我想查询快递", "还没有退款"]).await;
    running.reader.wait_for(head, PATIENCE).await.expect("found in time");
    assert_eq!((running.count("refund"), running.count("退款"), running.count("ada")), (1, 1, 1));
    running.stop().await;
    let running = desk.run();
    let head = desk.conversation(ada, "en", &["Another refund"]).await;
    running.reader.wait_for(head, PATIENCE).await.expect("found in time");
    assert_eq!((running.count("refund"), running.count("退款"), running.count("ada")), (2, 1, 1));
    let verification = verify(&running.reader, &desk.log).await.expect("a comparison");
    assert_eq!(verification.differences, [""; 0]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_customer_is_in_no_file_of_the_index_and_a_rebuild_agrees() {
    let desk = Desk::new().await;
    let (ada, bob) = (desk.customer("Quartzvowjiz").await, desk.customer("Bob").await);
    let running = desk.run();
    desk.conversation(bob, "en", &["refund one", "refund two"]).await;
    let head = desk.conversation(ada, "en", &["refund for sphinxmudgeluz"]).await;
    running.reader.wait_for(head, PATIENCE).await.expect("found in time");
    let folder = desk.folder.path();
    // The two have no part in common, and end with no digit of an id: compression would write
    // such a part only once.
    assert!(holds(folder, b"Quartzvowjiz") && holds(folder, b"sphinxmudgeluz"));
    let head = desk.erase(ada).await;
    running.reader.wait_for_shredding(head, PATIENCE).await.expect("gone in time");
    assert!(!holds(folder, b"Quartzvowjiz") && !holds(folder, b"sphinxmudgeluz"));
    assert_eq!((running.count("refund"), running.count("sphinxmudgeluz")), (2, 0));
    running.reader.rebuild().await.expect("a new generation");
    assert_eq!((running.count("refund"), running.count("sphinxmudgeluz")), (2, 0));
    let verification = verify(&running.reader, &desk.log).await.expect("a comparison");
    assert_eq!(verification.differences, [""; 0]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_while_messages_come_in_loses_none() {
    let desk = Desk::new().await;
    let ada = desk.customer("Ada").await;
    let running = desk.run();
    for _ in 0..20 {
        desk.conversation(ada, "en", &["refund", "refund", "refund"]).await;
    }
    let reader = running.reader.clone();
    let rebuild = tokio::spawn(async move { reader.rebuild().await });
    let mut head = 0;
    for _ in 0..20 {
        head = desk.conversation(ada, "en", &["refund"]).await;
    }
    rebuild.await.expect("no panic").expect("a new generation");
    running.reader.wait_for(head, PATIENCE).await.expect("found in time");
    assert_eq!(running.count("refund"), 80);
    let verification = verify(&running.reader, &desk.log).await.expect("a comparison");
    assert_eq!(verification.differences, [""; 0]);
    running.stop().await;
}
