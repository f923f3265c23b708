//! Conversations that become one or two, and messages whose text is deleted for good.

use allhours_api::graphql::viewer::Viewer;
use serde_json::{Value, json};

use super::desk::TestDesk;

const CONVERSATION: &str = "conversation { id version status mergedInto { id } messageCount }";

/// How many sealed texts the database holds.
async fn sealed(desk: &TestDesk) -> i64 {
    let owner = desk.database.owner().await.expect("a connection");
    owner.query_one("select count(*) from sealed", &[]).await.expect("a count").get(0)
}

fn texts(messages: &[[String; 3]]) -> Vec<&str> {
    messages.iter().map(|it| it[2].as_str()).collect()
}

#[tokio::test]
async fn a_merged_conversation_goes_on_in_the_other_one_and_comes_back() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let one = desk.conversation(&lin, "My shoes are too small.").await;
    let other = desk.conversation(&lin, "And the box was open.").await;
    let merge = json!({ "sourceId": other, "targetId": one, "idempotencyKey": "merge" });
    let merged = desk.granted(&desk.ada, "conversationMerge", merge.clone(), CONVERSATION).await;
    assert_eq!(merged["conversation"]["id"], one.as_str());
    let again = desk.granted(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &merged["position"]));

    let both = desk.messages(&lin, &one).await;
    assert_eq!(texts(&both), ["My shoes are too small.", "And the box was open."]);
    let more = json!({ "conversationId": other, "text": "Hello?" });
    let sent = desk.granted(&lin, "messageSend", more, CONVERSATION).await;
    assert_eq!(sent["conversation"]["id"], one.as_str());
    let reply = json!({ "conversationId": other, "text": "Sorry!" });
    let no = desk.refused(&desk.ada, "conversationReply", reply, CONVERSATION).await;
    assert_eq!(no["code"], "MERGED_INTO");

    let on = json!({ "conversationId": other });
    let back = desk.granted(&desk.ada, "conversationUnmerge", on.clone(), CONVERSATION).await;
    assert_eq!(back["conversation"]["status"], "OPEN");
    let no = desk.refused(&desk.ada, "conversationUnmerge", on, CONVERSATION).await;
    assert_eq!(no["code"], "NOT_MERGED");
}

#[tokio::test]
async fn only_two_conversations_of_one_customer_are_merged() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let (mia, _) = desk.customer("Mia").await;
    let lins = desk.conversation(&lin, "My shoes are too small.").await;
    let mias = desk.conversation(&mia, "My shoes are too large.").await;
    for (source, target, expected) in
        [(&lins, &mias, "OTHER_CUSTOMER"), (&lins, &lins, "INTO_ITSELF")]
    {
        let merge = json!({ "sourceId": source, "targetId": target });
        let no = desk.refused(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
        assert_eq!(no["code"], expected);
    }
}

#[tokio::test]
async fn messages_that_are_split_off_begin_a_new_conversation_and_one_has_to_stay() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let more = json!({ "conversationId": id, "text": "And my invoice is wrong." });
    desk.granted(&lin, "messageSend", more, CONVERSATION).await;
    let messages = desk.messages(&lin, &id).await;
    let ids: Vec<&str> = messages.iter().map(|it| it[0].as_str()).collect();
    let split = |ids: &[&str]| json!({ "conversationId": id, "messageIds": ids, "idempotencyKey": format!("{ids:?}") });
    let no = desk.refused(&desk.ada, "conversationSplit", split(&ids), CONVERSATION).await;
    assert_eq!(no["code"], "NOTHING_STAYS");
    let no = desk.refused(&desk.ada, "conversationSplit", split(&[]), CONVERSATION).await;
    assert_eq!(no["code"], "NOTHING_TO_SPLIT");

    let invoice = split(&ids[1..]);
    let made = desk.granted(&desk.ada, "conversationSplit", invoice.clone(), CONVERSATION).await;
    assert_ne!(made["conversation"]["id"], id.as_str());
    assert_eq!(made["version"], made["conversation"]["version"]);
    assert_eq!(made["conversation"]["messageCount"], 1);
    let again = desk.granted(&desk.ada, "conversationSplit", invoice, CONVERSATION).await;
    assert_eq!(again["conversation"]["id"], made["conversation"]["id"]);
    assert_eq!(again["position"], made["position"]);
}

/// What a conversation's timeline says, as of a point in the past or now.
async fn timeline(desk: &TestDesk, viewer: &Viewer, id: &str, as_of: Value) -> Value {
    let document = "query($id: ID!, $asOf: AsOf) { conversation(id: $id, asOf: $asOf) {
        messageCount lastMessage { text } timeline(first: 100) { nodes {
            name conversationId message { text { text } }
            moved { messageIds source { id } target { id } }
        } }
    } }";
    let response = desk.ask(viewer, document, json!({ "id": id, "asOf": as_of })).await;
    assert_eq!(response.get("errors"), None, "{response:#}");
    response["data"]["conversation"].clone()
}

fn written(conversation: &Value) -> Vec<&str> {
    let nodes = conversation["timeline"]["nodes"].as_array().expect("nodes");
    nodes.iter().filter_map(|node| node["message"]["text"]["text"].as_str()).collect()
}

fn moved(conversation: &Value) -> Vec<&Value> {
    let nodes = conversation["timeline"]["nodes"].as_array().expect("nodes");
    nodes.iter().map(|node| &node["moved"]).filter(|moved| !moved.is_null()).collect()
}

/// A conversation of which the last of three messages is split off: it, the new one, the position
/// before, and the message.
async fn split(desk: &TestDesk, lin: &Viewer) -> (String, String, i64, String) {
    let id = desk.conversation(lin, "My shoes are too small.").await;
    for text in ["I wear 43.", "And my invoice is wrong."] {
        let more = json!({ "conversationId": id, "text": text });
        desk.granted(lin, "messageSend", more, CONVERSATION).await;
    }
    let message = desk.messages(lin, &id).await[2][0].clone();
    let before = desk.head().await;
    let input = json!({ "conversationId": id, "messageIds": [message] });
    let made = desk.granted(&desk.ada, "conversationSplit", input, CONVERSATION).await;
    (id, made["conversation"]["id"].as_str().expect("an id").to_owned(), before, message)
}

#[tokio::test]
async fn messages_that_were_split_off_show_where_they_are_now_and_as_of_before_where_they_were() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let (source, target, before, message) = split(&desk, &lin).await;
    for viewer in [&lin, &desk.ada] {
        let old = timeline(&desk, viewer, &source, json!(null)).await;
        assert_eq!(written(&old), ["My shoes are too small.", "I wear 43."]);
        assert_eq!(old["lastMessage"]["text"], "I wear 43.");
        let new = timeline(&desk, viewer, &target, json!(null)).await;
        assert_eq!(written(&new), ["And my invoice is wrong."]);
        assert_eq!(new["lastMessage"]["text"], "And my invoice is wrong.");
        let marker = json!({
            "messageIds": [message], "source": { "id": source }, "target": { "id": target },
        });
        assert_eq!(moved(&old), [&marker]);
        assert_eq!(moved(&new), [&marker]);

        let then = timeline(&desk, viewer, &source, json!({ "position": before })).await;
        assert_eq!(written(&then).len(), 3, "{then:#}");
        assert_eq!(then["lastMessage"]["text"], "And my invoice is wrong.");
        assert_eq!((moved(&then).len(), &then["messageCount"]), (0, &json!(3)));
        let none = timeline(&desk, viewer, &target, json!({ "position": before })).await;
        assert_eq!(none, json!(null));
    }
}

#[tokio::test]
async fn a_list_shows_the_last_message_of_what_was_split_until_somebody_writes() {
    let desk = TestDesk::open().await;
    let (lin, customer) = desk.customer("Lin").await;
    let (source, target, ..) = split(&desk, &lin).await;
    let list = "query($customer: ID!, $p: Position!) {
        conversations(first: 5, filter: { customerId: $customer }, minPosition: $p) {
            nodes { id messageCount lastMessage { text } }
        }
    }";
    let shown = async || {
        let variables = json!({ "customer": customer, "p": desk.head().await });
        let response = desk.ask(&desk.ada, list, variables).await;
        assert_eq!(response.get("errors"), None, "{response:#}");
        response["data"]["conversations"]["nodes"].as_array().expect("nodes").clone()
    };
    let node = |id: &str, count: i32, text: &str| json!({ "id": id, "messageCount": count, "lastMessage": { "text": text } });
    let nodes = shown().await;
    assert!(nodes.contains(&node(&source, 2, "I wear 43.")), "{nodes:?}");
    assert!(nodes.contains(&node(&target, 1, "And my invoice is wrong.")), "{nodes:?}");
    let more = json!({ "conversationId": target, "text": "It says 2 pairs." });
    desk.granted(&lin, "messageSend", more, CONVERSATION).await;
    assert!(shown().await.contains(&node(&target, 2, "It says 2 pairs.")));
}

#[tokio::test]
async fn merged_back_what_was_split_off_shows_again_and_as_of_before_the_merge_it_does_not() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let (source, target, ..) = split(&desk, &lin).await;
    let apart = desk.head().await;
    let merge = json!({ "sourceId": target, "targetId": source });
    desk.granted(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
    let merged = desk.head().await;
    let all = ["My shoes are too small.", "I wear 43.", "And my invoice is wrong."];
    assert_eq!(written(&timeline(&desk, &lin, &source, json!(null)).await), all);
    let then = timeline(&desk, &lin, &source, json!({ "position": apart })).await;
    assert_eq!(written(&then), all[..2]);
    let unmerge = json!({ "conversationId": target });
    desk.granted(&desk.ada, "conversationUnmerge", unmerge, CONVERSATION).await;
    assert_eq!(written(&timeline(&desk, &lin, &source, json!(null)).await), all[..2]);
    let then = timeline(&desk, &lin, &source, json!({ "position": merged })).await;
    assert_eq!(written(&then), all);
}

#[tokio::test]
async fn a_redacted_message_can_be_read_by_nobody_and_its_text_is_gone_from_the_database() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My card number is 4111 1111 1111 1111.").await;
    let before = sealed(&desk).await;
    let message = desk.messages(&lin, &id).await[0][0].clone();
    let redact = json!({ "conversationId": id, "messageId": message, "reason": "card number" });
    let denied = desk.denied(&desk.ada, "conversationRedact", redact.clone()).await;
    assert_eq!(denied, "FORBIDDEN");
    desk.granted(&desk.supervisor, "conversationRedact", redact, CONVERSATION).await;
    // The text went, the reason came.
    assert_eq!(sealed(&desk).await, before);
    assert_eq!(desk.findings().await, []);
    for viewer in [&lin, &desk.ada, &desk.admin] {
        assert_eq!(texts(&desk.messages(viewer, &id).await), ["ERASED"]);
    }
    let other = json!({ "conversationId": id, "messageId": id, "reason": "no message" });
    let no = desk.refused(&desk.supervisor, "conversationRedact", other, CONVERSATION).await;
    assert_eq!(no["code"], "NOT_FOUND");
}

#[tokio::test]
async fn redacting_a_message_deletes_what_its_provider_sent_even_after_it_was_split_off() {
    let desk = TestDesk::open().await;
    let deliver = |external_id: &str, text: &str| {
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": external_id,
            "raw": format!("Subject: shoes\n\n{text}"), "from": "lin@example.org", "text": text,
        });
        let object = "intake { conversationId messageId }";
        desk.granted(&desk.integration, "intakeReceive", input, object)
    };
    let first = deliver("1", "My shoes are too small.").await;
    let second: Value = deliver("2", "My card number is 4111 1111 1111 1111.").await;
    let (source, message) = (&first["intake"]["conversationId"], &second["intake"]["messageId"]);
    let split = json!({ "conversationId": source, "messageIds": [message] });
    let made = desk.granted(&desk.ada, "conversationSplit", split, CONVERSATION).await;
    let before = sealed(&desk).await;
    let redact = json!({
        "conversationId": made["conversation"]["id"], "messageId": message, "reason": "card",
    });
    desk.granted(&desk.supervisor, "conversationRedact", redact, CONVERSATION).await;
    // Gone: the text, the provider's form of it and the provider's id. Come: the reason.
    assert_eq!(sealed(&desk).await, before - 2);
    assert_eq!(desk.findings().await, []);

    // Of the other message, and of the reason, nothing says why they should be gone.
    let client = desk.database.owner().await.expect("a connection");
    let deletion = "with lost as (delete from sealed where event_id in (select event_id from events
        where name in ('conversation.customer_message_received', 'intake.received',
            'conversation.message_redacted')) returning position)
        select distinct position from lost order by position";
    let lost = client.query(deletion, &[]).await.expect("nothing forbids it");
    let lost: Vec<Option<i64>> = lost.iter().map(|row| row.get(0)).collect();
    assert_eq!(lost.len(), 3);
    assert_eq!(desk.findings().await, lost);
}
