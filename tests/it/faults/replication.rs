//! A commit that a standby was to confirm, and nobody waited for: it is acknowledged to nobody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

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

/// A commit that writes something and changes nothing.
const PROBE: &str = "select pg_logical_emit_message(true, 'probe', '')";

async fn hurry(administrator: Client, given_up: Arc<AtomicUsize>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let rows = administrator.query(GIVE_UP, &[]).await.expect("an administrator may");
        given_up.fetch_add(rows.len(), Ordering::AcqRel);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until commits wait: a server takes in a changed setting some time after it was told to.
async fn commits_wait(administrator: &Client, given_up: &AtomicUsize) {
    let waits = async {
        while given_up.load(Ordering::Acquire) == 0 {
            administrator.execute(PROBE, &[]).await.expect("an administrator may");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits).await.expect("commits wait at last");
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
    let given_up = Arc::new(AtomicUsize::new(0));
    let hurrying =
        tokio::spawn(hurry(postgres.connect().await, Arc::clone(&given_up), stop.clone()));
    commits_wait(&administrator, &given_up).await;
    let before_writing = given_up.load(Ordering::Acquire);
    for writer in &mut writers {
        let written = writer.write(&caller).await;
        assert_eq!(written, Err(Trouble::Told("UNAVAILABLE".to_owned())));
    }
    stop.cancel();
    hurrying.await.expect("the administrator goes on");
    let given_up = given_up.load(Ordering::Acquire) - before_writing;
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
