//! A commit that a standby was to confirm, and nobody waited for: it is acknowledged to nobody.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::{
    postgres::Postgres,
    writer::{Trouble, Writer, assert_each_stands_once, settle_all},
};
use crate::process::{Place, home};

/// Gives up every wait for the standby, as an administrator in a hurry does.
const GIVE_UP: &str = "select pg_cancel_backend(pid) from pg_stat_activity
    where wait_event = 'SyncRep'";
const TRIES: usize = 3;

async fn hurry(administrator: Client, stop: CancellationToken) -> (Client, usize) {
    let mut given_up = 0;
    while !stop.is_cancelled() {
        let rows = administrator.query(GIVE_UP, &[]).await.expect("an administrator may");
        given_up += rows.len();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (administrator, given_up)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_no_standby_has_confirmed_is_not_acknowledged_until_one_has() {
    let home = home();
    let postgres = Postgres::start(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("data")).on(&postgres.url());
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(TRIES).await;
    let before = place.notes().await;
    let mut writers = Writer::for_each(&conversations);
    let administrator = postgres.connect().await;
    let head = "select max(position) from events";
    let head = administrator.query_one(head, &[]).await.expect("a log").get::<_, i64>(0);
    let set = "alter system set synchronous_standby_names = 'absent'";
    administrator.execute(set, &[]).await.expect("an administrator may");
    administrator.execute("select pg_reload_conf()", &[]).await.expect("an administrator may");

    let stop = CancellationToken::new();
    let hurrying = tokio::spawn(hurry(administrator, stop.clone()));
    for writer in &mut writers {
        let written = writer.write(&caller).await;
        assert_eq!(written, Err(Trouble::Told("UNAVAILABLE".to_owned())));
    }
    stop.cancel();
    let (administrator, given_up) = hurrying.await.expect("the administrator goes on");
    assert!(given_up >= TRIES, "only {given_up} waits were given up");
    // The primary has them all the same: this is what must not be told to anybody yet.
    let standing = "select count(*) from events where name = 'conversation.note_added'
        and position > $1";
    let row = administrator.query_one(standing, &[&head]).await.expect("reads wait for nobody");
    // One at least; after it, the appender may not begin again before a standby has confirmed.
    assert!((1..=i64::try_from(TRIES).expect("few")).contains(&row.get::<_, i64>(0)));

    let reset = "alter system reset synchronous_standby_names";
    administrator.execute(reset, &[]).await.expect("an administrator may");
    administrator.execute("select pg_reload_conf()", &[]).await.expect("an administrator may");
    settle_all(&mut writers, &caller).await;
    assert_each_stands_once(&place, &before, &writers).await;
    place.verify().await;
    server.stop().await;
    postgres.stop().await;
}
