//! The private PostgreSQL: starts, survives, is never owned twice.

use allhours_eventstore::embedded::{EmbeddedOptions, Server};
use tokio_postgres::{Client, NoTls};

fn options(folder: &std::path::Path) -> EmbeddedOptions {
    EmbeddedOptions { shared_buffers_mib: 16, ..EmbeddedOptions::new(folder) }
}

async fn connect(server: &Server) -> Client {
    let (client, connection) = server.config().connect(NoTls).await.expect("it takes connections");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn data_survive_a_stop_and_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start_or_attach(&options(folder.path())).await.expect("it starts");
    assert!(first.owner());
    connect(&first)
        .await
        .batch_execute("create table kept as select 7 as number")
        .await
        .expect("a table");
    first.stop().await.expect("it stops");
    let second = Server::start_or_attach(&options(folder.path())).await.expect("it starts again");
    let kept =
        connect(&second).await.query_one("select number from kept", &[]).await.expect("a row");
    assert_eq!(kept.get::<_, i32>(0), 7);
    second.stop().await.expect("it stops");
}
