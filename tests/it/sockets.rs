//! How many sockets and event streams one person and one tenant may hold, on the real server.
#![expect(clippy::panic, reason = "a server that can't be reached ends the test")]

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use crate::process::{Place, Served, home, wait_until};

const SOON: Duration = Duration::from_secs(30);
const FOLLOWED: &str = "subscription { events { position } }";

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a WebSocket is answered after it said who it is: it is let in, or closed with a code, or
/// not opened at all and answered with a status.
pub async fn sign_in(server: &Served, token: &str) -> Result<Socket, u16> {
    let address = format!("{}/graphql", server.address()).replace("http:", "ws:");
    let mut request = address.into_client_request().expect("an address");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let mut socket = match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => socket,
        // No place in the process: it is not even opened.
        Err(Error::Http(answer)) => return Err(answer.status().as_u16()),
        Err(error) => panic!("it is opened: {error}"),
    };
    let payload = json!({ "authorization": format!("Bearer {token}") });
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(Message::text(init.to_string())).await.expect("the server listens");
    loop {
        let next = tokio::time::timeout(SOON, socket.next()).await.expect("an answer in time");
        match next.expect("an answer").expect("a frame") {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(message["type"], "connection_ack", "{message}");
                return Ok(socket);
            }
            Message::Close(frame) => return Err(frame.expect("a reason").code.into()),
            _ => {}
        }
    }
}

/// An event stream: its answer, whose body is not read yet.
async fn stream(server: &Served, token: &str) -> reqwest::Response {
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", server.address()))
        .bearer_auth(token)
        .header("accept", "text/event-stream")
        .json(&json!({ "query": FOLLOWED }));
    request.send().await.expect("an answer")
}

/// Another person of the demo, or of another tenant.
async fn token(place: &Place, tenant: &str, number: u8) -> String {
    let subject = format!("01900000-0000-7000-8000-0000000000{number:02}");
    let token = ["token", "--tenant", tenant, "--role", "analyst", "--subject", &subject];
    place.run(&token).await.trim().to_owned()
}

async fn refused(server: &Served, limit: &str) -> f64 {
    let label = format!("limit=\"{limit}\"");
    server.figure("allhours_connections_refused_total", &label).await
}

/// Waits until somebody is let in again, and gives what they hold.
async fn let_in(server: &Served, token: &str) -> Socket {
    let held = std::cell::RefCell::new(None);
    wait_until(SOON, || async {
        let socket = sign_in(server, token).await.map_err(|code| format!("closed with {code}"))?;
        held.replace(Some(socket));
        Ok(())
    })
    .await;
    held.into_inner().expect("it was let in")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_too_many_sockets_and_streams_is_refused_and_others_get_in() {
    let folder = home();
    let place = Place::new(&folder.path().join("desk"));
    std::fs::create_dir(place.data()).expect("a folder");
    let place = place.with("ALLHOURS_SUBSCRIPTIONS_PERSON_CONNECTIONS_MAX", "3");
    let server = place.serve(&["--demo"]).await;
    let (one, other) = (token(&place, "demo", 1).await, token(&place, "demo", 2).await);
    let first = sign_in(&server, &one).await.expect("the first");
    let second = sign_in(&server, &one).await.expect("the second");
    let third = stream(&server, &one).await;
    assert_eq!(third.status(), 200);

    assert_eq!(sign_in(&server, &one).await.err(), Some(4429));
    let fourth = stream(&server, &one).await;
    assert_eq!(fourth.status(), 429);
    assert_eq!(fourth.headers()["retry-after"], "5");
    let told: Value = fourth.json().await.expect("JSON");
    assert_eq!(told["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{told}");
    assert!((refused(&server, "person").await - 2.0).abs() < f64::EPSILON);
    let others = sign_in(&server, &other).await.expect("another person");
    // Whose sockets are refused is still answered.
    let caller = server.caller_with(&one);
    assert_eq!(caller.data("{ viewer { role } }", &json!({})).await["viewer"]["role"], "ANALYST");

    // A place comes back with a goodbye, with a connection that breaks, and with a stream's end.
    let mut ended = first;
    ended.close(None).await.expect("a goodbye");
    let again = let_in(&server, &one).await;
    drop(second);
    let and_again = let_in(&server, &one).await;
    drop(third);
    let last = let_in(&server, &one).await;
    assert_eq!(sign_in(&server, &one).await.err(), Some(4429));
    drop((again, and_again, last, others));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_holds_too_many_leaves_those_of_another() {
    let folder = home();
    let place = Place::new(&folder.path().join("desk"));
    std::fs::create_dir(place.data()).expect("a folder");
    let place = place
        .with("ALLHOURS_SUBSCRIPTIONS_TENANT_CONNECTIONS_MAX", "2")
        .with("ALLHOURS_SUBSCRIPTIONS_CONNECTIONS_MAX", "4");
    let server = place.serve(&["--demo"]).await;
    let mut held = Vec::new();
    for number in 1..=2 {
        let token = token(&place, "demo", number).await;
        held.push(sign_in(&server, &token).await.expect("a place"));
    }
    let third = token(&place, "demo", 3).await;
    assert_eq!(sign_in(&server, &third).await.err(), Some(4429));
    assert_eq!(stream(&server, &third).await.status(), 429);
    assert!((refused(&server, "tenant").await - 2.0).abs() < f64::EPSILON);
    let elsewhere = token(&place, "elsewhere", 3).await;
    held.push(let_in(&server, &elsewhere).await);
    held.push(let_in(&server, &elsewhere).await);

    // With all places of the process taken, nobody comes in, whoever they are.
    let full = stream(&server, &elsewhere).await;
    assert_eq!(full.status(), 503);
    assert_eq!(full.headers()["retry-after"], "5");
    assert!(refused(&server, "process").await >= 1.0);
    held.clear();
    let_in(&server, &third).await;
    server.stop().await;
}
