//! PostgreSQL killed, restarted and cut off under load: the desk comes back by itself.

use std::time::Duration;

use super::{
    postgres::{Postgres, connect_inside, first_process},
    work::Work,
};
use crate::process::{Place, Served, home, signal, wait_until};

const KILLS: usize = 4;
const RESTARTS: usize = 3;
const STORMS: usize = 10;
const BACK_MAX: Duration = Duration::from_secs(30);
/// It is ready again by itself, and all holds.
async fn is_back(work: &mut Work, server: &Served) {
    wait_until(BACK_MAX, || async {
        match server.ready().await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    work.all_holds(server).await;
}

async fn finish(work: &Work, server: Served, faults: usize) {
    work.was_no_holiday(faults);
    work.outages_were_told();
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_killed_under_load_is_recovered_and_nothing_is_lost_or_doubled() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let mut work = Work::of(&server).await;
    for kill in 0..KILLS {
        let busy = work.begin(&server);
        busy.goes_on(30).await;
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
        busy.goes_on(30).await;
        work = busy.end().await;
        is_back(&mut work, &server).await;
    }
    finish(&work, server, KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_of_ones_own_may_restart_and_cut_sessions_under_load() {
    let home = home();
    let postgres = Postgres::start(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("data")).on(&postgres.url());
    let server = place.serve(&["--demo"]).await;
    let mut work = Work::of(&server).await;
    for _ in 0..RESTARTS {
        let busy = work.begin(&server);
        busy.goes_on(30).await;
        postgres.restart().await;
        busy.goes_on(30).await;
        work = busy.end().await;
        is_back(&mut work, &server).await;
    }
    let administrator = postgres.connect().await;
    let storm = "select pg_terminate_backend(pid) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()";
    for _ in 0..STORMS {
        let busy = work.begin(&server);
        busy.goes_on(10).await;
        let ended = administrator.query(storm, &[]).await.expect("an administrator may");
        assert!(!ended.is_empty(), "nobody was connected");
        busy.goes_on(10).await;
        work = busy.end().await;
        is_back(&mut work, &server).await;
    }
    finish(&work, server, RESTARTS + STORMS).await;
    postgres.stop().await;
}
