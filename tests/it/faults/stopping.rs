//! A server that is asked to stop, and one that stands still for a while.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    postgres::Postgres,
    writer::{Load, Writer, assert_each_stands_once, assert_troubles_are_typed, settle_all},
};
use crate::process::{Place, home, wait_until};

const WRITERS: usize = 8;
const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_a_server_says_so_first_and_finishes_what_it_has_begun() {
    let home = home();
    let place = Place::new(&home.path().join("data"))
        .with("ALLHOURS_SERVER_DRAIN_NOTICE_MS", "3000")
        .with("ALLHOURS_SERVER_DRAIN_MS", "60000")
        .with("ALLHOURS_SERVER_DEADLINE_MS", "60000");
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(WRITERS + 1).await;
    let before = place.notes().await;

    // A request that has begun to arrive, and is slow about it.
    let input = json!({ "conversationId": conversations[WRITERS], "text": "slowly said" });
    let query = "mutation ($input: ConversationAddNoteInput!) \
        { conversationAddNote(input: $input) { position } }";
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: allhours\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        caller.token(),
        body.len()
    );
    let port = server.address().trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(&port).await.expect("the server takes connections");
    let (first, rest) = body.split_at(body.len() / 2);
    slow.write_all((head + first).as_bytes()).await.expect("the server listens");

    let load = Load::begin(Writer::for_each(&conversations[..WRITERS]), &caller);
    load.goes_on(20).await;
    server.signal("TERM").await;
    wait_until(SOON, || async {
        match server.ready().await {
            Ok((503, said)) if said["checks"]["process"]["reason"] == "stopping" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    // It says no, and still works for those who have not heard it.
    load.goes_on(20).await;
    let writers = load.end().await;
    assert_troubles_are_typed(&writers, &[]);

    wait_until(SOON, || async {
        match TcpStream::connect(&port).await {
            Ok(_) => Err("it still takes connections".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
    slow.write_all(rest.as_bytes()).await.expect("the server still listens to this one");
    let mut answer = String::new();
    let read = tokio::time::timeout(SOON, slow.read_to_string(&mut answer)).await;
    read.expect("an answer in time").expect("a whole answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let said = answer.split("\r\n\r\n").nth(1).expect("a body");
    let said: serde_json::Value = serde_json::from_str(said).expect("JSON");
    let position = super::writer::position(&said["data"]["conversationAddNote"]["position"]);
    server.ends_well().await;

    let mut slowly = Writer::new(WRITERS, &conversations[WRITERS]);
    slowly.acknowledged.push(position.expect("a position"));
    let writers: Vec<Writer> = writers.into_iter().chain([slowly]).collect();
    assert_each_stands_once(&place, &before, &writers).await;
    place.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_of_two_servers_stands_still_the_other_works_and_nothing_happens_twice() {
    let home = home();
    let postgres = Postgres::start(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("one")).on(&postgres.url());
    let one = place.serve(&["--demo"]).await;
    let other = place.beside(&home.path().join("other")).serve(&[]).await;
    let first = one.caller("supervisor").await;
    let second = other.caller_with(first.token());
    let conversations = first.open_conversations(WRITERS).await;
    let before = place.notes().await;
    let mut writers = Writer::for_each(&conversations);
    let rest = writers.split_off(WRITERS / 2);
    let loads = [Load::begin(writers, &first), Load::begin(rest, &second)];
    for _ in 0..2 {
        loads[0].goes_on(20).await;
        one.signal("STOP").await;
        // Those who ask the one that stands still have no answer; the others do.
        loads[1].goes_on(150).await;
        one.signal("CONT").await;
    }
    loads[0].goes_on(20).await;
    let [one_load, other_load] = loads;
    let mut writers = one_load.end().await;
    writers.extend(other_load.end().await);
    settle_all(&mut writers, &second).await;
    assert_troubles_are_typed(&writers, &["UNAVAILABLE", "CONFLICT"]);
    assert_each_stands_once(&place, &before, &writers).await;
    for server in [&one, &other] {
        wait_until(SOON, || async {
            let behind = server.figure("allhours_projection_lag_events", "").await;
            match server.ready().await {
                Ok((200, _)) if behind < 1.0 => Ok(()),
                state => Err(format!("{behind} events behind, {state:?}")),
            }
        })
        .await;
    }
    place.verify().await;
    other.stop().await;
    one.stop().await;
    postgres.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_and_a_closed_terminal_end_a_server_as_well_as_asking_it_to() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    for signal in ["TERM", "INT", "HUP"] {
        let server = place.serve(&[]).await;
        server.signal(signal).await;
        server.ends_well().await;
        let pid_file = place.data().join("postgres/postmaster.pid");
        assert!(!pid_file.exists(), "{signal}: the database stopped first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_to_outlive_its_terminal_does() {
    let home = home();
    let place = Place::new(&home.path().join("data")).started_by(vec!["nohup".to_owned()]);
    let server = place.serve(&[]).await;
    server.signal("HUP").await;
    for _ in 0..50 {
        assert_eq!(server.ready().await.expect("it goes on").0, 200);
    }
    server.stop().await;
}
