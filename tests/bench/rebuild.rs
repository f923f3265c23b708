//! Building anew from a million messages: all SQL projections, then the search index, then
//! searching it, then how fast a new event is found, then a start and its memory.

use std::time::{Duration, Instant};

use allhours_api::tenant::tenant_id;
use allhours_eventstore::{log::Log, pg::PgLog};
use allhours_projections::{
    rebuild::rebuild,
    search::{Audience, SearchIndex, SearchReader, SearchRequest},
};

use hdrhistogram::Histogram;
use tokio_util::sync::CancellationToken;

use crate::{
    bare_index::BareIndex,
    figures::{Figure, histogram, quantile_ms, record},
    history::{self, TENANT, per_second},
    place::Place,
    startup,
};

const SEARCHES: u64 = 5_000;
/// How many new messages are waited for, and how long at most for each.
const NEW_MESSAGES: u64 = 200;
const VISIBLE_MAX: Duration = Duration::from_secs(10);

/// Rebuild and search. `BENCH_MESSAGES` makes the history smaller for a quick look.
pub async fn run() -> Vec<Figure> {
    let messages = std::env::var("BENCH_MESSAGES").ok().and_then(|it| it.parse().ok());
    let conversations = messages.unwrap_or(1_000_000) / history::MESSAGES;
    let place = Place::start().await;
    let log = place.log().await;
    history::write(&log, conversations).await;
    let read = read_rate(&log).await;
    let mut figures = vec![projections(&place, &log, conversations, read).await];
    let folder = place.folder.path().join("bare");
    let mut bare = BareIndex::build(&folder, conversations);
    let (bare_searches, bare_commits) = (bare.searches(SEARCHES), bare.commits());
    let bare_per_s = bare.documents_per_s;
    bare.end();
    std::fs::remove_dir_all(folder).expect("the folder is ours");
    let folder = place.data().join("search");
    let mut index = SearchIndex::open(&folder).expect("the folder is ours");
    figures.push(documents(&mut index, &log, conversations, bare_per_s).await);
    figures.push(searches(&index.reader(), conversations, &bare_searches).await);
    figures.push(visible(index, &log, conversations, &bare_commits).await);
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

async fn documents(index: &mut SearchIndex, log: &PgLog, conversations: u64, bare: f64) -> Figure {
    let started = Instant::now();
    index.catch_up(log).await.expect("the index can be built");
    let documents = conversations * history::MESSAGES;
    let rate = per_second(documents, started);
    Figure {
        what: format!("build of the search index, {documents} messages, texts unsealed"),
        ours: format!("{rate:.0} documents/s"),
        peer: format!("tantivy alone, the same texts in one field: {bare:.0} documents/s"),
        ratio: Some(rate / bare),
        goal: ">= 15,000 documents/s",
        met: rate >= 15_000.0,
    }
}

async fn searches(reader: &SearchReader, conversations: u64, bare: &Histogram<u64>) -> Figure {
    let mut seen = histogram();
    let mut hits = 0;
    for number in 0..SEARCHES {
        let mut request =
            SearchRequest::new(tenant_id(TENANT), Audience::Staff, history::two_words(number));
        request.first = 20;
        let begun = Instant::now();
        let page = reader.search(request).await.expect("the index answers");
        record(&mut seen, begun.elapsed());
        hits += page.hits.len();
    }
    assert!(hits > 0, "searches for words that were written find something");
    let (p50, p99) = (quantile_ms(&seen, 0.5), quantile_ms(&seen, 0.99));
    let bare_p99 = quantile_ms(bare, 0.99);
    let messages = conversations * history::MESSAGES;
    Figure {
        what: format!(
            "search, two words, in the tenant that has nine tenths of {messages} messages, \
             {SEARCHES} searches"
        ),
        ours: format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
        peer: format!(
            "tantivy alone, no tenants, no highlights: p50 {:.2} ms, p99 {bare_p99:.2} ms",
            quantile_ms(bare, 0.5)
        ),
        ratio: Some(p99 / bare_p99),
        goal: "p99 <= 10 ms",
        met: p99 <= 10.0,
    }
}

/// From the commit of a message to the first search that finds it, while the index follows the
/// log as the program has it do.
async fn visible(
    index: SearchIndex,
    log: &PgLog,
    conversations: u64,
    bare: &Histogram<u64>,
) -> Figure {
    let reader = index.reader();
    let stop = CancellationToken::new();
    let following = tokio::spawn(index.run(log.clone(), stop.clone()));
    let mut seen = histogram();
    for number in 0..NEW_MESSAGES {
        let word = history::write_new(log, conversations + number).await;
        let committed = Instant::now();
        let mut found = 0;
        while found == 0 {
            assert!(committed.elapsed() < VISIBLE_MAX, "{word} is not found");
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut request = SearchRequest::new(tenant_id(TENANT), Audience::Staff, word.clone());
            request.first = 1;
            found = reader.search(request).await.expect("the index answers").hits.len();
        }
        record(&mut seen, committed.elapsed());
    }
    stop.cancel();
    following.await.expect("it ends").expect("it ends well");
    let (p50, p99) = (quantile_ms(&seen, 0.5), quantile_ms(&seen, 0.99));
    let (most, bare_most) = (quantile_ms(&seen, 1.0), quantile_ms(bare, 1.0));
    let messages = conversations * history::MESSAGES;
    Figure {
        what: format!("commit to found, {messages} messages indexed, {NEW_MESSAGES} new ones"),
        ours: format!("p50 {p50:.0} ms, p99 {p99:.0} ms, max {most:.0} ms"),
        peer: format!(
            "tantivy alone, add one, commit, reload: p50 {:.0} ms, max {bare_most:.0} ms",
            quantile_ms(bare, 0.5)
        ),
        ratio: Some(most / bare_most),
        goal: "visible <= 250 ms after the commit",
        met: most <= 250.0,
    }
}
