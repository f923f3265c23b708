//! Read tables: always what the log says, whoever moves them and whatever happens meanwhile.

mod faults;
mod live;
mod past;
mod persons;
mod plans;
mod rebuild;
mod rows;

use std::time::Duration;

use allhours_eventstore::{
    keys::MasterKey,
    pg::{PgLog, PgLogOptions},
    recorded::Position,
};
use allhours_projections::{
    runner::{Runner, RunnerOptions},
    verify::{Verified, verify},
};
use allhours_tests::{
    database::{TestDatabase, database},
    history::History,
};

const LONG: Duration = Duration::from_mins(1);

/// A log in a database of its own.
async fn desk() -> (TestDatabase, PgLog) {
    let database = database().await;
    let keys = MasterKey::generate().expect("a key");
    let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
    let log = PgLog::start((*database).clone(), keys, options).await.expect("a log");
    (database, log)
}

async fn runner(database: &TestDatabase, log: &PgLog, batch_events_max: usize) -> Runner<PgLog> {
    let options = RunnerOptions { batch_events_max, ..RunnerOptions::default() };
    Runner::start((**database).clone(), log.clone(), options).await.expect("a runner")
}

/// Lets the projections come to a position, and stops.
async fn follow(database: &TestDatabase, log: &PgLog, position: Position) {
    let runner = runner(database, log, 1_000).await;
    assert!(runner.wait_for(position, LONG).await.expect("progress"), "they come to {position}");
    runner.stop().await;
}

async fn verified(database: &TestDatabase, log: &PgLog) -> Vec<Verified> {
    verify(database, log, &mut |_| {}).await.expect("a comparison")
}

/// Every table says what the log says, up to this position.
async fn holds(database: &TestDatabase, log: &PgLog, position: Position) {
    for verified in verified(database, log).await {
        assert_eq!(verified.position, position, "{} is there", verified.name);
        assert!(verified.holds(), "{verified:#?}");
        assert!(verified.rows > 0, "{} has rows", verified.name);
    }
}

/// A log with a history of so many steps, and its last position.
async fn desk_with_history(
    seed: u64,
    steps: usize,
) -> (TestDatabase, PgLog, History<PgLog>, Position) {
    let (database, log) = desk().await;
    let mut history = History::new(log.clone(), seed);
    let position = history.go_on(steps).await;
    (database, log, history, position)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_prepares() {
    let (database, log) = desk().await;
    runner(&database, &log, 10).await.stop().await;
    let owner = database.owner().await.expect("a connection");
    let schemas: Vec<String> = allhours_projections::fold::ALL
        .iter()
        .map(|projection| allhours_projections::generations::schema(projection.name, 1))
        .collect();
    owner
        .batch_execute(&format!("set search_path to {}, public", schemas.join(", ")))
        .await
        .expect("a search path");
    for (name, statement) in allhours_projections::sql::ALL {
        let prepared = owner.prepare(statement).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}
