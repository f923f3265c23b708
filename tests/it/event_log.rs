//! The log in PostgreSQL: the contract, and what only shows where several write at once.

use allhours_eventstore::{
    keys::MasterKey,
    pg::{PgLog, PgLogOptions},
};
use allhours_tests::database::{TestDatabase, database};

async fn log_on(database: &TestDatabase, key: &MasterKey) -> PgLog {
    let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
    PgLog::start((**database).clone(), key.clone(), options).await.expect("the log starts")
}

async fn fresh() -> (PgLog, TestDatabase) {
    let database = database().await;
    let key = MasterKey::generate().expect("a random source");
    (log_on(&database, &key).await, database)
}

mod contract {
    use super::fresh;

    allhours_eventstore::contract_suite!(fresh());
}
