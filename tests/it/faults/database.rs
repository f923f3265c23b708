//! PostgreSQL killed, restarted and cut off under load: the desk comes back by itself.

use std::time::Duration;

use super::{
    postgres::{Postgres, connect_inside, first_process},
    writer::{Load, Writer, assert_each_stands_once, assert_troubles_are_typed, settle_all},
};
use crate::process::{Place, Served, home, signal, wait_until};

const WRITERS: usize = 8;
const KILLS: usize = 4;
const RESTARTS: usize = 3;
const STORMS: usize = 10;
const BACK_MAX: Duration = Duration::from_secs(30);
/// What a caller may be told while the database is away, or when too many write at once.
const TYPED: [&str; 2] = ["UNAVAILABLE", "CONFLICT"];

async fn finish(place: &Place, server: Served, before: &[i64], writers: &[Writer]) {
    assert_troubles_are_typed(writers, &TYPED);
    let acknowledged: usize = writers.iter().map(|it| it.acknowledged.len()).sum();
    let troubles: u32 = writers.iter().flat_map(|it| it.troubles.values()).sum();
    assert!(acknowledged >= 100, "only {acknowledged} writes were made");
    assert!(troubles > 0, "nobody noticed that the database was away");
    assert_each_stands_once(place, before, writers).await;
    wait_until(BACK_MAX, || async {
        match server.ready().await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    place.verify().await;
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_killed_under_load_is_recovered_and_nothing_is_lost_or_doubled() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(WRITERS).await;
    let before = place.notes().await;
    let load = Load::begin(Writer::for_each(&conversations), &caller);
    for kill in 0..KILLS {
        load.goes_on(30).await;
        let postgres = first_process(place.data());
        let victim = if kill % 2 == 0 {
            postgres
        } else {
            // A session that dies takes all others with it: the server cannot trust its memory.
            let client = connect_inside(place.data()).await;
            let of = "select pid from pg_stat_activity
                where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1";
            let row = client.query_one(of, &[]).await.expect("the program is connected");
            u32::try_from(row.get::<_, i32>(0)).expect("a number")
        };
        signal(victim, "KILL").await;
    }
    load.goes_on(30).await;
    let mut writers = load.end().await;
    settle_all(&mut writers, &caller).await;
    finish(&place, server, &before, &writers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_of_ones_own_may_restart_and_cut_sessions_under_load() {
    let home = home();
    let postgres = Postgres::start(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("data")).on(&postgres.url());
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(WRITERS).await;
    let before = place.notes().await;
    let load = Load::begin(Writer::for_each(&conversations), &caller);
    for _ in 0..RESTARTS {
        load.goes_on(30).await;
        postgres.restart().await;
    }
    load.goes_on(30).await;
    let administrator = postgres.connect().await;
    let storm = "select pg_terminate_backend(pid) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()";
    for _ in 0..STORMS {
        let ended = administrator.query(storm, &[]).await.expect("an administrator may");
        assert!(!ended.is_empty(), "nobody was connected");
        // They are back and at work before the next one.
        load.goes_on(10).await;
    }
    load.goes_on(30).await;
    let mut writers = load.end().await;
    settle_all(&mut writers, &caller).await;
    finish(&place, server, &before, &writers).await;
    postgres.stop().await;
}
