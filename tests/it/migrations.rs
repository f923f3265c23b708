//! Migrations: applied once, by whoever comes first, and refused in plain words.

use allhours_eventstore::{
    database::{Database, DatabaseOptions},
    migrate::{MigrateError, migrate},
};
use allhours_tests::database::{database, empty_database};
use futures_util::future::join_all;

async fn connected(config: tokio_postgres::Config) -> Database {
    Database::connect(config, DatabaseOptions::default()).await.expect("it connects")
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    let config = empty_database().await;
    let processes = join_all((0..4).map(|_| connected(config.clone()))).await;
    let migrated = join_all(processes.iter().map(migrate)).await;
    let applied: Vec<_> = migrated.into_iter().map(|it| it.expect("it migrates").applied).collect();
    assert_eq!(applied.iter().filter(|steps| !steps.is_empty()).count(), 1, "{applied:?}");
}

#[tokio::test]
async fn databases_of_one_server_migrate_at_once() {
    let databases = join_all((0..4).map(|_| empty_database())).await;
    let databases = join_all(databases.into_iter().map(connected)).await;
    for migrated in join_all(databases.iter().map(migrate)).await {
        assert!(!migrated.expect("it migrates").applied.is_empty());
    }
}

#[tokio::test]
async fn a_migrated_database_has_nothing_left_to_migrate() {
    let database = database().await;
    assert!(migrate(&database).await.expect("it migrates").applied.is_empty());
}

/// A database, and a user of the server that owns it and may do nothing else.
async fn owned_by_a_plain_user(user: &str) -> (Database, Database) {
    let mut config = empty_database().await;
    let administrator = connected(config.clone()).await;
    let client = administrator.owner().await.expect("a connection");
    let name = config.get_dbname().expect("it has a name").to_owned();
    client
        .batch_execute(&format!("create user {user}; alter database {name} owner to {user}"))
        .await
        .expect("a user");
    config.user(user);
    (administrator, connected(config).await)
}

#[tokio::test]
async fn a_user_who_may_not_make_roles_learns_what_an_administrator_must_run() {
    // On this server the role may be there already; then the grant is what is refused.
    let (administrator, plain) = owned_by_a_plain_user("plain").await;
    let refusal = migrate(&plain).await.expect_err("a plain user may not");
    assert!(matches!(&refusal, MigrateError::MayNotUseRole { user } if user == "plain"));
    let told = refusal.to_string();
    let (_, statements) = told.split_once("must run: ").expect("it names the statements");
    let client = administrator.owner().await.expect("a connection");
    for statement in statements.split_inclusive(';') {
        // Making the role may find it there.
        let _ = client.batch_execute(statement).await;
    }
    migrate(&plain).await.expect("now it migrates");
}
