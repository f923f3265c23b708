//! Answers full of long texts, and readers who don't take them.

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use super::writer::Writer;
use crate::{
    process::{Caller, Place, Served, home, wait_until},
    sockets::sign_in,
};

const NOTES: usize = 7;
const NOTE_CHARACTERS: usize = 49_000;
/// How often an answer repeats each text: of five notes that is some 6 MB, of all over 8.
const ECHOES: usize = 25;
const BACK_MAX: std::time::Duration = std::time::Duration::from_secs(20);

fn query(notes: usize) -> String {
    let echo = |number| format!("echo{number}: text {{ text }}");
    let echoes: Vec<String> = (0..ECHOES).map(echo).collect();
    format!(
        "query ($id: ID!) {{ conversation(id: $id) {{ timeline(last: {notes}) {{ nodes {{ message \
         {{ {} }} }} }} }} }}",
        echoes.join(" ")
    )
}

async fn status_of(server: &Served, caller: &Caller, query: &str, id: &str) -> (u16, Value) {
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", server.address()))
        .bearer_auth(caller.token())
        .json(&json!({ "query": query, "variables": { "id": id } }));
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Asks for an answer of a media type, and reads the first bytes of it alone.
async fn asked_and_left(
    server: &Served,
    caller: &Caller,
    accepted: &str,
    (query, id): (&str, &str),
) -> TcpStream {
    let body = json!({ "query": query, "variables": { "id": id } }).to_string();
    let address = server.address().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: allhours\r\nauthorization: Bearer {}\r\n\
         accept: {accepted}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        caller.token(),
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.expect("it listens");
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.expect("an answer begins");
    assert_eq!(&begun, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_are_refused_and_unread_ones_hold_a_bounded_room_that_others_do_not_need() {
    let home = home();
    let place = Place::new(&home.path().join("data"))
        .with("ALLHOURS_SERVER_ANSWERS_BYTES_MAX", "56000000")
        .with("ALLHOURS_SUBSCRIPTIONS_SLOW_MS", "2000");
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let id = caller.open_conversations(1).await.remove(0);
    let mut author = Writer::new(0, &id).wordy(NOTE_CHARACTERS);
    for _ in 0..NOTES {
        assert_eq!(author.write(&caller).await, Ok(()));
    }

    let (_, told) = status_of(&server, &caller, &query(NOTES), &id).await;
    assert_eq!(told["errors"][0]["extensions"]["code"], "COST_EXCEEDED", "{told}");
    let message = told["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("fewer rows") && told.get("data").is_none(), "{told}");

    let five = query(NOTES - 2);
    let unread = [
        asked_and_left(&server, &caller, "application/json", (&five, &id)).await,
        asked_and_left(&server, &caller, "text/event-stream", (&five, &id)).await,
    ];
    wait_until(BACK_MAX, || async {
        let streamed = reqwest::Client::new()
            .post(format!("{}/graphql", server.address()))
            .header("accept", "text/event-stream")
            .bearer_auth(caller.token())
            .json(&json!({ "query": five, "variables": { "id": id } }));
        let told = streamed.send().await.expect("an answer").text().await.expect("events");
        if told.contains("UNAVAILABLE") { Ok(()) } else { Err(format!("{} bytes", told.len())) }
    })
    .await;
    let (status, told) = status_of(&server, &caller, &five, &id).await;
    assert_eq!((status, &told["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")));
    let (status, told) = status_of(&server, &caller, "{ position }", &id).await;
    assert_eq!((status, told.get("errors")), (200, None), "what is short finds its way");
    let other = server.caller("admin").await;
    let (status, _) = status_of(&server, &other, &five, &id).await;
    assert_eq!(status, 200, "others have a part of their own");

    drop(unread);
    wait_until(BACK_MAX, || async {
        match status_of(&server, &caller, &five, &id).await {
            (200, _) => Ok(()),
            (status, _) => Err(format!("{status}")),
        }
    })
    .await;
    server.stop().await;
}

/// How many large answers are asked for by a socket that nobody reads.
const ASKED: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_on_a_socket_holds_nothing_that_others_need() {
    let home = home();
    let place = Place::new(&home.path().join("data"))
        .with("ALLHOURS_GRAPHQL_COST_UNDER_WAY_MAX", "2000")
        .with("ALLHOURS_SUBSCRIPTIONS_SLOW_MS", "60000");
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let id = caller.open_conversations(1).await.remove(0);
    let mut author = Writer::new(0, &id).wordy(NOTE_CHARACTERS);
    for _ in 0..NOTES {
        assert_eq!(author.write(&caller).await, Ok(()));
    }
    let mut unread = sign_in(&server, caller.token()).await.expect("let in");
    for number in 0..ASKED {
        let payload = json!({ "query": query(NOTES - 2), "variables": { "id": id } });
        let ask = json!({ "id": number.to_string(), "type": "subscribe", "payload": payload });
        unread.send(Message::text(ask.to_string())).await.expect("it listens");
    }
    let asked = || server.figure("graphql_operation_duration_seconds_count", "query");
    wait_until(BACK_MAX, || async {
        // What is refused for want of room was carried out as well.
        let (carried_out, held) = (asked().await, under_way(&server).await);
        let done = carried_out >= f64::from(u8::try_from(ASKED).unwrap_or(u8::MAX)) && held == 0.0;
        if done { Ok(()) } else { Err(format!("{carried_out} carried out, {held} held")) }
    })
    .await;
    let others = "{ queue(first: 5) { nodes { conversation { id } } } }";
    let (status, told) = status_of(&server, &caller, others, &id).await;
    assert_eq!((status, told.get("errors")), (200, None), "{told}");
    drop(unread);
    server.stop().await;
}

async fn under_way(server: &Served) -> f64 {
    server.figure("allhours_graphql_cost_under_way", "").await
}
