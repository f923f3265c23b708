//! Words planted in a subject line and in a custom field: redacted, they are nowhere any more.

use serde_json::{Value, json};

use super::{
    erasing::{dump, files_with, holds},
    run::{Behind, mutate, run, until},
};
use crate::process::{Caller, Served};

// No part of four letters comes twice, so that compression leaves them whole.
const SUBJECT: &str = "jvqgxzkfwy";
const BEFORE: &str = "fjwqvxzkbh";
const NOW: &str = "hxvzqkjwgf";
const KEPT: &str = "bzwxqhjkdv";
const REDACTED: [&str; 3] = [SUBJECT, BEFORE, NOW];

/// A conversation by mail with the words in its subject line and, one after the other, in a field.
async fn planted(admin: &Caller, integration: &Caller) -> String {
    let query = "mutation ($input: IntakeReceiveInput!) { intakeReceive(input: $input) {
        intake { conversationId } userErrors { code message } } }";
    let input = json!({
        "channel": "EMAIL", "account": "support", "externalId": "1",
        "raw": format!("Subject: {SUBJECT}\n\n{KEPT}"), "from": "lin@example.org",
        "subject": format!("About {SUBJECT}"), "text": format!("my word is {KEPT}"),
    });
    let data = integration.data(query, &json!({ "input": input })).await;
    let conversation = data["intakeReceive"]["intake"]["conversationId"].as_str();
    let conversation = conversation.expect("an id").to_owned();
    mutate(admin, "fieldDefine", json!({ "field": "card", "kind": "TEXT" })).await;
    for word in [BEFORE, NOW] {
        let value = json!({ "text": format!("it is {word}") });
        let input = json!({ "conversationId": conversation, "field": "card", "value": value });
        mutate(admin, "conversationSetField", input).await;
    }
    conversation
}

/// All that can be said of a conversation.
async fn seen(admin: &Caller, conversation: &str) -> Value {
    let query = "query ($id: ID!, $kept: String!, $gone: String!) {
        conversation(id: $id) { subject { text state } fields { text { text state } }
            lastMessage { text } timeline(first: 50) { nodes { name message { text { text } } } } }
        events(first: 100, filter: { streamId: $id }) { nodes { payload } }
        kept: search(text: $kept, first: 9) { hits { snippet { text } } }
        gone: search(text: $gone, first: 9) { hits { snippet { text } } } }";
    admin.data(query, &json!({ "id": conversation, "kept": KEPT, "gone": SUBJECT })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_subject_line_or_field_is_in_no_dump_index_answer_or_export() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let (admin, integration) = (server.caller("admin").await, server.caller("integration").await);
    let conversation = planted(&admin, &integration).await;
    let readable = run(folder, &["replay", "--open"]).await.well();
    for word in REDACTED {
        assert!(readable.contains(word), "{word} was planted");
    }
    let index = folder.join("search");
    let indexed = async || (files_with(&index, SUBJECT.as_bytes()) > 0).then_some(());
    until("the subject is indexed", indexed).await;
    let ciphertexts = sealed(folder).await;

    for (what, value) in [("subject", json!(true)), ("field", json!("card"))] {
        let input = json!({ "conversationId": conversation, "reason": "a card", what: value });
        mutate(&admin, "conversationRedact", input).await;
    }

    let gone = async || (files_with(&index, SUBJECT.as_bytes()) == 0).then_some(());
    until("the subject is gone from the index", gone).await;
    // Gone: the subject line, two texts of the field, what the provider sent and its id for it.
    // Come: two reasons.
    assert_eq!(sealed(folder).await, ciphertexts - 5 + 2);
    let opened = run(folder, &["replay", "--open"]).await.well();
    assert!(opened.contains(KEPT), "the message stays");
    let seen = seen(&admin, &conversation).await;
    assert_eq!(seen["conversation"]["subject"]["state"], "ERASED", "{seen}");
    assert_eq!(seen["conversation"]["fields"][0]["text"]["state"], "ERASED", "{seen}");
    assert!(seen["kept"].to_string().contains(KEPT), "{seen}");
    assert_eq!(seen["gone"]["hits"], json!([]));
    for form in ["auditor", "analyst"] {
        let to = folder.join(form).display().to_string();
        let export = ["export", "--tenant", "demo", "--to-dir", &to, "--form", form];
        run(folder, &export).await.well();
    }
    let after = dump(folder).await;
    for word in REDACTED {
        assert!(!opened.contains(word), "{word} can be replayed");
        assert!(!seen.to_string().contains(word), "{word} is shown: {seen}");
        assert!(!holds(&after, word.as_bytes()), "{word} is in the database");
        for part in ["search", "auditor", "analyst"] {
            let found = files_with(&folder.join(part), word.as_bytes());
            assert_eq!(found, 0, "{word} is in a file of {part}");
        }
    }
    run(folder, &["verify"]).await.well();
    run(folder, &["rebuild"]).await.well();
    run(folder, &["verify"]).await.well();
    assert_eq!(self::seen(&admin, &conversation).await["conversation"], seen["conversation"]);
    assert_eq!(files_with(&index, SUBJECT.as_bytes()), 0);
    server.stop().await;
}

/// How many ciphertexts the database holds.
async fn sealed(folder: &std::path::Path) -> i64 {
    let behind = Behind::of(folder).await;
    let row = behind.client.query_one("select count(*) from sealed", &[]).await;
    let count = row.expect("a count").get(0);
    behind.close().await;
    count
}
