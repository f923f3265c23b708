//! A history to measure on: conversations of ten messages each, in words of a Zipf vocabulary.
//!
//! Made of a fixed seed, so that every run writes the same texts. 13 events a conversation. Every
//! tenth conversation is another tenant's, so that a search has something to leave out.

use std::time::Instant;

use allhours_api::tenant::tenant_id;
use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    conversation::{
        ConversationEvent,
        event::{AgentReplied, Claimed, CustomerMessageReceived, Opened, Resolved},
    },
    desk::{self, event::DeskSettings},
    ids::{
        AgentId, CommandId, ConversationId, CorrelationId, CustomerId, EventId, MessageId, TenantId,
    },
    personal::Personal,
    text::{Language, Name},
    words::{Channel, Priority, ResolutionKind, Tier},
};
use allhours_eventstore::{
    append::{Append, StreamAppend},
    log::Log,
    pg::PgLog,
    recorded::{StreamId, StreamType},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Whose history it is, by name.
pub const TENANT: &str = "bench";
/// Whose the rest is.
const OTHER: &str = "other";
/// Every so many conversations there is one of the other tenant.
const OTHERS_EVERY: u64 = 10;
/// Messages of one conversation.
pub const MESSAGES: u64 = 10;
/// Events of one conversation.
pub const EVENTS: u64 = MESSAGES + 3;

const VOCABULARY: u64 = 50_000;
const WORDS_A_MESSAGE: u64 = 15;
const CUSTOMERS_SHARE: u64 = 5;

/// A small generator (xorshift64*, Vigna 2016): repeatable, and good enough to pick words.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A rank from 0, about as Zipf's law has it: the logarithm of the rank is even.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank below 50,000"
    )]
    fn rank(&mut self) -> u64 {
        let even = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (VOCABULARY as f64).powf(even) as u64 - 1
    }
}

/// The word of a rank: syllables that no stemmer shortens.
fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ko", "mi", "tu", "ra", "no", "ve", "lo", "pa", "zi", "du", "ga", "fo", "ki", "wa",
        "hu",
    ];
    let mut left = rank + 16;
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES[usize::try_from(left % 16).expect("below 16")]);
        left /= 16;
    }
    word
}

/// Opens the desks, and appends `conversations`, many at a time.
pub async fn write(log: &PgLog, conversations: u64) {
    for tenant in [TENANT, OTHER] {
        log.append(desk(tenant)).await.unwrap_or_else(|error| panic!("history: {error:?}"));
    }
    let appends = stream::iter(0..conversations).map(|number| {
        let log = log.clone();
        async move {
            let append = conversation(number);
            log.append(append).await.unwrap_or_else(|error| panic!("history: {error:?}"));
        }
    });
    appends.buffer_unordered(128).collect::<()>().await;
}

/// Appends one more conversation. Answers a word that only its messages hold.
pub async fn write_new(log: &PgLog, number: u64) -> String {
    let word = new_word(number);
    let append = conversation_of(TENANT, number, Some(&word));
    log.append(append).await.unwrap_or_else(|error| panic!("history: {error:?}"));
    word
}

/// A word that no message of the history holds.
pub fn new_word(number: u64) -> String {
    word(VOCABULARY + number)
}

/// The texts of a conversation's messages.
pub fn texts(number: u64) -> impl Iterator<Item = String> {
    let mut chance = chance_of(number);
    (0..MESSAGES).map(move |_| text(&mut chance))
}

/// A rate over the time since then.
#[expect(clippy::cast_precision_loss, reason = "counts of some millions fit")]
pub fn per_second(count: u64, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}

fn chance_of(number: u64) -> Chance {
    Chance(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
}

fn conversation(number: u64) -> Append {
    let tenant = if number % OTHERS_EVERY == OTHERS_EVERY - 1 { OTHER } else { TENANT };
    conversation_of(tenant, number, None)
}

fn conversation_of(tenant: &str, number: u64, word: Option<&str>) -> Append {
    let id = ConversationId(Uuid::from_u128(u128::from(number) + (1 << 64)));
    let customer = CustomerId(Uuid::from_u128(u128::from(number / CUSTOMERS_SHARE) + (2 << 64)));
    let agent = AgentId(Uuid::from_u128(u128::from(number % 40) + (3 << 64)));
    let begun = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000);
    let at = begun + SignedDuration::from_secs(i64::try_from(number).expect("few") * 60);
    let mut events = vec![opened(id, customer, number), Claimed { agent }.into()];
    for (turn, mut text) in (0..).zip(texts(number)) {
        text.extend(word.map(|word| format!(" {word}")));
        let text = Personal::about(customer, text);
        let message = MessageId(Uuid::from_u128(u128::from(number * MESSAGES + turn) + (4 << 64)));
        events.push(message_of(turn, message, text, agent));
    }
    let kind = ResolutionKind::Confirmed;
    events.push(Resolved { kind, episode: 1, at }.into());
    let events = events.into_iter().enumerate().map(|(index, event)| {
        let id = u128::from(number * EVENTS) + index as u128 + (5 << 64);
        (EventId(Uuid::from_u128(id)), AnyEvent::Conversation(event))
    });
    let stream = StreamId { stream_type: StreamType("conversation"), id: id.0 };
    let command = Uuid::from_u128(u128::from(number) + (6 << 64));
    append(tenant_id(tenant), command, at, stream, events.collect())
}

fn desk(name: &str) -> Append {
    let tenant = tenant_id(name);
    let settings = DeskSettings {
        name: Name::new(name).expect("a name"),
        default_language: Language::new("en").expect("a language"),
        reopen_within_hours: 72,
    };
    let stream = StreamId { stream_type: StreamType("desk"), id: tenant.0 };
    let opened = AnyEvent::Desk(desk::event::Opened { settings }.into());
    append(tenant, tenant.0, Timestamp::UNIX_EPOCH, stream, vec![(EventId(tenant.0), opened)])
}

fn append(
    tenant: TenantId,
    command: Uuid,
    at: Timestamp,
    stream: StreamId,
    events: Vec<(EventId, AnyEvent)>,
) -> Append {
    Append {
        tenant,
        command_id: CommandId(command),
        request_hash: [0; 32],
        correlation_id: CorrelationId(command),
        causation_id: None,
        follows_first: false,
        traceparent: None,
        actor: Actor::System("bench".to_owned()),
        occurred_at: at,
        recorded_at: at,
        streams: vec![StreamAppend { stream, expected_version: 0, events }],
        shred_events: vec![],
        forget_subjects: vec![],
    }
}

fn opened(id: ConversationId, customer: CustomerId, number: u64) -> ConversationEvent {
    let priority = if number.is_multiple_of(10) { Priority::High } else { Priority::Normal };
    Opened {
        conversation: id,
        customer,
        channel: Channel::Chat,
        subject: None,
        language: Language::new("en").ok(),
        tier: Tier::Standard,
        priority,
        team: None,
    }
    .into()
}

fn message_of(turn: u64, message: MessageId, text: Personal, agent: AgentId) -> ConversationEvent {
    let channel = Channel::Chat;
    if turn.is_multiple_of(2) {
        let language = Language::new("en").ok();
        CustomerMessageReceived { message, text, channel, language, intake: None }.into()
    } else {
        AgentReplied { message, agent, text, channel }.into()
    }
}

fn text(chance: &mut Chance) -> String {
    let words: Vec<String> = (0..WORDS_A_MESSAGE).map(|_| word(chance.rank())).collect();
    words.join(" ")
}

/// Two words that were often written, for the n-th search: ranks 20 to 2,000.
pub fn two_words(number: u64) -> String {
    let mut chance = Chance(number.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
    let mut rank = || 20 + chance.next() % 1_980;
    format!("{} {}", word(rank()), word(rank()))
}
