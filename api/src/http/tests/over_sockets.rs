//! Sockets: the protocol as it should go, and each way to break it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Served, served, served_with};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

async fn socket_with(served: &Served, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let address = format!("ws://{}/graphql", served.address);
    let mut request = address.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn socket(served: &Served) -> Socket {
    socket_with(served, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
}

async fn begun(served: &Served) -> Socket {
    let mut socket = socket(served).await;
    socket.init(&served.token()).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket
}

impl Socket {
    async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn init(&mut self, token: &str) {
        let payload = json!({"Authorization": format!("Bearer {token}")});
        self.say(json!({"type": "connection_init", "payload": payload})).await;
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({"type": "subscribe", "id": id, "payload": {"query": query}})).await;
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        next.unwrap().unwrap().unwrap()
    }

    async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.unwrap().code.into();
            }
        }
    }
}

#[tokio::test]
async fn a_subscription_brings_each_result_and_then_completes() {
    let served = served().await;
    let mut socket = begun(&served).await;
    socket.subscribe("a", "subscription { count(to: 2) }").await;
    let data =
        |value: u32| json!({"id": "a", "type": "next", "payload": {"data": {"count": value}}});
    assert_eq!(socket.hear().await, data(1));
    assert_eq!(socket.hear().await, data(2));
    assert_eq!(socket.hear().await, json!({"id": "a", "type": "complete"}));
    // The id is free again; queries are carried out as well.
    socket.subscribe("a", "{ role }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["role"], "agent");
    assert_eq!(socket.hear().await["type"], "complete");
}

#[tokio::test]
async fn an_operation_that_is_not_carried_out_is_answered_with_its_errors() {
    let served = served().await;
    let mut socket = begun(&served).await;
    for query in ["{", "{ nothing }", "subscription { nothing }"] {
        socket.subscribe("a", query).await;
        let message = socket.hear().await;
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "BAD_USER_INPUT", "{message}");
    }
}

#[tokio::test]
async fn a_client_that_wants_no_more_gets_no_more() {
    let served = served().await;
    let mut socket = begun(&served).await;
    socket.subscribe("a", "subscription { forever }").await;
    socket.say(json!({"type": "complete", "id": "a"})).await;
    socket.subscribe("a", "{ role }").await;
    assert_eq!(socket.hear().await["type"], "next");
    assert_eq!(socket.hear().await["type"], "complete");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carried() {
    let served = served().await;
    let mut socket = socket(&served).await;
    socket.say(json!({"type": "ping", "payload": {"n": 1}})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong", "payload": {"n": 1}}));
}

#[tokio::test]
async fn a_message_that_is_none_of_the_protocols_closes_with_4400() {
    let served = served().await;
    for text in ["{", "null", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":"a"}"#] {
        let mut socket = begun(&served).await;
        socket.say_text(text).await;
        assert_eq!(socket.close_code().await, 4400, "{text}");
    }
}

#[tokio::test]
async fn an_operation_before_the_handshake_closes_with_4401() {
    let served = served().await;
    let mut socket = socket(&served).await;
    socket.subscribe("a", "{ role }").await;
    assert_eq!(socket.close_code().await, 4401);
}

#[tokio::test]
async fn a_bad_token_closes_with_4403() {
    let served = served().await;
    let mut bad = socket(&served).await;
    bad.init("no.good.token").await;
    assert_eq!(bad.close_code().await, 4403);
    let mut none = socket(&served).await;
    none.say(json!({"type": "connection_init"})).await;
    assert_eq!(none.close_code().await, 4403);
}

#[tokio::test]
async fn the_socket_is_closed_when_its_token_expires() {
    let served = served_with(&[("ALLHOURS_AUTH_LEEWAY_S", "0")]).await;
    let mut socket = socket(&served).await;
    socket.init(&served.token_for(2)).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.subscribe("a", "subscription { forever }").await;
    assert_eq!(socket.close_code().await, 4403);
}

#[tokio::test]
async fn another_protocol_closes_with_4406() {
    let served = served().await;
    let mut none = socket_with(&served, &[]).await.unwrap();
    assert_eq!(none.close_code().await, 4406);
}

#[tokio::test]
async fn silence_instead_of_a_handshake_closes_with_4408() {
    let served = served_with(&[("ALLHOURS_SUBSCRIPTIONS_INIT_TIMEOUT_MS", "50")]).await;
    assert_eq!(socket(&served).await.close_code().await, 4408);
}

#[tokio::test]
async fn pings_that_go_unanswered_close_with_4408() {
    let served = served_with(&[("ALLHOURS_SUBSCRIPTIONS_PING_MS", "50")]).await;
    assert_eq!(begun(&served).await.close_code().await, 4408);
}

#[tokio::test]
async fn an_id_used_twice_closes_with_4409() {
    let served = served().await;
    let mut socket = begun(&served).await;
    socket.subscribe("a", "subscription { forever }").await;
    socket.subscribe("a", "subscription { forever }").await;
    assert_eq!(socket.close_code().await, 4409);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed_and_holds_nobody_back() {
    let served = served_with(&[("ALLHOURS_SUBSCRIPTIONS_SLOW_MS", "200")]).await;
    let mut slow = begun(&served).await;
    slow.subscribe("a", "subscription { flood }").await;
    let mut other = begun(&served).await;
    other.subscribe("a", "{ role }").await;
    assert_eq!(other.hear().await["type"], "next");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(slow.close_code().await, 4413);
}

#[tokio::test]
async fn a_second_handshake_closes_with_4429() {
    let served = served().await;
    let mut socket = begun(&served).await;
    socket.init(&served.token()).await;
    assert_eq!(socket.close_code().await, 4429);
}

#[tokio::test]
async fn sockets_are_closed_with_1012_when_the_server_stops() {
    let served = served().await;
    let mut socket = begun(&served).await;
    served.stop.cancel();
    assert_eq!(socket.close_code().await, 1012);
    served.stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_foreign_web_page_can_open_no_socket() {
    let served = served().await;
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let foreign = socket_with(&served, &[protocol, ("origin", "https://evil.example")]).await;
    assert_eq!(foreign.err(), Some(403));
}

#[tokio::test]
async fn a_socket_takes_trusted_documents_and_no_others_where_only_these_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.json");
    std::fs::write(&manifest, r#"{"who": "{ role }"}"#).unwrap();
    let file = ("ALLHOURS_GRAPHQL_DOCUMENTS_FILE", manifest.to_str().unwrap());
    let served = served_with(&[file, ("ALLHOURS_GRAPHQL_DOCUMENTS_ONLY", "true")]).await;
    let mut socket = begun(&served).await;
    let ask = |id: &str, payload: Value| json!({"type": "subscribe", "id": id, "payload": payload});
    socket.say(ask("a", json!({"documentId": "who"}))).await;
    assert_eq!(socket.hear().await["payload"]["data"]["role"], "agent");
    assert_eq!(socket.hear().await["type"], "complete");
    for (payload, code) in [
        (json!({"query": "{ role }"}), "FORBIDDEN"),
        (json!({"documentId": "what"}), "NOT_FOUND"),
        (json!({"documentId": "who", "query": "{ role }"}), "BAD_USER_INPUT"),
    ] {
        socket.say(ask("b", payload.clone())).await;
        let refused = socket.hear().await;
        assert_eq!(refused["type"], "error", "{payload}: {refused}");
        assert_eq!(refused["payload"][0]["extensions"]["code"], code, "{payload}");
    }
}
