//! Somebody who writes notes and keeps account: what was acknowledged, what nobody knows.
#![expect(clippy::panic, reason = "a write that is never answered ends the test")]

use serde_json::{Value, json};

use super::process::ask;

const ADD_NOTE: &str = "mutation ($input: ConversationAddNoteInput!) {
    conversationAddNote(input: $input) { position userErrors { code message } }
}";
const TRIES_MAX: u32 = 200;

/// One writer with keys of its own.
pub struct Writer {
    number: usize,
    token: String,
    conversation: String,
    next: u32,
    /// Sent, and no answer came: it may have happened or not.
    unknown: Option<String>,
    /// The key and position of every answer.
    pub acknowledged: Vec<(String, i64)>,
}

impl Writer {
    /// A writer of notes in `conversation`.
    pub fn new(number: usize, token: &str, conversation: &str) -> Self {
        Self {
            number,
            token: token.to_owned(),
            conversation: conversation.to_owned(),
            next: 0,
            unknown: None,
            acknowledged: Vec::new(),
        }
    }

    /// Sends again what nobody knows of, with the same key, until it is answered.
    pub async fn settle(&mut self, address: &str) {
        let Some(key) = self.unknown.take() else { return };
        for _ in 0..TRIES_MAX {
            if let Some(position) = self.send(address, &key).await {
                self.acknowledged.push((key, position));
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{key} was never answered");
    }

    /// Writes one note after the other until the server is gone.
    pub async fn write_until_it_fails(&mut self, address: &str) {
        loop {
            let key = format!("writer-{}-{}", self.number, self.next);
            self.next += 1;
            let Some(position) = self.send(address, &key).await else {
                self.unknown = Some(key);
                return;
            };
            self.acknowledged.push((key, position));
        }
    }

    async fn send(&self, address: &str, key: &str) -> Option<i64> {
        let input = json!({
            "conversationId": self.conversation,
            "text": format!("noted by {key}"),
            "mentions": [],
            "idempotencyKey": key,
        });
        let answer = ask(address, &self.token, ADD_NOTE, &json!({ "input": input })).await.ok()?;
        let payload = &answer["data"]["conversationAddNote"];
        assert!(no_refusal(payload), "{key}: {answer}");
        payload["position"].as_str().and_then(|it| it.parse().ok()).or(payload["position"].as_i64())
    }
}

fn no_refusal(payload: &Value) -> bool {
    payload["userErrors"].as_array().is_none_or(Vec::is_empty)
}
