//! Starting on existing data: how soon the desk is ready, and how much memory it ever holds, at
//! rest and while it is asked.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use allhours_eventstore::{
    database::{Database, DatabaseOptions},
    embedded::{EmbeddedOptions, Server},
};
use serde_json::json;

use crate::{
    figures::Figure,
    history::{self, TENANT},
    load::{self, Requests},
    place::Place,
    served::Served,
};

const CONNECTIONS: usize = 64;
const ASKED_FOR: Duration = Duration::from_secs(10);

const LIST: &str = "{ conversations(first: 50) { nodes { id status lastMessage { text } \
                    customer { id } } } }";
const SEARCH: &str = "query ($text: String!) { search(text: $text, first: 20) { totalCount hits { messageId snippet { text } } } }";

/// On the history that the rebuild left behind, whose server has been stopped.
pub async fn run(place: Place, events: u64) -> Vec<Figure> {
    let data = place.data();
    let _folder = place.stop_server().await;
    let database_s = database_alone(&data).await;
    let (empty_s, empty_mb) = nothing_in_it().await;
    let served = Served::start(&data, &[]).await;
    let ready_s = served.ready_after.as_secs_f64();
    // Long enough for every follower to come to rest.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let at_rest_mb = served.memory_mb_max();
    let token = served.token_of(TENANT, "supervisor").await;
    let asked = load::run(served.address, &token, CONNECTIONS, ASKED_FOR, requests()).await;
    let memory_mb = served.memory_mb_max();
    served.stop().await;
    let (answered, failed) = (asked.answered, asked.failed);
    let failure = asked.first_failure.unwrap_or_default();
    vec![
        Figure {
            what: format!("ready after the start of the process, {events} events"),
            ours: format!("{ready_s:.2} s"),
            peer: format!(
                "its PostgreSQL alone, until it answers: {database_s:.2} s; \
                 an empty data directory that is known: {empty_s:.2} s"
            ),
            ratio: Some(ready_s / database_s),
            goal: "<= 2 s",
            met: ready_s <= 2.0,
        },
        Figure {
            what: format!(
                "peak memory of the serving process, {events} events, {answered} lists of 50 and \
                 searches by {CONNECTIONS} connections, {failed} errors {failure}"
            ),
            ours: format!("{memory_mb:.0} MB ({at_rest_mb:.0} MB before it was asked)"),
            peer: format!("with no events, never asked: {empty_mb:.0} MB"),
            ratio: Some(memory_mb / empty_mb),
            goal: "<= 400 MB",
            met: memory_mb <= 400.0 && failed == 0,
        },
    ]
}

/// How long the database of the desk takes by itself, in seconds.
async fn database_alone(data: &Path) -> f64 {
    let started = Instant::now();
    let server = Server::start_or_attach(&EmbeddedOptions::new(data)).await.expect("it starts");
    let database = Database::connect(server.config(), DatabaseOptions::default()).await;
    drop(database.expect("it answers"));
    let took_s = started.elapsed().as_secs_f64();
    server.stop().await.expect("it stops");
    took_s
}

/// How long a desk without any event takes at its second start, in seconds, and its memory in MB.
async fn nothing_in_it() -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Served::start(folder.path(), &[]).await.stop().await;
    let served = Served::start(folder.path(), &[]).await;
    let seen = (served.ready_after.as_secs_f64(), served.memory_mb_max());
    served.stop().await;
    seen
}

/// Lists and searches in turn.
fn requests() -> Requests {
    Arc::new(|number| {
        let list = json!({ "query": LIST });
        let text = history::two_words(number);
        let search = json!({ "query": SEARCH, "variables": { "text": text } });
        if number.is_multiple_of(2) { list } else { search }.to_string()
    })
}
