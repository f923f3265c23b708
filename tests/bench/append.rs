//! Appending: raw events, and whole commands with sealed texts, beside pgbench's bare INSERT.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use allhours_api::{
    clock,
    desk::{CommandContext, Desk},
};
use allhours_domain::{
    actor::Actor,
    article::event::Revised,
    catalogue::AnyEvent,
    conversation::{
        Conversation, ConversationCommand,
        command::{AddNote, Open},
    },
    ids::{
        AgentId, CommandId, ConversationId, CorrelationId, CustomerId, EventId, MessageId, TenantId,
    },
    text::{ArticleBody, Language, MessageText, Name},
    words::{Channel, Priority, Tier},
};
use allhours_eventstore::{
    append::{Append, StreamAppend},
    log::Log,
    pg::PgLog,
    recorded::{StreamId, StreamType},
};
use hdrhistogram::Histogram;
use uuid::Uuid;

use crate::{
    figures::{Figure, histogram, quantile_ms, record},
    pgbench::{self, Bare},
    place::Place,
};

const TENANT: TenantId = TenantId(Uuid::from_u128(7));
const EVENTS_A_STREAM: i32 = 10;

struct Seen {
    events_per_s: f64,
    latency: Histogram<u64>,
}

/// Raw appends and whole commands at 64 writers, and one writer alone.
pub async fn run(seconds: u64) -> Vec<Figure> {
    let place = Place::start().await;
    let time = Duration::from_secs(seconds);
    let config = place.server.config();
    let bare = pgbench::run(&Place::programs(), &config, 64, seconds).await;
    let raw = raw(&place.log().await, 64, time).await;
    let whole = whole(&place.log().await, 64, time).await;
    let bare_alone = pgbench::run(&Place::programs(), &config, 1, seconds).await;
    let alone = self::raw(&place.log().await, 1, time).await;
    drop(place.stop_server().await);
    let rate =
        |what: &str, seen: &Seen, goal, least: f64| throughput(what, seen, &bare, goal, least);
    vec![
        rate("raw append, 64 writers", &raw, ">= 2 x", 2.0),
        rate(
            "whole command (load, decide, append; sealed text), 64 writers",
            &whole,
            ">= 0.8 x",
            0.8,
        ),
        latency(&alone, &bare_alone),
    ]
}

fn throughput(what: &str, seen: &Seen, bare: &Bare, goal: &'static str, least: f64) -> Figure {
    let ratio = seen.events_per_s / bare.events_per_s;
    let (p50, p99) = (quantile_ms(&seen.latency, 0.5), quantile_ms(&seen.latency, 0.99));
    Figure {
        what: what.to_owned(),
        ours: format!("{:.0} events/s (p50 {p50:.2} ms, p99 {p99:.2} ms)", seen.events_per_s),
        peer: format!("pgbench, one INSERT a transaction: {:.0}/s", bare.events_per_s),
        ratio: Some(ratio),
        goal,
        met: ratio >= least,
    }
}

fn latency(seen: &Seen, bare: &Bare) -> Figure {
    let p50 = quantile_ms(&seen.latency, 0.5);
    let ratio = p50 / bare.p50_ms;
    Figure {
        what: "raw append, one writer, p50".to_owned(),
        ours: format!("{p50:.3} ms ({:.0} events/s)", seen.events_per_s),
        peer: format!("pgbench: {:.3} ms ({:.0}/s)", bare.p50_ms, bare.events_per_s),
        ratio: Some(ratio),
        goal: "<= 1.5 x",
        met: ratio <= 1.5,
    }
}

/// Writers append one event a command to streams of their own, ten events a stream.
async fn raw(log: &PgLog, writers: u32, time: Duration) -> Seen {
    let body = ArticleBody::new(pgbench::body()).expect("the body fits");
    let run = |log: PgLog| {
        let body = body.clone();
        async move {
            let mut seen = histogram();
            let mut version = 0;
            let mut stream = clock::new_id();
            let started = Instant::now();
            while started.elapsed() < time {
                let append = append(stream, version, &body);
                let begun = Instant::now();
                log.append(append).await.unwrap_or_else(|error| panic!("append: {error:?}"));
                record(&mut seen, begun.elapsed());
                version += 1;
                if version == EVENTS_A_STREAM {
                    (version, stream) = (0, clock::new_id());
                }
            }
            seen
        }
    };
    gather((0..writers).map(|_| tokio::spawn(run(log.clone()))).collect(), time).await
}

fn append(stream: Uuid, version: i32, body: &ArticleBody) -> Append {
    let at = clock::now();
    let event = AnyEvent::Article(
        Revised {
            locale: Language::new("en").expect("a language"),
            title: Name::new("Delivery").expect("a name"),
            body: body.clone(),
            author: AgentId(Uuid::from_u128(1)),
        }
        .into(),
    );
    Append {
        tenant: TENANT,
        command_id: CommandId(clock::new_id()),
        request_hash: [1; 32],
        correlation_id: CorrelationId(Uuid::from_u128(2)),
        causation_id: None,
        follows_first: false,
        traceparent: None,
        actor: Actor::System("bench".to_owned()),
        occurred_at: at,
        recorded_at: at,
        streams: vec![StreamAppend {
            stream: StreamId { stream_type: StreamType("article"), id: stream },
            expected_version: version,
            events: vec![(EventId(clock::new_id()), event)],
        }],
        shred_events: vec![],
        forget_subjects: vec![],
    }
}

/// Writers add notes, about the length of the bare INSERT's text, to conversations of their own.
async fn whole(log: &PgLog, writers: u32, time: Duration) -> Seen {
    let desk = Arc::new(Desk::new(log.clone()));
    let mut tasks = Vec::new();
    for _ in 0..writers {
        let desk = desk.clone();
        tasks.push(tokio::spawn(async move {
            let mut seen = histogram();
            let agent = AgentId(clock::new_id());
            let started = Instant::now();
            let mut conversation = open(&desk).await;
            let mut notes = 0;
            while started.elapsed() < time {
                let begun = Instant::now();
                add_note(&desk, conversation, agent).await;
                record(&mut seen, begun.elapsed());
                notes += 1;
                if notes % EVENTS_A_STREAM == 0 {
                    conversation = open(&desk).await;
                }
            }
            seen
        }));
    }
    gather(tasks, time).await
}

async fn open(desk: &Desk<PgLog>) -> ConversationId {
    let id = ConversationId(clock::new_id());
    let open = ConversationCommand::Open(Open {
        id,
        customer: CustomerId(clock::new_id()),
        channel: Channel::Email,
        subject: None,
        language: None,
        tier: Tier::Standard,
        priority: Priority::Normal,
        team: None,
    });
    execute(desk, id, open).await;
    id
}

async fn add_note(desk: &Desk<PgLog>, id: ConversationId, agent: AgentId) {
    let note = ConversationCommand::AddNote(AddNote {
        message: MessageId(clock::new_id()),
        agent,
        text: MessageText::new(pgbench::body()).expect("the text fits"),
        mentions: vec![],
    });
    execute(desk, id, note).await;
}

async fn execute(desk: &Desk<PgLog>, id: ConversationId, command: ConversationCommand) {
    let context = CommandContext::now(TENANT, Actor::System("bench".to_owned()));
    desk.execute::<Conversation>(&context, id, command, None)
        .await
        .unwrap_or_else(|error| panic!("command: {error:?}"));
}

/// Writes for a time, for benchmarks that look at something else.
pub async fn write(log: &PgLog, writers: u32, time: Duration) {
    raw(log, writers, time).await;
}

async fn gather(tasks: Vec<tokio::task::JoinHandle<Histogram<u64>>>, time: Duration) -> Seen {
    let mut latency = histogram();
    for task in tasks {
        latency.add(task.await.expect("a writer ends")).expect("histograms of one shape");
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of some seconds fits")]
    let events_per_s = latency.len() as f64 / time.as_secs_f64();
    Seen { events_per_s, latency }
}
