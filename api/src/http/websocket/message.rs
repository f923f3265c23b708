//! What client and server say to each other.

use serde_json::{Map, Value, json};

/// What a client says.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// Begins the session.
    Init(Map<String, Value>),
    /// Are you there?
    Ping(Option<Value>),
    /// I am here.
    Pong,
    /// Asks for an operation.
    Subscribe {
        /// The operation's id on this socket.
        id: String,
        /// The GraphQL request.
        payload: Map<String, Value>,
    },
    /// Wants no more of an operation.
    Complete {
        /// Which.
        id: String,
    },
}

/// The longest id of an operation.
const ID_BYTES_MAX: usize = 256;

/// Reads a message; `None` where it is none of the protocol's.
#[must_use]
pub fn read(text: &str) -> Option<Said> {
    let Value::Object(mut message) = serde_json::from_str(text).ok()? else { return None };
    let mut map = |name: &str| match message.remove(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Object(map)) => Some(Some(map)),
        Some(_) => None,
    };
    let payload = map("payload")?;
    let id = match message.remove("id") {
        Some(Value::String(id)) if (1..=ID_BYTES_MAX).contains(&id.len()) => Some(id),
        None => None,
        Some(_) => return None,
    };
    match message.get("type")?.as_str()? {
        "connection_init" => Some(Said::Init(payload.unwrap_or_default())),
        "ping" => Some(Said::Ping(payload.map(Value::Object))),
        "pong" => Some(Said::Pong),
        "subscribe" => Some(Said::Subscribe { id: id?, payload: payload? }),
        "complete" => Some(Said::Complete { id: id? }),
        _ => None,
    }
}

/// The bearer token in a `connection_init`.
#[must_use]
pub fn token_in(payload: &Map<String, Value>) -> Option<&str> {
    let (_, value) = payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    super::super::caller::bearer_of(value.as_str()?)
}

/// `connection_ack`.
#[must_use]
pub fn ack() -> String {
    json!({"type": "connection_ack"}).to_string()
}

/// `ping`.
#[must_use]
pub fn ping() -> String {
    json!({"type": "ping"}).to_string()
}

/// `pong`, with what the ping carried.
#[must_use]
pub fn pong(payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({"type": "pong", "payload": payload}).to_string(),
        None => json!({"type": "pong"}).to_string(),
    }
}

/// `next`: a result, given as JSON text.
#[must_use]
pub fn next(id: &str, result: &[u8]) -> String {
    with_payload("next", id, result)
}

/// `error`: the operation was not carried out; a list of errors as JSON text.
#[must_use]
pub fn error(id: &str, errors: &[u8]) -> String {
    with_payload("error", id, errors)
}

/// `complete`: no more results.
#[must_use]
pub fn complete(id: &str) -> String {
    json!({"type": "complete", "id": id}).to_string()
}

/// The payload is JSON already; taken apart and put together again it would only cost time.
fn with_payload(kind: &str, id: &str, payload: &[u8]) -> String {
    let id = Value::from(id);
    let payload = String::from_utf8_lossy(payload);
    format!(r#"{{"id":{id},"type":"{kind}","payload":{payload}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_of_the_protocols_messages_is_not_read() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "1",
            r#"{"type":"start"}"#,
            r#"{"type":1}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","id":"a"}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"connection_init","payload":7}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_result_is_passed_on_as_it_is() {
        let message = next("a\"b", br#"{"data":{"x":1}}"#);
        let value: Value = serde_json::from_str(&message).expect("the message is JSON");
        assert_eq!(value["id"], "a\"b");
        assert_eq!(value["payload"]["data"]["x"], 1);
    }
}
