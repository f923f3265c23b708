//! Following what happens: from any position, without gap or duplicate.

use std::time::Duration;

use allhours_api::graphql::{
    id::Kind,
    viewer::{Role, Viewer},
};
use async_graphql::{Request, Variables};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::served::{Served, admin, viewer};

async fn positions(served: &Served, id: &Value, after: Value, count: usize) -> Vec<i64> {
    let document = "subscription($id: ID!, $after: Position) { conversationEvents(id: $id, \
        after: $after) { position entry { name } } }";
    let request = Request::new(document)
        .variables(Variables::from_json(json!({ "id": id, "after": after })))
        .data(admin(1));
    let frames = served.schema.execute_stream(request).take(count).map(|frame| {
        assert!(frame.errors.is_empty(), "{:?}", frame.errors);
        let frame = frame.data.into_json().expect("a frame is JSON");
        frame["conversationEvents"]["position"].as_i64().expect("a position")
    });
    let frames = tokio::time::timeout(Duration::from_mins(1), frames.collect()).await;
    frames.expect("all frames in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn resumed_from_any_position_a_subscription_misses_nothing_and_repeats_nothing() {
    let served = Served::new().await;
    let intake = served.message(1, "a@b.c", "m1", "Hello").await;
    let id = intake["conversationId"].clone();
    for number in 0..8 {
        let input = json!({ "conversationId": id, "tag": format!("t{number}") });
        served.granted(&admin(1), "conversationAddTag", "conversation { id }", input).await;
    }
    let all = positions(&served, &id, json!(0), 10).await;
    assert!(all.is_sorted() && all.len() == 10, "{all:?}");
    for (index, position) in all.iter().enumerate().take(9) {
        let rest = positions(&served, &id, json!(position), 9 - index).await;
        assert_eq!(rest, all[index + 1..], "after {position}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_ends_a_subscription_and_resumed_it_has_no_gap() {
    let served = Served::new().await;
    let owner = served.database.owner().await.expect("a connection");
    let from = served.data(&admin(1), "{ position }", json!({})).await["position"].clone();
    let id = served.message(1, "a@b.c", "m1", "Hello").await["conversationId"].clone();
    let all = positions(&served, &id, from.clone(), 2).await;
    let of_one = "subscription($id: ID!, $after: Position) { conversationEvents(id: $id, \
        after: $after) { position } }";
    let of_all = "subscription($after: Position) { events(after: $after) { position } }";
    for (document, tag) in [(of_one, "first"), (of_all, "second")] {
        owner.batch_execute("alter table sealed rename to away").await.expect("it is there");
        let request = Request::new(document)
            .variables(Variables::from_json(json!({ "id": id, "after": from })))
            .data(admin(1));
        let mut frames = served.schema.execute_stream(request);
        let failed = frames.next().await.expect("a frame");
        assert!(!failed.errors.is_empty(), "{:?}", failed.data);
        owner.batch_execute("alter table away rename to sealed").await.expect("it is back");
        let input = json!({ "conversationId": id, "tag": tag });
        served.granted(&admin(1), "conversationAddTag", "conversation { id }", input).await;
        let next = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
        let next = next.expect("it goes on or ends").map(|frame| frame.data);
        assert_eq!(next, None, "{document}");
    }
    let resumed = positions(&served, &id, from, 4).await;
    assert_eq!(resumed[..2], all);
}

/// The first frames of a subscription; more are not waited for.
async fn frames(
    served: &Served,
    viewer: &Viewer,
    document: &str,
    variables: Value,
    count: usize,
) -> Vec<Value> {
    let request =
        Request::new(document).variables(Variables::from_json(variables)).data(viewer.clone());
    let frames = served.schema.execute_stream(request).take(count).map(|frame| {
        assert!(frame.errors.is_empty(), "{:?}", frame.errors);
        frame.data.into_json().expect("a frame is JSON")
    });
    let frames = tokio::time::timeout(Duration::from_mins(1), frames.collect()).await;
    frames.expect("all frames in time")
}

/// The frames of `nodesChanged` up to a position.
async fn frames_until(
    served: &Served,
    viewer: &Viewer,
    document: &str,
    variables: Value,
    position: &Value,
) -> Vec<Value> {
    let request =
        Request::new(document).variables(Variables::from_json(variables)).data(viewer.clone());
    let mut frames = served.schema.execute_stream(request);
    let mut seen: Vec<Value> = Vec::new();
    while seen.last().is_none_or(|last| last["position"] != *position) {
        let frame = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
        let frame = frame.expect("a frame in time").expect("a frame");
        assert!(frame.errors.is_empty(), "{:?}", frame.errors);
        let data = frame.data.into_json().expect("a frame is JSON");
        seen.push(data["nodesChanged"].clone());
    }
    seen
}

const COUNTERS: &str = "subscription($after: Position) { countersChanged(after: $after) \
    { position counters { status priority conversations } } }";

#[tokio::test(flavor = "multi_thread")]
async fn followed_counters_begin_as_they_stand_and_end_as_they_are_read() {
    let served = Served::new().await;
    let boss = admin(1);
    let first = served.message(1, "a@b.c", "m1", "Hello").await;
    let begun = frames(&served, &boss, COUNTERS, json!({}), 1).await;
    let one = json!([{ "status": "OPEN", "priority": "NORMAL", "conversations": 1 }]);
    assert_eq!(begun[0]["countersChanged"]["counters"], one);
    let from = &begun[0]["countersChanged"]["position"];

    let conversation = "conversation { id }";
    for number in 2..6 {
        let intake = served.message(1, &format!("{number}@b.c"), &format!("m{number}"), "Hi").await;
        let input = json!({ "conversationId": intake["conversationId"], "priority": "HIGH" });
        served.granted(&boss, "conversationSetPriority", conversation, input).await;
    }
    let (agent, _) = served.agent(1, 11).await;
    let input = json!({ "conversationId": first["conversationId"] });
    served.granted(&agent, "conversationClaim", conversation, input.clone()).await;
    let reply = json!({ "conversationId": first["conversationId"], "text": "Hello" });
    served.granted(&agent, "conversationReply", conversation, reply).await;
    let done = served.granted(&agent, "conversationResolve", conversation, input).await;
    // Whoever was away gets all that happened since in few frames; the last one is the truth.
    let read = "query($p: Position!) { counters(minPosition: $p) \
        { status priority conversations } }";
    let truth = served.data(&boss, read, json!({ "p": done["position"] })).await;
    let resumed = frames(&served, &boss, COUNTERS, json!({ "after": from }), 1).await;
    let frame = &resumed[0]["countersChanged"];
    assert_eq!(frame["counters"], truth["counters"]);
    assert!(frame["position"].as_i64() > from.as_i64(), "{frame}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_followed_in_presence_and_load() {
    let served = Served::new().await;
    let (agent, id) = served.agent(1, 11).await;
    let (_, other) = served.agent(1, 12).await;
    let from = served.data(&agent, "{ position }", json!({})).await["position"].clone();
    let document = "subscription($after: Position, $team: ID) { agentsChanged(after: $after, \
        teamId: $team) { position agents { id presence load { open } } } }";
    let next = async |after: &Value| {
        let seen = frames(&served, &agent, document, json!({ "after": after }), 1).await;
        seen[0]["agentsChanged"].clone()
    };
    let online = json!({ "presence": "ONLINE" });
    served.granted(&agent, "agentSetPresence", "agent { id }", online).await;
    let frame = next(&from).await;
    let shown = |open: i32| json!([{ "id": id, "presence": "ONLINE", "load": { "open": open } }]);
    assert_eq!(frame["agents"], shown(0));

    let intake = served.message(1, "a@b.c", "m1", "Hello").await;
    let input = json!({ "conversationId": intake["conversationId"] });
    served.granted(&agent, "conversationClaim", "conversation { id }", input.clone()).await;
    let frame = next(&frame["position"]).await;
    assert_eq!(frame["agents"], shown(1));
    let reply = json!({ "conversationId": intake["conversationId"], "text": "Hello" });
    served.granted(&agent, "conversationReply", "conversation { id }", reply).await;
    served.granted(&agent, "conversationResolve", "conversation { id }", input).await;
    let frame = next(&frame["position"]).await;
    assert_eq!(frame["agents"], shown(0));

    let team = served.granted(&admin(1), "teamCreate", "team { id }", json!({ "name": "A" })).await;
    let team = &team["team"]["id"];
    let member = json!({ "teamId": team, "agentId": other });
    served.granted(&admin(1), "teamAddMember", "team { id }", member).await;
    let away = json!({ "agentId": other, "presence": "AWAY" });
    served.granted(&admin(1), "agentSetPresence", "agent { id }", away).await;
    let variables = json!({ "after": from, "team": team });
    let of_team = frames(&served, &agent, document, variables, 1).await;
    let agents = of_team[0]["agentsChanged"]["agents"].as_array().expect("agents");
    assert_eq!((agents.len(), &agents[0]["id"]), (1, &json!(other)));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_followed_by_their_ids_and_customers_follow_their_own() {
    let served = Served::new().await;
    let boss = admin(1);
    let intake = served.message(1, "a@b.c", "m1", "Hello").await;
    let (conversation, customer) = (&intake["conversationId"], &intake["customerId"]);
    let from = &intake["position"];
    let note = json!({ "conversationId": conversation, "text": "be kind" });
    let (agent, _) = served.agent(1, 11).await;
    served.granted(&agent, "conversationAddNote", "conversation { id }", note).await;
    let tier = json!({ "customerId": customer, "tier": "VIP" });
    served.granted(&boss, "customerSetTier", "customer { id }", tier).await;
    served.message(1, "a@b.c", "m1", "Hello").await;
    let reply = json!({ "conversationId": conversation, "text": "Hi" });
    let done = served.granted(&agent, "conversationReply", "conversation { id }", reply).await;

    let document = "subscription($ids: [ID!]!, $after: Position) { nodesChanged(ids: $ids, \
        after: $after) { position id node { ... on Customer { tier } \
        ... on Conversation { messageCount } ... on Intake { deliveries } } } }";
    let ids = json!({ "ids": [conversation, customer, intake["id"]], "after": from });
    let seen = frames_until(&served, &boss, document, ids, &done["position"]).await;
    let last = |of: &Value| seen.iter().rfind(|frame| frame["id"] == *of).expect("a frame");
    assert_eq!(last(customer)["node"], json!({ "tier": "VIP" }));
    assert_eq!(last(conversation)["node"], json!({ "messageCount": 2 }));
    assert_eq!(last(&intake["id"])["node"], json!({ "deliveries": 2 }));
    assert!(seen.is_sorted_by_key(|frame| frame["position"].as_i64()), "{seen:?}");
    let rest = json!({ "ids": [conversation, customer], "after": last(customer)["position"] });
    let rest = frames_until(&served, &boss, document, rest, &done["position"]).await;
    assert_eq!(rest, [last(conversation).clone()]);

    let own = Kind::Customer.read(customer.as_str().expect("an id")).expect("a customer's id");
    let own = viewer(1, Role::Customer, own);
    let mine = json!({ "ids": [conversation], "after": from });
    let mine = frames(&served, &own, document, mine, 1).await;
    // The note is not theirs to know of; the reply is.
    assert_eq!(mine[0]["nodesChanged"]["position"], done["position"]);
    let stranger = viewer(1, Role::Customer, uuid::Uuid::from_u128(9));
    let asked = Request::new(document)
        .variables(Variables::from_json(json!({ "ids": [conversation], "after": from })))
        .data(stranger);
    let refused = served.schema.execute_stream(asked).next().await.expect("an answer");
    assert_eq!(refused.errors.len(), 1, "{refused:?}");
}

const THREAD: &str = "subscription($id: ID!, $after: Position) { conversationEvents(id: $id, \
    after: $after) { position entry { name conversationId } } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_merged_into_a_conversation_is_followed_until_it_is_taken_out_again() {
    let served = Served::new().await;
    let kept = served.message(1, "a@b.c", "m1", "Hello").await;
    let customer = Kind::Customer.read(kept["customerId"].as_str().expect("an id"));
    let customer = viewer(1, Role::Customer, customer.expect("a customer's id"));
    let text = json!({ "text": "And another thing" });
    let other =
        "conversation { id timeline(first: 9, messagesOnly: true) { nodes { message { id } } } }";
    let other = served.granted(&customer, "messageSend", other, text).await["conversation"].clone();
    let (agent, _) = served.agent(1, 11).await;
    let (id, source) = (&kept["conversationId"], &other["id"]);
    let conversation = "conversation { id }";
    let act = async |name: &str, on: &Value, more: Value| {
        let mut input = json!({ "conversationId": on });
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("too"));
        served.granted(&agent, name, conversation, input).await["position"].clone()
    };
    let begun = served.data(&agent, "{ position }", json!({})).await["position"].clone();
    act("conversationAddTag", source, json!({ "tag": "before" })).await;
    let merge = json!({ "sourceId": source, "targetId": id });
    served.granted(&agent, "conversationMerge", conversation, merge).await;
    let redact = json!({
        "conversationId": source, "messageId": other["timeline"]["nodes"][0]["message"]["id"],
        "reason": "a card number",
    });
    served.granted(&admin(1), "conversationRedact", conversation, redact).await;
    act("conversationUnmerge", source, json!({})).await;
    act("conversationAddTag", source, json!({ "tag": "apart" })).await;
    let last = act("conversationAddTag", id, json!({ "tag": "last" })).await;

    let mut seen: Vec<Value> = Vec::new();
    let asked = json!({ "id": id, "after": begun });
    let request = Request::new(THREAD).variables(Variables::from_json(asked)).data(agent.clone());
    let mut stream = served.schema.execute_stream(request);
    while seen.last().is_none_or(|frame| frame["position"] != last) {
        let frame = tokio::time::timeout(Duration::from_mins(1), stream.next()).await;
        let frame = frame.expect("a frame in time").expect("a frame");
        assert!(frame.errors.is_empty(), "{:?}", frame.errors);
        let data = frame.data.into_json().expect("a frame is JSON");
        seen.push(data["conversationEvents"].clone());
    }
    let shown: Vec<(&str, bool)> = seen
        .iter()
        .map(|frame| {
            let entry = &frame["entry"];
            (entry["name"].as_str().expect("a name"), entry["conversationId"] == *source)
        })
        .collect();
    assert!(shown.contains(&("conversation.message_redacted", true)), "{shown:?}");
    assert!(shown.contains(&("conversation.merge_received", false)), "{shown:?}");
    assert!(!shown.contains(&("conversation.tagged", true)), "{shown:?}");
    for (index, frame) in seen.iter().enumerate().take(seen.len() - 1) {
        let asked = json!({ "id": id, "after": frame["position"] });
        let count = seen.len() - 1 - index;
        let rest = frames(&served, &agent, THREAD, asked, count).await;
        let rest: Vec<_> = rest.iter().map(|it| it["conversationEvents"].clone()).collect();
        assert_eq!(rest, seen[index + 1..], "after {frame}");
    }
}
