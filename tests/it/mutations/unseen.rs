//! What customers must not learn of by any way round: that there are private notes, and how they
//! are served.

use allhours_api::graphql::viewer::Viewer;
use async_graphql::Response;
use futures_util::{StreamExt as _, stream::BoxStream};
use serde_json::{Value, json};
use std::time::Duration;

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation { id version }";

/// Everything that a customer can ask of their conversations, cursors included.
const ALL: &str = "query($id: ID!, $me: ID!, $p: Position!) {
    conversation(id: $id, minPosition: $p) { ...it }
    conversations(first: 4, minPosition: $p) {
        edges { cursor node { ...it } } pageInfo { endCursor }
    }
    last: conversations(last: 1, minPosition: $p) {
        nodes { id } pageInfo { startCursor hasPreviousPage }
    }
    customer(id: $me, minPosition: $p) {
        version contacts { live total reopenings lastContactAt }
        conversations(first: 4) { edges { cursor node { ...it } } }
        lastOfAll: conversations(last: 1) { nodes { id } }
    }
    node(id: $id, minPosition: $p) { id ... on Conversation { ...it } }
} fragment it on Conversation {
    id channel subject { text } lastMessage { text } language status tags fields { field }
    team { id } assignee { id version } waitingOn openedAt lastActivityAt waitingSince
    snoozedUntil resolvedAt messageCount episode episodes { openedAt firstReplyAt }
    mergedInto { id }
    timeline(first: 9) { edges { cursor node { id name at } } pageInfo { hasNextPage } }
}";

async fn read(desk: &TestDesk, viewer: &Viewer, id: &str, me: &str) -> Value {
    let variables = json!({ "id": id, "me": me, "p": desk.head().await });
    let response = desk.ask(viewer, ALL, variables).await;
    assert_eq!(response.get("errors"), None, "{response:#}");
    response["data"].clone()
}

fn first(seen: &Value) -> &Value {
    &seen["conversations"]["edges"][0]["node"]["id"]
}

async fn note(desk: &TestDesk, id: &str) {
    let mentioned = agent_id(&desk.bob);
    let note = json!({ "conversationId": id, "text": "was rude", "mentionIds": [mentioned] });
    desk.granted(&desk.ada, "conversationAddNote", note, CONVERSATION).await;
}

async fn reply(desk: &TestDesk, id: &str) -> Value {
    let reply = json!({ "conversationId": id, "text": "They come in half sizes." });
    desk.granted(&desk.ada, "conversationReply", reply, CONVERSATION).await
}

#[tokio::test]
async fn nothing_that_a_customer_reads_is_another_after_a_private_note() {
    let desk = TestDesk::open().await;
    let (lin, me) = desk.customer("Lin").await;
    let old = desk.conversation(&lin, "My shoes are too small.").await;
    let new = desk.conversation(&lin, "And the shoes box was open.").await;
    let others = read(&desk, &desk.ada, &old, &me).await;
    let before = read(&desk, &lin, &old, &me).await;
    assert_eq!(first(&before), &json!(new));
    note(&desk, &old).await;
    assert_eq!(read(&desk, &lin, &old, &me).await, before);
    // At the desk they do see it.
    let seen = read(&desk, &desk.ada, &old, &me).await;
    assert_eq!(first(&seen), &json!(old));
    let at = |seen: &Value| seen["conversation"]["lastActivityAt"].clone();
    assert_ne!(at(&seen), at(&others));
    // What is not private shows to both.
    reply(&desk, &old).await;
    let after = read(&desk, &lin, &old, &me).await;
    assert_eq!(first(&after), &json!(old));
    assert_ne!(at(&after), at(&before));
    let theirs = &after["customer"]["conversations"]["edges"][0];
    assert_eq!(theirs["node"]["id"], json!(old));
    assert_eq!(theirs["cursor"], after["conversations"]["edges"][0]["cursor"]);
}

#[tokio::test]
async fn the_pages_of_a_customers_list_go_on_where_they_ended_whatever_is_noted_between() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(desk.conversation(&lin, &format!("Question {number}")).await);
    }
    for (arguments, end, newest_first) in
        [("first: 2, after", "endCursor", true), ("last: 2, before", "startCursor", false)]
    {
        let document = format!(
            "query($c: String, $p: Position!) {{ conversations({arguments}: $c, minPosition: $p) {{
                nodes {{ id }} pageInfo {{ {end} }} }} }}"
        );
        let mut seen: Vec<String> = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let variables = json!({ "c": cursor, "p": desk.head().await });
            let page = desk.ask(&lin, &document, variables).await;
            let page = &page["data"]["conversations"];
            let nodes = page["nodes"].as_array().expect("nodes");
            if nodes.is_empty() {
                break;
            }
            let page_ids = nodes.iter().map(|it| it["id"].as_str().expect("an id").to_owned());
            let at = if newest_first { seen.len() } else { 0 };
            seen.splice(at..at, page_ids);
            cursor = page["pageInfo"][end].clone();
            // Would move what comes after it to where the customer has been.
            note(&desk, &ids[1]).await;
        }
        seen.reverse();
        assert_eq!(seen, ids);
    }
}

#[tokio::test]
async fn a_stale_version_tells_a_customer_who_and_when_only_of_what_they_see() {
    let desk = TestDesk::open().await;
    let (lin, me) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let stale = async |viewer: &Viewer, mutation: &str, what: (&str, &str)| {
        let input = json!({ "conversationId": id, "expectedVersion": 2, what.0: what.1 });
        let no = desk.refused(viewer, mutation, input, CONVERSATION).await;
        assert_eq!(no["code"], "STALE_VERSION", "{no}");
        no
    };
    note(&desk, &id).await;
    let no = stale(&lin, "messageSend", ("text", "Hello?")).await;
    assert_eq!((&no["changedBy"], &no["changedAt"]), (&json!(null), &json!(null)));
    assert_eq!(no["currentVersion"], 4);
    let no = stale(&desk.supervisor, "conversationSetPriority", ("priority", "HIGH")).await;
    assert_eq!(no["changedBy"]["agent"]["id"], json!(agent_id(&desk.ada)));
    let replied = reply(&desk, &id).await;
    let no = stale(&lin, "messageSend", ("text", "Hello?")).await;
    assert_eq!(no["changedBy"]["agent"]["id"], json!(agent_id(&desk.ada)));
    assert!(no["changedAt"].is_string(), "{no}");
    assert_eq!(no["currentVersion"], replied["version"]);

    // How they are served is not shown to them either.
    let tier = json!({ "customerId": me, "tier": "VIP" });
    desk.granted(&desk.ada, "customerSetTier", tier, "customer { version }").await;
    let consent = json!({
        "customerId": me, "purpose": "ASSISTANT", "granted": true, "expectedVersion": 1,
    });
    let customer = "customer { version }";
    let no = desk.refused(&lin, "customerSetConsent", consent, customer).await;
    assert_eq!((&no["changedBy"], &no["changedAt"]), (&json!(null), &json!(null)), "{no}");
}

async fn frame(frames: &mut BoxStream<'static, Response>) -> Value {
    let frame = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
    let frame = frame.expect("a frame in time").expect("a frame");
    assert!(frame.errors.is_empty(), "{:?}", frame.errors);
    frame.data.into_json().expect("a frame is JSON")
}

#[tokio::test]
async fn what_a_customer_follows_says_nothing_of_notes_or_of_their_tier() {
    let desk = TestDesk::open().await;
    let (lin, me) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let head = desk.head().await;
    let events = format!(
        "subscription {{ conversationEvents(id: \"{id}\", after: {head}) {{ entry {{ name }} }} }}"
    );
    let nodes = format!(
        "subscription {{ nodesChanged(ids: [\"{id}\", \"{me}\"], after: {head}) {{ position id }} }}"
    );
    let (mut events, mut nodes) = (desk.follow(&lin, &events), desk.follow(&lin, &nodes));
    note(&desk, &id).await;
    let tier = json!({ "customerId": me, "tier": "VIP" });
    desk.granted(&desk.ada, "customerSetTier", tier, "customer { version }").await;
    let replied = reply(&desk, &id).await;
    let name = frame(&mut events).await["conversationEvents"]["entry"]["name"].clone();
    assert_eq!(name, "conversation.agent_replied");
    let changed = frame(&mut nodes).await["nodesChanged"].clone();
    assert_eq!(changed, json!({ "position": replied["position"], "id": id }));
}
