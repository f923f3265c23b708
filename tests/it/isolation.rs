//! A tenant never sees another's data, whatever a statement forgets to ask.

use allhours_domain::ids::TenantId;
use allhours_eventstore::database::{DatabaseOptions, READER_ROLE};
use allhours_tests::database::{TestDatabase, database, database_with};
use deadpool_postgres::ClientWrapper;
use futures_util::future::join_all;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

/// A table as the migrations make them, with rows of two tenants: three of one, two of the other.
async fn with_rows_of_two_tenants(database: &TestDatabase) -> [TenantId; 2] {
    let tenants = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let owner = database.owner().await.expect("a connection");
    owner
        .batch_execute(
            "create table notes (tenant_id uuid not null, note text not null);
             alter table notes enable row level security;
             create policy own_rows on notes to allhours_reader
                 using (tenant_id = current_tenant());
             grant select on notes to allhours_reader",
        )
        .await
        .expect("a table");
    for (tenant, rows) in tenants.iter().zip([3, 2]) {
        owner
            .execute(
                "insert into notes select $1, 'a note' from generate_series(1, $2)",
                &[tenant, &rows],
            )
            .await
            .expect("rows");
    }
    tenants.map(TenantId)
}

async fn count(client: &ClientWrapper) -> i64 {
    let row = client.query_one("select count(*) from notes", &[]).await.expect("a count");
    row.get(0)
}

#[tokio::test]
async fn a_statement_without_a_filter_sees_only_the_tenants_own_rows() {
    let database = database().await;
    let [one, other] = with_rows_of_two_tenants(&database).await;
    let reader = database.reader(one).await.expect("a reader");
    assert_eq!(count(&reader).await, 3);
    drop(reader);
    assert_eq!(count(&database.reader(other).await.expect("a reader")).await, 2);
    assert_eq!(count(&database.owner().await.expect("a connection")).await, 5);
}

#[tokio::test]
async fn readers_of_many_tenants_over_few_connections_never_mix() {
    let options = DatabaseOptions { reader_connections_max: 2, ..DatabaseOptions::default() };
    let database = database_with(options).await;
    let [one, other] = with_rows_of_two_tenants(&database).await;
    let seen = join_all((0..200).map(|turn| {
        let (database, tenant, expected) =
            if turn % 2 == 0 { (&database, one, 3) } else { (&database, other, 2) };
        async move {
            let reader = database.reader(tenant).await.expect("a reader");
            count(&reader).await == expected
        }
    }))
    .await;
    assert!(seen.into_iter().all(|right| right));
}

#[tokio::test]
async fn a_connection_without_a_tenant_sees_nothing() {
    let database = database().await;
    with_rows_of_two_tenants(&database).await;
    let unset = database.reader_pool().get().await.expect("a connection");
    assert_eq!(count(&unset.client).await, 0);
}

#[tokio::test]
async fn a_reader_may_write_nothing_even_where_it_leaves_its_read_only_mode() {
    let database = database().await;
    let [one, _] = with_rows_of_two_tenants(&database).await;
    let reader = database.reader(one).await.expect("a reader");
    let insert = "insert into notes values (current_tenant(), 'mine')";
    let refused = reader.execute(insert, &[]).await.expect_err("read only");
    assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    reader.batch_execute("set default_transaction_read_only = off").await.expect("a setting");
    for statement in [insert, "update notes set note = ''", "delete from notes", "drop table notes"]
    {
        let refused = reader.execute(statement, &[]).await.expect_err("no such right");
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}");
    }
}

#[tokio::test]
async fn a_reader_sees_of_the_log_its_own_tenants_events_and_no_keys_or_ciphertexts() {
    let database = database().await;
    let owner = database.owner().await.expect("a connection");
    for (position, tenant) in [(1_i64, 1_u128), (2, 2), (3, 2)] {
        let id = Uuid::from_u128(100 + tenant + u128::from(position.unsigned_abs()) * 10);
        owner
            .execute(
                "insert into events (position, occurred_at, recorded_at, version, schema_version,
                     tenant_id, stream_id, event_id, command_id, correlation_id, leaf_hash,
                     stream_type, name, actor, payload)
                 values ($1, now(), now(), 1, 1, $2, $3, $3, $3, $3, sha256('leaf'),
                     'team', 'team.founded', '', '{}')",
                &[&position, &Uuid::from_u128(tenant), &id],
            )
            .await
            .expect("an event");
    }
    let reader = database.reader(TenantId(Uuid::from_u128(2))).await.expect("a reader");
    let seen = reader.query("select position from events order by position", &[]).await;
    let seen: Vec<i64> = seen.expect("its rows").iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [2, 3]);
    for table in ["sealed", "subject_keys", "tenant_keys", "commands"] {
        let refused = reader.query(&format!("select from {table}"), &[]).await;
        let refused = refused.expect_err("no such right");
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}");
    }
}

#[tokio::test]
async fn every_table_with_rows_of_tenants_that_readers_may_see_is_guarded() {
    let database = database().await;
    let owner = database.owner().await.expect("a connection");
    let unguarded = owner
        .query(
            "select c.oid::regclass::text from pg_class c
             where c.relkind in ('r', 'p') and not c.relrowsecurity
             and has_table_privilege($1, c.oid, 'select')
             and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
             and exists (select from pg_attribute a
                 where a.attrelid = c.oid and a.attname = 'tenant_id')",
            &[&READER_ROLE],
        )
        .await
        .expect("the catalogue");
    let unguarded: Vec<String> = unguarded.iter().map(|row| row.get(0)).collect();
    assert!(unguarded.is_empty(), "readable across tenants: {unguarded:?}");
}
