//! The log in PostgreSQL: the contract, and what only shows where several write at once, where
//! a connection dies, or where somebody tampers.

mod faults;
mod guards;
mod keys;
mod races;

use allhours_eventstore::{
    append::{Append, Receipt},
    error::LogError,
    keys::{MasterKey, MasterKeys},
    log::Log,
    pg::{PgLog, PgLogOptions},
    verify::{Rule, Verified, verify},
};
use allhours_tests::database::{TestDatabase, database};

async fn log_on(database: &TestDatabase, keys: impl Into<MasterKeys>) -> PgLog {
    let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
    PgLog::start((**database).clone(), keys, options).await.expect("the log starts")
}

fn master_key() -> MasterKey {
    MasterKey::generate().expect("a random source")
}

async fn fresh() -> (PgLog, TestDatabase) {
    let database = database().await;
    (log_on(&database, master_key()).await, database)
}

/// Sends a command until it is known what became of it.
async fn settle(log: &PgLog, append: &Append) -> Result<Receipt, LogError> {
    loop {
        match log.append(append.clone()).await {
            Err(LogError::Unknown(_) | LogError::Busy | LogError::Pool(_)) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            settled => return settled,
        }
    }
}

async fn verified(database: &TestDatabase) -> Verified {
    verify(database, |_| ()).await.expect("the log can be read")
}

async fn broken_rules(database: &TestDatabase) -> Vec<(Rule, Option<i64>)> {
    let findings = verified(database).await.findings;
    findings.into_iter().map(|finding| (finding.rule, finding.position)).collect()
}

async fn execute(database: &TestDatabase, statement: &str) -> Result<(), tokio_postgres::Error> {
    database.owner().await.expect("a connection").batch_execute(statement).await
}

mod contract {
    use super::fresh;

    allhours_eventstore::contract_suite!(fresh());
}
