//! Subject lines and the texts of custom fields that are deleted for good.

use allhours_api::{desk::CommandContext, graphql::id::Kind};
use allhours_domain::{
    actor::Actor,
    conversation::{Conversation, command::SetField},
    fields::{FieldInput, FieldKind},
    ids::ConversationId,
    text::{FieldText, Key},
};
use serde_json::{Value, json};

use super::desk::TestDesk;

const CONVERSATION: &str = "conversation { id version }";
const CARD: &str = "4111 1111 1111 1111";

/// How many sealed texts there are of events of one name.
async fn sealed(desk: &TestDesk, name: &str) -> i64 {
    let sql = "select count(*) from sealed where event_id in
        (select event_id from events where name = $1)";
    let owner = desk.database.owner().await.expect("a connection");
    owner.query_one(sql, &[&name]).await.expect("a count").get(0)
}

/// A conversation that an agent opened, with the card in its subject line.
async fn opened(desk: &TestDesk) -> String {
    let (_, customer) = desk.customer("Lin").await;
    let input = json!({
        "customerId": customer, "channel": "EMAIL", "subject": format!("My card {CARD}"),
    });
    let made = desk.granted(&desk.ada, "conversationOpen", input, CONVERSATION).await;
    made["conversation"]["id"].as_str().expect("an id").to_owned()
}

async fn define(desk: &TestDesk, field: &str, kind: &str) {
    let input = json!({ "field": field, "kind": kind });
    desk.granted(&desk.admin, "fieldDefine", input, "desk { version }").await;
}

async fn set(desk: &TestDesk, conversation: &str, field: &str, value: Value) {
    let input = json!({ "conversationId": conversation, "field": field, "value": value });
    desk.granted(&desk.ada, "conversationSetField", input, CONVERSATION).await;
}

fn redact(conversation: &str, what: &Value) -> Value {
    let mut input = json!({ "conversationId": conversation, "reason": "a card number" });
    input.as_object_mut().expect("an object").extend(what.as_object().expect("one").clone());
    input
}

async fn redacted(desk: &TestDesk, conversation: &str, what: Value) -> Value {
    let input = redact(conversation, &what);
    desk.granted(&desk.supervisor, "conversationRedact", input, CONVERSATION).await
}

/// What a conversation says of its subject and fields: now, in a list, and as of a position.
async fn seen(desk: &TestDesk, id: &str, as_of: i64) -> [Value; 3] {
    let document = "query($id: ID!, $at: Position!, $now: Position!) {
        now: conversation(id: $id) { ...it }
        then: conversation(id: $id, asOf: { position: $at }) { ...it }
        conversations(first: 9, minPosition: $now) { nodes { ...it } }
    } fragment it on Conversation {
        subject { text state } fields { field integer text { text state } }
    }";
    let variables = json!({ "id": id, "at": as_of, "now": desk.head().await });
    let response = desk.ask(&desk.admin, document, variables).await;
    assert_eq!(response.get("errors"), None, "{response:#}");
    let data = &response["data"];
    assert_eq!(data["conversations"]["nodes"].as_array().map(Vec::len), Some(1), "{data:#}");
    [data["now"].clone(), data["then"].clone(), data["conversations"]["nodes"][0].clone()]
}

/// Deletes every sealed text of events with these names behind the log's back; their positions.
async fn lost(desk: &TestDesk, names: &[&str]) -> Vec<Option<i64>> {
    let sql = "with lost as (delete from sealed where event_id in
        (select event_id from events where name = any ($1)) returning position)
        select distinct position from lost order by position";
    let client = desk.database.owner().await.expect("a connection");
    let rows = client.query(sql, &[&names]).await.expect("nothing forbids it");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_redacted_subject_line_can_be_read_by_nobody_now_in_lists_and_as_of_before() {
    let desk = TestDesk::open().await;
    let id = opened(&desk).await;
    let before = desk.head().await;
    let denied = desk.denied(&desk.ada, "conversationRedact", redact(&id, &json!({}))).await;
    assert_eq!(denied, "FORBIDDEN");
    assert_eq!(sealed(&desk, "conversation.opened").await, 1);
    redacted(&desk, &id, json!({ "subject": true })).await;
    assert_eq!(sealed(&desk, "conversation.opened").await, 0);
    for seen in seen(&desk, &id, before).await {
        assert_eq!(seen["subject"], json!({ "text": null, "state": "ERASED" }));
    }
    assert_eq!(desk.findings().await, []);
    let head = desk.head().await;
    redacted(&desk, &id, json!({ "subject": true })).await;
    assert_eq!(desk.head().await, head, "it is redacted once");
}

#[tokio::test]
async fn every_text_that_a_field_ever_held_is_redacted_and_none_of_another_field() {
    let desk = TestDesk::open().await;
    define(&desk, "card", "TEXT").await;
    define(&desk, "remark", "TEXT").await;
    define(&desk, "pairs", "INTEGER").await;
    let id = opened(&desk).await;
    set(&desk, &id, "remark", json!({ "text": "left of the door" })).await;
    set(&desk, &id, "pairs", json!({ "integer": 2 })).await;
    for text in [CARD, "4111 1111 1111 1112"] {
        set(&desk, &id, "card", json!({ "text": text })).await;
    }
    let before = desk.head().await;
    assert_eq!(sealed(&desk, "conversation.field_set").await, 3);
    redacted(&desk, &id, json!({ "field": "card" })).await;
    assert_eq!(sealed(&desk, "conversation.field_set").await, 1);
    let gone = json!({ "text": null, "state": "ERASED" });
    let kept = json!({ "text": "left of the door", "state": "READABLE" });
    for seen in seen(&desk, &id, before).await {
        assert_eq!(
            seen["fields"],
            json!([
                { "field": "card", "integer": null, "text": gone },
                { "field": "pairs", "integer": 2, "text": null },
                { "field": "remark", "integer": null, "text": kept },
            ])
        );
        assert_eq!(seen["subject"]["state"], "READABLE");
    }
    assert_eq!(desk.findings().await, []);

    // What is written after it is a text like any other, until it is redacted as well.
    set(&desk, &id, "card", json!({ "text": "none" })).await;
    let [now, ..] = seen(&desk, &id, before).await;
    assert_eq!(now["fields"][0]["text"]["text"], "none");
    set(&desk, &id, "card", Value::Null).await;
    redacted(&desk, &id, json!({ "field": "card" })).await;
    assert_eq!(sealed(&desk, "conversation.field_set").await, 1);
    assert_eq!(desk.findings().await, []);
}

#[tokio::test]
async fn of_a_text_that_is_gone_the_log_must_say_that_just_this_one_was_redacted() {
    let desk = TestDesk::open().await;
    define(&desk, "card", "TEXT").await;
    define(&desk, "remark", "TEXT").await;
    let (id, other) = (opened(&desk).await, opened(&desk).await);
    for (conversation, field) in [(&id, "card"), (&id, "remark"), (&other, "card")] {
        set(&desk, conversation, field, json!({ "text": CARD })).await;
    }
    redacted(&desk, &id, json!({ "field": "card" })).await;
    redacted(&desk, &id, json!({ "subject": true })).await;
    // Written after the redaction, so not covered by it.
    set(&desk, &id, "card", json!({ "text": CARD })).await;
    let names = [
        "conversation.opened",
        "conversation.field_set",
        "conversation.field_redacted",
        "conversation.subject_redacted",
    ];
    let lost = lost(&desk, &names).await;
    assert_eq!(lost.len(), 1 + 3 + 2, "the other subject, three texts, two reasons");
    assert_eq!(desk.findings().await, lost);
}

#[tokio::test]
async fn with_a_subject_line_goes_what_providers_sent_also_where_answers_to_it_went_on() {
    let desk = TestDesk::open().await;
    let deliver = async |number: u8, thread: &str| {
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": number.to_string(),
            "raw": format!("Subject: {thread} {CARD}\n\nHello"), "from": "lin@example.org",
            "subject": format!("{thread} {CARD}"), "text": "Hello", "thread": thread,
        });
        let object = "intake { conversationId }";
        let received = desk.granted(&desk.integration, "intakeReceive", input, object).await;
        received["intake"]["conversationId"].as_str().expect("an id").to_owned()
    };
    let (first, second) = (deliver(1, "boots").await, deliver(2, "laces").await);
    assert_ne!(first, second);
    let merge = json!({ "sourceId": first, "targetId": second });
    desk.granted(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
    assert_eq!(deliver(3, "boots").await, second, "an answer goes on where the first was merged");
    let unmerge = json!({ "conversationId": first });
    desk.granted(&desk.ada, "conversationUnmerge", unmerge, CONVERSATION).await;

    assert_eq!(sealed(&desk, "intake.received").await, 2 * 3);
    redacted(&desk, &first, json!({ "subject": true })).await;
    // What was sent before the merge repeats no line of what was merged.
    assert_eq!(sealed(&desk, "intake.received").await, 2);
    assert_eq!(sealed(&desk, "conversation.opened").await, 1);
    assert_eq!(sealed(&desk, "conversation.customer_message_received").await, 3);
    assert_eq!(desk.findings().await, []);
}

#[tokio::test]
async fn what_is_to_be_redacted_is_said_in_one_way_and_must_be_there() {
    let desk = TestDesk::open().await;
    define(&desk, "pairs", "INTEGER").await;
    let id = opened(&desk).await;
    set(&desk, &id, "pairs", json!({ "integer": 2 })).await;
    let (lin, _) = desk.customer("Lin").await;
    let bare = desk.conversation(&lin, "Hello").await;
    let message = desk.messages(&lin, &bare).await[0][0].clone();
    let head = desk.head().await;
    for (conversation, what, code) in [
        (&id, json!({}), "INVALID_INPUT"),
        (&id, json!({ "subject": false }), "INVALID_INPUT"),
        (&id, json!({ "subject": true, "field": "pairs" }), "INVALID_INPUT"),
        (&bare, json!({ "subject": true, "messageId": message }), "INVALID_INPUT"),
        (&id, json!({ "field": "No such key" }), "INVALID_INPUT"),
        (&id, json!({ "field": "pairs" }), "NO_TEXT"),
        (&bare, json!({ "subject": true }), "NO_SUBJECT"),
        (&id, json!({ "subject": true, "expectedVersion": 1 }), "STALE_VERSION"),
    ] {
        let input = redact(conversation, &what);
        let no = desk.refused(&desk.supervisor, "conversationRedact", input, CONVERSATION).await;
        assert_eq!(no["code"], code, "{what}");
    }
    assert_eq!(desk.head().await, head);
}

#[tokio::test]
async fn a_redaction_that_is_sent_again_is_answered_as_the_first_time() {
    let desk = TestDesk::open().await;
    define(&desk, "card", "TEXT").await;
    let id = opened(&desk).await;
    set(&desk, &id, "card", json!({ "text": CARD })).await;
    for what in [json!({ "field": "card" }), json!({ "subject": true })] {
        let mut input = redact(&id, &what);
        input["idempotencyKey"] = what.to_string().into();
        let redact = async |input: Value| {
            desk.answered(&desk.supervisor, "conversationRedact", input, CONVERSATION).await
        };
        let first = redact(input.clone()).await;
        assert_eq!((&first["repeated"], &first["userErrors"]), (&json!(false), &json!([])));
        set(&desk, &id, "card", json!({ "text": "none" })).await;
        let again = redact(input.clone()).await;
        assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &first["position"]));
        input["reason"] = "another one".into();
        assert_eq!(redact(input).await["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
    }
}

#[tokio::test]
async fn no_text_of_a_field_that_was_set_beside_its_redaction_is_older_than_it_and_stays() {
    let desk = TestDesk::open().await;
    define(&desk, "card", "TEXT").await;
    let id = opened(&desk).await;
    set(&desk, &id, "card", json!({ "text": CARD })).await;
    let setting = async {
        for number in 0..40 {
            set(&desk, &id, "card", json!({ "text": format!("{CARD} {number}") })).await;
        }
    };
    let owner = desk.database.owner().await.expect("a connection");
    let older = "select count(*) from sealed s join events e on e.position = s.position
        where e.name = 'conversation.field_set' and e.position < $1";
    let redacting = async {
        let mut granted = 0;
        for _ in 0..12 {
            let input = redact(&id, &json!({ "field": "card" }));
            let done =
                desk.answered(&desk.supervisor, "conversationRedact", input, CONVERSATION).await;
            if done["userErrors"][0]["code"] == "STALE_VERSION" {
                continue;
            }
            assert_eq!(done["userErrors"], json!([]), "{done:#}");
            let position = done["position"].as_i64().expect("a position");
            let left: i64 = owner.query_one(older, &[&position]).await.expect("a count").get(0);
            assert_eq!(left, 0, "after {granted} others");
            granted += 1;
        }
        assert!(granted > 0, "one of them was granted");
    };
    tokio::join!(setting, redacting);
    assert_eq!(desk.findings().await, []);
}

#[tokio::test]
async fn a_field_that_held_more_texts_than_an_append_may_name_is_redacted_whole() {
    let desk = TestDesk::open().await;
    define(&desk, "card", "TEXT").await;
    let id = opened(&desk).await;
    let uuid: uuid::Uuid = Kind::Conversation.read(&id).expect("an id");
    let conversation = ConversationId(uuid);
    let elsewhere = desk.elsewhere();
    for texts in [1_000, 1_000, 1] {
        let context = CommandContext::now(desk.tenant, Actor::System("test".to_owned()));
        let text = FieldText::new(CARD).expect("a text");
        let command = SetField {
            field: Key::new("card").expect("a key"),
            kind: Some(FieldKind::Text),
            value: Some(FieldInput::Text(text)),
        };
        let unit = (0..texts).fold(elsewhere.unit(&context), |unit, _| {
            unit.with::<Conversation>(conversation, command.clone())
        });
        unit.commit().await.expect("it is granted");
    }
    assert_eq!(sealed(&desk, "conversation.field_set").await, 2_001);
    redacted(&desk, &id, json!({ "field": "card" })).await;
    assert_eq!(sealed(&desk, "conversation.field_set").await, 0);
    assert_eq!(sealed(&desk, "conversation.field_redacted").await, 1, "one event says so");
    assert_eq!(desk.findings().await, []);
}
