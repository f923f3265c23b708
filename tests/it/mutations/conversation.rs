//! Work on conversations: from the customer's first message to closing.

use allhours_api::graphql::id::Kind;
use allhours_domain::ids::ConversationId;
use serde_json::json;
use uuid::Uuid;

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation {
    id version status language channel tags priority tier episode
    assignee { id } fields { field text { text } integer boolean date choice }
}";
/// What of it is for its customer.
const OWN: &str = "conversation { id version status language channel episode assignee { id } }";

#[tokio::test]
async fn a_conversation_goes_from_the_first_message_to_closing() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let on = json!({ "conversationId": id });
    let claimed = desk.granted(&desk.ada, "conversationClaim", on.clone(), CONVERSATION).await;
    assert_eq!(claimed["conversation"]["assignee"]["id"], agent_id(&desk.ada).as_str());
    let early = desk.refused(&desk.ada, "conversationResolve", on.clone(), CONVERSATION).await;
    assert_eq!(early["code"], "CUSTOMER_WAITS");

    let reply = json!({ "conversationId": id, "text": "Send them back." });
    desk.granted(&desk.ada, "conversationReply", reply, CONVERSATION).await;
    let resolved = desk.granted(&desk.ada, "conversationResolve", on.clone(), CONVERSATION).await;
    assert_eq!(resolved["conversation"]["status"], "RESOLVED");
    desk.granted(&lin, "conversationConfirmResolution", on.clone(), OWN).await;

    let more = json!({ "conversationId": id, "text": "One more thing." });
    let reopened = desk.granted(&lin, "messageSend", more, OWN).await;
    assert_eq!(reopened["conversation"]["status"], "OPEN");
    assert_eq!(reopened["conversation"]["episode"], 2);

    let reply = json!({ "conversationId": id, "text": "Gladly." });
    desk.granted(&desk.ada, "conversationReply", reply.clone(), CONVERSATION).await;
    desk.granted(&desk.ada, "conversationResolve", on.clone(), CONVERSATION).await;
    let closed = desk.granted(&desk.ada, "conversationClose", on, CONVERSATION).await;
    assert_eq!(closed["conversation"]["status"], "CLOSED");
    let no = desk.refused(&desk.ada, "conversationReply", reply, CONVERSATION).await;
    assert_eq!(no["code"], "CLOSED");
}

#[tokio::test]
async fn an_instant_that_nothing_can_be_put_aside_until_is_named_by_its_field() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    for (until, code) in
        [("1999-01-01T00:00:00Z", "NOT_IN_FUTURE"), ("2999-01-01T00:00:00Z", "SNOOZE_TOO_LONG")]
    {
        let on = json!({ "conversationId": id, "until": until });
        let no = desk.refused(&desk.ada, "conversationSnooze", on, CONVERSATION).await;
        assert_eq!((&no["code"], &no["field"]), (&json!(code), &json!(["input", "until"])), "{no}");
    }
}

#[tokio::test]
async fn a_reply_to_another_agents_conversation_says_whose_it_is() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let reply = json!({ "conversationId": id, "text": "Send them back." });
    let first = desk.granted(&desk.ada, "conversationReply", reply.clone(), CONVERSATION).await;
    assert_eq!(first["conversation"]["assignee"]["id"], agent_id(&desk.ada).as_str());
    let no = desk.refused(&desk.bob, "conversationReply", reply, CONVERSATION).await;
    assert_eq!(no["code"], "BELONGS_TO");
    assert_eq!(no["holder"]["id"], agent_id(&desk.ada).as_str());
}

#[tokio::test]
async fn a_note_calls_agents_and_the_customer_never_sees_it() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let note = |mention: String| json!({ "conversationId": id, "text": "Third time this month.", "mentionIds": [mention] });
    let bob = agent_id(&desk.bob);
    desk.granted(&desk.ada, "conversationAddNote", note(bob), CONVERSATION).await;
    let texts = |all: Vec<[String; 3]>| all.into_iter().map(|it| it[2].clone()).collect::<Vec<_>>();
    let agents = texts(desk.messages(&desk.bob, &id).await);
    assert_eq!(agents, ["My shoes are too small.", "Third time this month."]);
    assert_eq!(texts(desk.messages(&lin, &id).await), ["My shoes are too small."]);

    let nobody = Kind::Agent.id(Uuid::from_u128(1)).to_string();
    let no = desk.refused(&desk.ada, "conversationAddNote", note(nobody), CONVERSATION).await;
    assert_eq!(no["code"], "NOT_FOUND");
    assert_eq!(no["field"], json!(["input", "mentionIds"]));
}

#[tokio::test]
async fn tags_priority_and_tier_change_and_nothing_happens_twice() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let ada = &desk.ada;
    let tag = |tag: &str| json!({ "conversationId": id, "tag": tag });
    let once = desk.granted(ada, "conversationAddTag", tag("退货"), CONVERSATION).await;
    let twice = desk.granted(ada, "conversationAddTag", tag("退货"), CONVERSATION).await;
    assert_eq!(once["conversation"]["tags"], json!(["退货"]));
    assert_eq!(twice["version"], once["version"]);
    let bad = desk.refused(ada, "conversationAddTag", tag("No Tag"), CONVERSATION).await;
    assert_eq!((&bad["code"], &bad["field"]), (&json!("INVALID_INPUT"), &json!(["input", "tag"])));
    let off = desk.granted(ada, "conversationRemoveTag", tag("退货"), CONVERSATION).await;
    assert_eq!(off["conversation"]["tags"], json!([]));

    let input = json!({ "conversationId": id, "priority": "URGENT" });
    let urgent = desk.granted(ada, "conversationSetPriority", input, CONVERSATION).await;
    assert_eq!(urgent["conversation"]["priority"], "URGENT");
    let input = json!({ "conversationId": id, "tier": "VIP" });
    let vip = desk.granted(ada, "conversationAssignTier", input, CONVERSATION).await;
    assert_eq!(vip["conversation"]["tier"], "VIP");
}

#[tokio::test]
async fn a_field_takes_values_of_the_kind_that_the_desk_defines() {
    let desk = TestDesk::open().await;
    let define = |input| desk.granted(&desk.admin, "fieldDefine", input, "desk { version }");
    define(json!({ "field": "size", "kind": "INTEGER" })).await;
    define(json!({ "field": "cause", "kind": "CHOICE", "choices": ["fit", "fault"] })).await;
    define(json!({ "field": "order", "kind": "TEXT" })).await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let set = |field: &str, value: serde_json::Value| json!({ "conversationId": id, "field": field, "value": value });
    let mutation = "conversationSetField";
    let granted = [
        set("size", json!({ "integer": 42 })),
        set("cause", json!({ "choice": "fit" })),
        set("order", json!({ "text": "A-17" })),
    ];
    let mut fields = json!([]);
    for input in granted {
        let payload = desk.granted(&desk.ada, mutation, input, CONVERSATION).await;
        fields = payload["conversation"]["fields"].clone();
    }
    assert_eq!(fields[0]["choice"], "fit", "{fields:#}");
    assert_eq!(fields[1]["text"]["text"], "A-17");
    assert_eq!(fields[2]["integer"], 42);
    for (input, expected) in [
        (set("size", json!({ "text": "large" })), "WRONG_KIND"),
        (set("cause", json!({ "choice": "mood" })), "WRONG_KIND"),
        (set("colour", json!({ "text": "red" })), "UNKNOWN_FIELD"),
    ] {
        let no = desk.refused(&desk.ada, mutation, input, CONVERSATION).await;
        assert_eq!(no["code"], expected);
    }
    let long = set("order", json!({ "text": "x".repeat(1_001) }));
    let no = desk.refused(&desk.ada, mutation, long, CONVERSATION).await;
    assert_eq!(no["code"], "INVALID_INPUT");
    assert_eq!(no["message"], "value has 1001 characters, the limit is 1000");
    let list = "query ($p: Position) { conversations(first: 1, minPosition: $p) { nodes { \
                fields { field text { text } integer choice } } } }";
    let at = desk.head().await;
    let listed = desk.ask(&desk.ada, list, json!({ "p": at })).await;
    let listed = &listed["data"]["conversations"]["nodes"][0]["fields"];
    assert_eq!(listed[0]["choice"], "fit", "{listed:#}");
    assert_eq!(listed[1]["text"]["text"], "A-17");
    assert_eq!(listed[2]["integer"], 42);
    let cleared = set("size", json!(null));
    let payload = desk.granted(&desk.ada, mutation, cleared, CONVERSATION).await;
    assert_eq!(payload["conversation"]["fields"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_conversation_that_is_read_again_is_as_it_is_now_and_in_the_past_as_it_was() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let opened = desk.head().await;
    let read = "query ($id: ID!, $asOf: AsOf) { conversation(id: $id, asOf: $asOf) \
                { version tags lastMessage { text } } }";
    let seen = async |as_of: serde_json::Value| {
        let answer = desk.ask(&desk.ada, read, json!({ "id": id, "asOf": as_of })).await;
        answer["data"]["conversation"].clone()
    };
    let first = seen(json!(null)).await;
    assert_eq!(first["lastMessage"]["text"], "My shoes are too small.", "{first:#}");
    assert_eq!(seen(json!(null)).await, first);
    for tag in ["shoes", "size"] {
        let input = json!({ "conversationId": id, "tag": tag });
        desk.granted(&desk.ada, "conversationAddTag", input, CONVERSATION).await;
    }
    let now = seen(json!(null)).await;
    assert_eq!(now["tags"], json!(["shoes", "size"]));
    assert_eq!(now["version"].as_i64(), first["version"].as_i64().map(|version| version + 2));
    assert_eq!(seen(json!({ "position": opened })).await, first);
    assert_eq!(seen(json!(null)).await, now, "the past is not kept as the present");
}

#[tokio::test]
async fn the_language_of_a_message_is_recognised_where_nobody_says_it() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let write = |input| desk.granted(&lin, "messageSend", input, OWN);
    let german = "Letzte Woche habe ich zwei Paar Schuhe bestellt und sie sind noch nicht da.";
    assert_eq!(write(json!({ "text": german })).await["conversation"]["language"], "de");
    let said = json!({ "text": german, "language": "nl" });
    assert_eq!(write(said).await["conversation"]["language"], "nl");
    assert_eq!(write(json!({ "text": "4711" })).await["conversation"]["language"], json!(null));
}

#[tokio::test]
async fn a_customer_writes_to_their_own_conversations_only_and_others_look_like_none() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let (mia, _) = desk.customer("Mia").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let none = Kind::Conversation.id(ConversationId(Uuid::from_u128(1))).to_string();
    let mut answers = Vec::new();
    for id in [id.clone(), none] {
        let input = json!({ "conversationId": id, "text": "Hello?" });
        answers.push(desk.refused(&mia, "messageSend", input, OWN).await);
    }
    assert_eq!(answers[0]["code"], "NOT_FOUND");
    assert_eq!(answers[0], answers[1]);
    let on = json!({ "conversationId": id });
    let no = desk.refused(&mia, "conversationConfirmResolution", on.clone(), OWN).await;
    assert_eq!(no["code"], "NOT_FOUND");
    assert_eq!(desk.denied(&lin, "conversationClaim", on).await, "FORBIDDEN");
    let write = json!({ "text": "I am no customer." });
    assert_eq!(desk.denied(&desk.ada, "messageSend", write).await, "FORBIDDEN");
}
