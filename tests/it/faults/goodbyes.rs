//! How sockets end that a client closes, as it should: with a goodbye on both sides.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::process::{Caller, Place, home};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const NEXT_MAX: Duration = Duration::from_secs(20);

/// How far a client goes before it closes.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Opened,
    Acknowledged,
    Subscribed,
}

async fn open(address: &str, caller: &Caller, stage: Stage) -> Socket {
    let address = format!("{address}/graphql").replace("http:", "ws:");
    let mut request = address.into_client_request().expect("an address");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let opened = tokio_tungstenite::connect_async(request).await;
    let mut socket = opened.expect("the server speaks WebSocket").0;
    if matches!(stage, Stage::Opened) {
        return socket;
    }
    let bearer = json!({ "Authorization": format!("Bearer {}", caller.token()) });
    say(&mut socket, json!({ "type": "connection_init", "payload": bearer })).await;
    let said = next(&mut socket).await.expect("an acknowledgement");
    assert!(said.to_text().is_ok_and(|text| text.contains("connection_ack")), "{said:?}");
    if matches!(stage, Stage::Subscribed) {
        let query = json!({ "query": "subscription { countersChanged { position } }" });
        say(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": query })).await;
        // It runs for certain once the server answers what was said after it.
        say(&mut socket, json!({ "type": "ping" })).await;
        while let Some(said) = next(&mut socket).await {
            if said.to_text().is_ok_and(|text| text.contains("pong")) {
                break;
            }
        }
    }
    socket
}

async fn say(socket: &mut Socket, message: serde_json::Value) {
    socket.send(Message::text(message.to_string())).await.expect("the server listens");
}

/// What comes next; nothing after a goodbye.
async fn next(socket: &mut Socket) -> Option<Message> {
    let next = tokio::time::timeout(NEXT_MAX, socket.next()).await;
    next.expect("something comes in time").map(|said| said.expect("the connection is sound"))
}

/// Closes a socket, and gives the server's own goodbye.
async fn goodbye(socket: &mut Socket, frame: Option<CloseFrame>) -> Option<CloseFrame> {
    socket.send(Message::Close(frame)).await.expect("the server listens");
    loop {
        // What was on its way still arrives before it.
        let next = next(socket).await.expect("a goodbye, before the connection ends");
        if let Message::Close(frame) = next {
            return frame;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_its_socket_gets_its_own_code_back() {
    let home = home();
    let server = Place::new(&home.path().join("data")).serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    for stage in [Stage::Opened, Stage::Acknowledged, Stage::Subscribed] {
        let mut socket = open(server.address(), &caller, stage).await;
        let sent = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
        let code = goodbye(&mut socket, Some(sent)).await.map(|frame| frame.code);
        assert_eq!(code, Some(CloseCode::Normal), "{stage:?}");
        assert_eq!(next(&mut socket).await, None, "{stage:?}: then the connection ends");

        // Without a code, a browser tells 1005.
        let mut socket = open(server.address(), &caller, stage).await;
        assert_eq!(goodbye(&mut socket, None).await, None, "{stage:?}");
        assert_eq!(next(&mut socket).await, None, "{stage:?}: then the connection ends");
    }
    server.stop().await;
}
