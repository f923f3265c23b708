//! What is acknowledged survives every fault, and nothing happens twice.
//!
//! Real processes on a durable PostgreSQL of their own, by `crate::process`: `work` is a desk at
//! work, and what must hold of it after each fault; `writer` writes notes and remembers what was
//! acknowledged and what nobody knows, `follower` follows, `provider` delivers; `postgres` is a
//! database beside the program.

mod answers;
mod corrupt;
mod database;
mod disk;
mod follower;
mod goodbyes;
mod input;
mod keys;
mod postgres;
mod provider;
mod race;
mod replication;
mod restoring;
mod socket;
mod stopping;
mod subscribers;
mod watching;
mod work;
mod writer;

use crate::process::{Place, home};
use work::Work;

const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_twenty_times_under_load_keeps_every_invariant_each_time() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let mut server = place.serve(&["--demo"]).await;
    let mut work = Work::of(&server).await;
    for kill in 0..KILLS {
        let busy = work.begin(&server);
        // Spread over the first writes of each life; a fixed sequence, so a failure repeats.
        busy.goes_on(5 + kill * 37 % 30).await;
        server.kill().await;
        work = busy.gone().await;
        server = place.serve(&[]).await;
        work.all_holds(&server).await;
    }

    work.was_no_holiday(KILLS);
    let returns = work.returns();
    assert!(returns >= KILLS, "those who follow came back {returns} times only");
    server.stop().await;
    place.verify().await;
}
