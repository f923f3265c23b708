//! Words planted wherever something about a customer can stand: each can be read before an
//! erasure, none stands in the database in the clear, and nothing of any is left afterwards.
#![expect(clippy::panic, reason = "what is not as it must be ends the test")]

use serde_json::{Value, json};

use super::{
    erasing::{dump, files_with, holds},
    run::{mutate, replayed, run, until},
};
use crate::process::{Caller, Served};

// No part of four letters comes twice, so that compression leaves them whole.
const NAME: &str = "qzjxvkwbyp";
const ADDRESS: &str = "wvkqyzbhxj";
const SECOND_ADDRESS: &str = "xkzdvqwjfb";
const SUBJECT: &str = "jvqgxzkfwy";
const MESSAGE: &str = "bzwxqhjkdv";
const RAW: &str = "kfxjzqvgwb";
const EXTERNAL_ID: &str = "vwzjkhqxby";
const THREAD: &str = "yqkxwzvjdh";
const NOTE: &str = "hxvzqkjwgf";
const FIELD: &str = "fjwqvxzkbh";
const REPLY: &str = "gkqzwvxjyd";
const REASON: &str = "dqvkzjxwhb";
const MERGED_NAME: &str = "zhgxbqvjkw";
const OWN_MESSAGE: &str = "pwqjzvxkgd";

/// All that is kept as it was written; a thread's name only leads to a conversation.
const READABLE: [&str; 13] = [
    NAME,
    ADDRESS,
    SECOND_ADDRESS,
    SUBJECT,
    MESSAGE,
    RAW,
    EXTERNAL_ID,
    NOTE,
    FIELD,
    REPLY,
    REASON,
    MERGED_NAME,
    OWN_MESSAGE,
];

/// Somebody who is not of the demo, by role.
struct Callers {
    supervisor: Caller,
    admin: Caller,
    integration: Caller,
}

/// The customer and the conversation that a delivery made.
async fn delivered(callers: &Callers) -> (String, String) {
    let query = "mutation ($input: IntakeReceiveInput!) { intakeReceive(input: $input) {
        intake { customerId conversationId } userErrors { code message } } }";
    let input = json!({
        "channel": "EMAIL", "account": "support", "externalId": format!("id-{EXTERNAL_ID}"),
        "raw": format!("Subject: {SUBJECT}\n\n{RAW}"), "from": format!("{ADDRESS}@example.org"),
        "displayName": format!("Ada {NAME}"), "thread": format!("thread-{THREAD}"),
        "subject": format!("About {SUBJECT}"), "text": format!("my word is {MESSAGE}"),
    });
    let data = callers.integration.data(query, &json!({ "input": input })).await;
    // It comes again, as providers do.
    callers.integration.data(query, &json!({ "input": input })).await;
    let intake = &data["intakeReceive"]["intake"];
    let id = |name: &str| intake[name].as_str().unwrap_or_else(|| panic!("{data}")).to_owned();
    (id("customerId"), id("conversationId"))
}

/// Writes about the customer wherever it can be done.
async fn plant(server: &Served, callers: &Callers, customer: &str, conversation: &str) {
    let Callers { supervisor, admin, .. } = callers;
    let colleague = supervisor.data("{ agents(first: 5) { nodes { id } } }", &json!({})).await;
    let colleague = colleague["agents"]["nodes"][0]["id"].clone();
    let on = |more: Value| {
        let mut input = json!({ "conversationId": conversation });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        input
    };
    let note = on(json!({ "text": format!("they said {NOTE}"), "mentionIds": [colleague] }));
    mutate(supervisor, "conversationAddNote", note).await;
    mutate(admin, "fieldDefine", json!({ "field": "remark", "kind": "TEXT" })).await;
    let field = json!({ "field": "remark", "value": { "text": format!("likes {FIELD}") } });
    mutate(supervisor, "conversationSetField", on(field)).await;
    mutate(supervisor, "conversationClaim", on(json!({}))).await;
    mutate(supervisor, "conversationReply", on(json!({ "text": format!("dear {REPLY}") }))).await;
    let second = json!({
        "customerId": customer, "channel": "SMS", "address": format!("{SECOND_ADDRESS}@sms"),
    });
    mutate(supervisor, "customerLinkAddress", second).await;

    let other = json!({ "displayName": format!("Ada {MERGED_NAME}"), "language": "en" });
    let identify = "mutation ($input: CustomerIdentifyInput!) {
        customerIdentify(input: $input) { customer { id } userErrors { code message } } }";
    let other = supervisor.data(identify, &json!({ "input": other })).await;
    let other = other["customerIdentify"]["customer"]["id"].clone();
    mutate(supervisor, "customerMerge", json!({ "sourceId": other, "targetId": customer })).await;

    let folder = server.place().data();
    let token = ["token", "--tenant", "demo", "--role", "customer", "--subject", customer];
    let own = server.caller_with(run(folder, &token).await.well().trim());
    let said = on(json!({ "text": format!("and my own is {OWN_MESSAGE}") }));
    mutate(&own, "messageSend", said).await;
    let query = "query ($id: ID!) { conversation(id: $id) { timeline(first: 50) {
        nodes { message { id text { text } } } } } }";
    let messages = supervisor.data(query, &json!({ "id": conversation })).await;
    let messages = messages["conversation"]["timeline"]["nodes"].as_array().expect("it").clone();
    let is_reply = |it: &&Value| it["message"]["text"]["text"].to_string().contains("dear");
    let reply = &messages.iter().find(is_reply).expect("the reply")["message"];
    let reason = json!({
        "messageId": reply["id"], "reason": format!("it told {REASON}"),
    });
    // What is redacted is gone at once: only the reason stays to be looked for.
    mutate(supervisor, "conversationReply", on(json!({ "text": format!("so {REPLY}") }))).await;
    mutate(supervisor, "conversationRedact", on(reason)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_something_about_a_customer_stands_an_erasure_finds_it() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let callers = Callers {
        supervisor: server.caller("supervisor").await,
        admin: server.caller("admin").await,
        integration: server.caller("integration").await,
    };
    let (customer, conversation) = delivered(&callers).await;
    plant(&server, &callers, &customer, &conversation).await;

    let readable = run(folder, &["replay", "--open"]).await.well();
    for word in READABLE {
        assert!(readable.contains(word), "{word} was planted");
    }
    let before = dump(folder).await;
    for word in READABLE.into_iter().chain([THREAD]) {
        assert!(!holds(&before, word.as_bytes()), "{word} stands in the clear in the database");
    }
    let index = folder.join("search");
    for word in [NAME, SUBJECT, MESSAGE, NOTE] {
        let indexed = async || (files_with(&index, word.as_bytes()) > 0).then_some(());
        until(&format!("{word} is indexed"), indexed).await;
    }

    let erase = ["erase", "--tenant", "demo", "--customer", &customer];
    let foreseen = run(folder, &[&erase[..], &["--output", "json"]].concat()).await.json();
    assert_eq!((&foreseen["profiles"], &foreseen["conversations"]), (&json!(2), &json!(1)));
    let erased = run(folder, &[&erase[..], &["--yes", "--output", "json"]].concat()).await.json();
    assert_eq!(erased["certificate"]["textsDeleted"], foreseen["texts"], "{erased}");

    let after = dump(folder).await;
    let opened = run(folder, &["replay", "--open"]).await.well();
    let read = "query ($id: ID!, $of: ID!) {
        conversation(id: $id) { subject { text } lastMessage { text } fields { text { text } }
            timeline(first: 50) { nodes { message { text { text } } } } }
        customer(id: $of) { displayName { text } addresses { address { text } } } }";
    let seen = callers.supervisor.ask(read, &json!({ "id": conversation, "of": customer })).await;
    let seen = seen.expect("an answer").to_string();
    assert!(!seen.contains("\"errors\""), "{seen}");
    for word in READABLE.into_iter().chain([THREAD]) {
        assert!(!holds(&after, word.as_bytes()), "{word} is in the database");
        assert_eq!(files_with(&index, word.as_bytes()), 0, "{word} is in the index");
        assert!(!opened.contains(word), "{word} can be replayed");
        assert!(!seen.contains(word), "{word} is shown: {seen}");
        assert!(!server.log().contains(word), "{word} is in the log of the program");
    }
    let events = replayed(folder, &["--where", "type=intake.duplicate_received"]).await;
    assert_eq!(events.len(), 1, "the second delivery was counted");
    run(folder, &["verify"]).await.well();
    server.stop().await;
}
