//! `doctor` before a pooler that changes sessions with each transaction.

use std::{io, path::PathBuf};

use allhours_eventstore::embedded::{EmbeddedOptions, Server};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::config::Host;

use super::run::run;
use crate::process::home;

/// Stands between, as a pooler that works by transaction: each transaction of a connection goes
/// to the other one of two sessions.
async fn pool(listener: TcpListener, socket: PathBuf) {
    while let Ok((client, _)) = listener.accept().await {
        let socket = socket.clone();
        tokio::spawn(async move { alternate(client, socket).await.ok() });
    }
}

async fn alternate(mut client: TcpStream, socket: PathBuf) -> io::Result<()> {
    let mut startup = client.read_u32().await?.to_be_bytes().to_vec();
    let rest = u32::from_be_bytes([startup[0], startup[1], startup[2], startup[3]]) - 4;
    startup.extend(read(&mut client, rest).await?);
    let mut sessions = [UnixStream::connect(&socket).await?, UnixStream::connect(&socket).await?];
    let mut greetings = Vec::new();
    for session in &mut sessions {
        session.write_all(&startup).await?;
        greetings.push(until_ready(session).await?);
    }
    client.write_all(&greetings[0]).await?;
    let mut turn = 0;
    loop {
        let mut asked = Vec::new();
        loop {
            let message = message(&mut client).await?;
            asked.extend(&message);
            match message[0] {
                // A query, or the end of what was asked: now an answer is waited for.
                b'Q' | b'S' => break,
                b'X' => return Ok(()),
                _ => {}
            }
        }
        sessions[turn].write_all(&asked).await?;
        let answered = until_ready(&mut sessions[turn]).await?;
        client.write_all(&answered).await?;
        // No transaction is open.
        if answered.last() == Some(&b'I') {
            turn = 1 - turn;
        }
    }
}

async fn read(from: &mut (impl AsyncRead + Unpin), bytes: u32) -> io::Result<Vec<u8>> {
    let mut read = vec![0; usize::try_from(bytes).expect("not many")];
    from.read_exact(&mut read).await?;
    Ok(read)
}

/// A message with its kind and its length.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![from.read_u8().await?];
    let length = from.read_u32().await?;
    message.extend(length.to_be_bytes());
    message.extend(read(from, length - 4).await?);
    Ok(message)
}

/// All that a session says until it is ready for more.
async fn until_ready(session: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut said = Vec::new();
    loop {
        let message = message(session).await?;
        said.extend(&message);
        if message[0] == b'Z' {
            return Ok(said);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_sees_a_pooler_that_changes_sessions() {
    let folder = home();
    let server = Server::start_or_attach(&EmbeddedOptions::new(folder.path().join("server"))).await;
    let server = server.expect("PostgreSQL starts");
    let config = server.config();
    let socket = config.get_hosts().iter().find_map(|host| match host {
        Host::Unix(path) => Some(path.clone()),
        Host::Tcp(_) => None,
    });
    let socket = socket.expect("it has a socket");
    let data = folder.path().join("data");
    let direct = format!("host='{}' dbname='allhours' user='allhours'", socket.display());
    run(&data, &["demo", "--database-url", &direct]).await.well();
    let sessions = async |url: &str| {
        let ran = run(&data, &["doctor", "--database-url", url, "--output", "json"]).await;
        let said = ran.json();
        let findings = said["findings"].as_array().expect("a list").clone();
        let of = |finding: &Value| finding["what"] == "sessions";
        (ran.code, findings.into_iter().find(of).unwrap_or_else(|| panic!("{said}")))
    };
    let (code, found) = sessions(&direct).await;
    assert_eq!((code, &found["state"]), (0, &"ok".into()), "{found}");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let pooler = tokio::spawn(pool(listener, socket.join(".s.PGSQL.5432")));
    let through =
        format!("host=127.0.0.1 port={port} dbname=allhours user=allhours sslmode=disable");
    let (code, found) = sessions(&through).await;
    assert_eq!((code, &found["state"]), (1, &"fail".into()), "{found}");
    assert!(found["toDo"].as_str().is_some_and(|it| it.contains("pool_mode")), "{found}");
    pooler.abort();
    server.stop().await.expect("it stops");
}
