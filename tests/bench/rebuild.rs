//! Building anew from a million messages: all SQL projections, then the search index, then
//! searching it, then how fast a new event is found.

use std::time::Instant;

use allhours_eventstore::{log::Log, pg::PgLog};
use allhours_projections::{
    rebuild::rebuild,
    search::{Audience, SearchIndex, SearchReader, SearchRequest},
};

use crate::{
    figures::{Figure, histogram, quantile_ms, record},
    history::{self, TENANT},
    place::Place,
    startup,
};

const SEARCHES: u64 = 5_000;

/// Rebuild and search. `BENCH_MESSAGES` makes the history smaller for a quick look.
pub async fn run() -> Vec<Figure> {
    let messages = std::env::var("BENCH_MESSAGES").ok().and_then(|it| it.parse().ok());
    let conversations = messages.unwrap_or(1_000_000) / history::MESSAGES;
    let place = Place::start().await;
    let log = place.log().await;
    history::write(&log, conversations).await;
    let read = read_rate(&log).await;
    let mut figures = vec![projections(&place, &log, conversations, read).await];
    let folder = place.data().join("search");
    let mut index = SearchIndex::open(&folder).expect("the folder is ours");
    figures.push(documents(&mut index, &log, conversations).await);
    figures.push(searches(&index.reader(), conversations).await);
    drop(index);
    log.stop().await;
    figures.extend(startup::run(place, conversations * history::EVENTS).await);
    figures
}

/// The limit of any rebuild: reading the log in pages, without folding, events a second.
async fn read_rate(log: &PgLog) -> f64 {
    let started = Instant::now();
    let (mut position, mut events) = (0, 0);
    loop {
        let page = log.read(position, 5_000).await.expect("the log reads");
        let Some(last) = page.last() else { break };
        position = last.position;
        events += page.len();
    }
    per_second(events as u64, started)
}

#[expect(clippy::cast_precision_loss, reason = "counts of some millions fit")]
fn per_second(count: u64, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}

async fn projections(place: &Place, log: &PgLog, conversations: u64, read: f64) -> Figure {
    let database = place.database().await;
    let started = Instant::now();
    rebuild(&database, log, &[], &mut |_| {}).await.expect("the projections can be built");
    let events = conversations * history::EVENTS;
    let rate = per_second(events, started);
    Figure {
        what: format!("rebuild of all SQL projections from {events} events"),
        ours: format!("{rate:.0} events/s"),
        peer: format!("reading the log alone, in pages of 5,000: {read:.0} events/s"),
        ratio: Some(rate / read),
        goal: ">= 60,000 events/s",
        met: rate >= 60_000.0,
    }
}

async fn documents(index: &mut SearchIndex, log: &PgLog, conversations: u64) -> Figure {
    let started = Instant::now();
    index.catch_up(log).await.expect("the index can be built");
    let documents = conversations * history::MESSAGES;
    let rate = per_second(documents, started);
    Figure {
        what: format!("build of the search index, {documents} messages, texts unsealed"),
        ours: format!("{rate:.0} documents/s"),
        peer: String::new(),
        ratio: None,
        goal: ">= 15,000 documents/s",
        met: rate >= 15_000.0,
    }
}

async fn searches(reader: &SearchReader, conversations: u64) -> Figure {
    let mut seen = histogram();
    let mut hits = 0;
    for number in 0..SEARCHES {
        let mut request = SearchRequest::new(TENANT, Audience::Staff, history::two_words(number));
        request.first = 20;
        let begun = Instant::now();
        let page = reader.search(request).await.expect("the index answers");
        record(&mut seen, begun.elapsed());
        hits += page.hits.len();
    }
    assert!(hits > 0, "searches for words that were written find something");
    let (p50, p99) = (quantile_ms(&seen, 0.5), quantile_ms(&seen, 0.99));
    let messages = conversations * history::MESSAGES;
    Figure {
        what: format!("search, two words, one tenant, {messages} messages, {SEARCHES} searches"),
        ours: format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
        peer: String::new(),
        ratio: None,
        goal: "p99 <= 10 ms",
        met: p99 <= 10.0,
    }
}
