//! Somebody who writes notes and keeps account: what was acknowledged, what nobody knows.

use serde_json::{Value, json};

use crate::process::ask;

const ADD_NOTE: &str = "mutation ($input: ConversationAddNoteInput!) {
    conversationAddNote(input: $input) { position userErrors { code message } }
}";
const TRIES_MAX: u32 = 20;

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

    /// Sends again what nobody knows of, with the same key, until it is answered; says what came
    /// instead where the server is gone for good.
    pub async fn settle(&mut self, address: &str) -> Result<(), String> {
        let Some(key) = self.unknown.take() else { return Ok(()) };
        let mut last = String::new();
        for _ in 0..TRIES_MAX {
            match self.send(address, &key).await {
                Ok(position) => {
                    self.acknowledged.push((key, position));
                    return Ok(());
                }
                Err(answer) => last = answer,
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.unknown = Some(key);
        Err(last)
    }

    /// Writes one note after the other until the server is gone.
    pub async fn write_until_it_fails(&mut self, address: &str) {
        loop {
            let key = format!("writer-{}-{}", self.number, self.next);
            self.next += 1;
            let Ok(position) = self.send(address, &key).await else {
                self.unknown = Some(key);
                return;
            };
            self.acknowledged.push((key, position));
        }
    }

    /// The position of the answer; else what came instead of one.
    async fn send(&self, address: &str, key: &str) -> Result<i64, String> {
        let input = json!({
            "conversationId": self.conversation,
            "text": format!("noted by {key}"),
            "idempotencyKey": key,
        });
        let answer = ask(address, &self.token, ADD_NOTE, &json!({ "input": input })).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let payload = &answer["data"]["conversationAddNote"];
        assert!(no_refusal(payload), "{key}: {answer}");
        let position = &payload["position"];
        let read = position.as_i64().or_else(|| position.as_str()?.parse().ok());
        read.ok_or_else(|| answer.to_string())
    }
}

fn no_refusal(payload: &Value) -> bool {
    payload["userErrors"].as_array().is_none_or(Vec::is_empty)
}
