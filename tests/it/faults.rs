//! What is acknowledged survives every fault, and nothing happens twice.
//!
//! Real processes on a durable PostgreSQL of their own, by `crate::process`: `writer` writes notes
//! and remembers what was acknowledged and what nobody knows, `postgres` is a
//! database beside the program.

mod corrupt;
mod database;
mod disk;
mod goodbyes;
mod input;
mod keys;
mod postgres;
mod race;
mod replication;
mod socket;
mod stopping;
mod subscribers;
mod watching;
mod writer;

use crate::process::{Place, home};
use writer::{Load, Writer, assert_each_stands_once, settle_all};

const KILLS: usize = 20;
const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_twenty_times_under_load_loses_and_doubles_nothing() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let mut server = place.serve(&["--demo"]).await;
    let mut caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(WRITERS).await;
    let before = place.notes().await;
    let mut writers = Writer::for_each(&conversations);
    for kill in 0..KILLS {
        let load = Load::begin(writers, &caller);
        // Spread over the first writes of each life; a fixed sequence, so a failure repeats.
        load.goes_on(5 + kill * 37 % 30).await;
        server.kill().await;
        writers = load.gone().await;
        server = place.serve(&[]).await;
        caller = server.caller_with(caller.token());
    }

    settle_all(&mut writers, &caller).await;
    let acknowledged: usize = writers.iter().map(|writer| writer.acknowledged.len()).sum();
    assert!(acknowledged >= 100, "only {acknowledged} writes were made");
    assert_each_stands_once(&place, &before, &writers).await;
    server.stop().await;
    place.verify().await;
}
