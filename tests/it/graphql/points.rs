//! Points in the log: reading what was, and waiting for what was just done.

use allhours_api::graphql::{id::Kind, viewer::Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::served::{Served, admin, viewer};

const TENANT: u128 = 1;

const DESK: &str = "query($id: ID!, $customer: ID!, $agent: ID!, $asOf: AsOf, $p: Position) {
    conversation(id: $id, asOf: $asOf, minPosition: $p) {
        status assignee { id } messageCount timeline(first: 50) { nodes { name } }
    }
    customer(id: $customer, asOf: $asOf, minPosition: $p) { tier displayName { text } }
    queue(first: 10, asOf: $asOf, minPosition: $p) { nodes { tier conversation { id status } } }
    agent(id: $agent, minPosition: $p) { load(asOf: $asOf) { open waiting snoozed } }
}";

/// When the event at a position was written down.
async fn recorded_at(served: &Served, position: &Value) -> Value {
    let newest = "query($p: Position!) { events(last: 1, filter: { beforePosition: $p }) \
        { nodes { recordedAt } } }";
    let next = json!({ "p": position.as_i64().expect("a position") + 1 });
    let seen = served.data(&admin(TENANT), newest, next).await;
    seen["events"]["nodes"][0]["recordedAt"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_as_of_a_position_and_as_of_its_instant_is_the_desk_that_was() {
    let served = Served::new().await;
    let (agent, agent_id) = served.agent(TENANT, 11).await;
    let intake = served.message(TENANT, "ada@example.org", "m1", "Where is my parcel?").await;
    let id = &intake["conversationId"];
    let mut points = vec![intake["position"].clone()];
    let input = json!({ "conversationId": id });
    let done = served.granted(&agent, "conversationClaim", "conversation { id }", input).await;
    points.push(done["position"].clone());
    let input = json!({ "customerId": intake["customerId"], "tier": "VIP" });
    let done = served.granted(&agent, "customerSetTier", "customer { id }", input).await;
    points.push(done["position"].clone());
    let input = json!({ "conversationId": id, "on": "CUSTOMER" });
    let done = served.granted(&agent, "conversationWait", "conversation { id }", input).await;
    points.push(done["position"].clone());

    let ask = async |as_of: Value| {
        let variables = json!({
            "id": id, "customer": intake["customerId"], "agent": agent_id,
            "asOf": as_of, "p": points[3],
        });
        served.data(&agent, DESK, variables).await
    };
    let load = |open: i32, waiting: i32| json!({ "open": open, "waiting": waiting, "snoozed": 0 });
    let expected = [
        ("OPEN", false, "NEW", 1, load(0, 0)),
        ("OPEN", true, "NEW", 0, load(1, 0)),
        ("OPEN", true, "VIP", 0, load(1, 0)),
        ("WAITING", true, "VIP", 0, load(0, 1)),
    ];
    let mut entries = 0;
    for (point, (status, assigned, tier, queued, load)) in points.iter().zip(&expected) {
        let seen = ask(json!({ "position": point })).await;
        assert_eq!(seen["conversation"]["status"], *status, "{seen:#}");
        assert_eq!(seen["conversation"]["assignee"].is_object(), *assigned, "{seen:#}");
        assert_eq!(seen["customer"]["tier"], *tier);
        assert_eq!(seen["queue"]["nodes"].as_array().map(Vec::len), Some(*queued));
        assert_eq!(seen["agent"]["load"], *load);
        let timeline = seen["conversation"]["timeline"]["nodes"].as_array().map_or(0, Vec::len);
        assert!(timeline >= entries, "{timeline} after {entries}");
        entries = timeline;
        let at = recorded_at(&served, point).await;
        assert_eq!(ask(json!({ "instant": at })).await, seen, "as of {at}");
    }
    assert_eq!(ask(json!(null)).await, ask(json!({ "position": points[3] })).await);
    let before = ask(json!({ "instant": "2020-01-01T00:00:00Z" })).await;
    assert_eq!((&before["conversation"], &before["customer"]), (&json!(null), &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_done_is_seen_wherever_its_position_is_named() {
    let served = Served::new().await;
    let (agent, agent_id) = served.agent(TENANT, 11).await;
    let boss = admin(TENANT);
    let document = "query($id: ID!, $customer: ID!, $agent: ID!, $team: ID!, $p: Position!) {
        node(id: $id, minPosition: $p) { id }
        nodes(ids: [$customer], minPosition: $p) { id }
        viewer(minPosition: $p) { role }
        desk(minPosition: $p) { name }
        conversation(id: $id, minPosition: $p) { customer { tier contacts { total } } }
        customer(id: $customer, minPosition: $p) { contacts { total } }
        agent(id: $agent, minPosition: $p) { teams { id } load { open } }
        team(id: $team, minPosition: $p) { members { id } }
        counters(minPosition: $p) { tier conversations }
        events(last: 1, minPosition: $p) { nodes { position } }
        intakes(first: 100, minPosition: $p) { nodes { status } }
    }";
    let team = served.granted(&boss, "teamCreate", "team { id }", json!({ "name": "One" })).await;
    let team = team["team"]["id"].clone();
    for round in 1..=5 {
        let from = format!("a{round}@b.c");
        let intake = served.message(TENANT, &from, &format!("m{round}"), "Hello").await;
        let input = json!({ "conversationId": intake["conversationId"] });
        served.granted(&agent, "conversationClaim", "conversation { id }", input).await;
        let (change, there) =
            if round % 2 == 1 { ("teamAddMember", 1) } else { ("teamRemoveMember", 0) };
        let input = json!({ "teamId": team, "agentId": agent_id });
        let done = served.granted(&boss, change, "team { id }", input).await;
        let variables = json!({
            "id": intake["conversationId"], "customer": intake["customerId"], "agent": agent_id,
            "team": team, "p": done["position"],
        });
        let seen = served.data(&boss, document, variables).await;
        assert_eq!(seen["conversation"]["customer"]["contacts"]["total"], 1, "{seen:#}");
        assert_eq!(seen["customer"]["contacts"]["total"], 1);
        assert_eq!(seen["agent"]["load"]["open"], round);
        assert_eq!(seen["agent"]["teams"].as_array().map(Vec::len), Some(there));
        assert_eq!(seen["team"]["members"].as_array().map(Vec::len), Some(there));
        assert_eq!(seen["counters"][0]["conversations"], round);
        assert_eq!(seen["events"]["nodes"][0]["position"], done["position"]);
        assert_eq!(seen["intakes"]["nodes"].as_array().map(Vec::len), usize::try_from(round).ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_not_there_yet_is_refused_and_not_waited_for() {
    let served = Served::new().await;
    let intake = served.message(TENANT, "a@b.c", "m1", "Hello").await;
    let ahead = intake["position"].as_i64().expect("a position") + 1_000;
    let id = &intake["conversationId"];
    for document in [
        "query($p: Position!, $id: ID!) { conversation(id: $id, minPosition: $p) { id } }",
        "query($p: Position!, $id: ID!) { conversation(id: $id, asOf: { position: $p }) { id } }",
        "query($p: Position!, $id: ID!) { node(id: $id, minPosition: $p) { id } }",
        "query($p: Position!, $id: ID!) { nodes(ids: [$id], minPosition: $p) { id } \
            queue(first: 1, asOf: { position: $p }) { nodes { tier } } }",
    ] {
        let answer = served.answer(&admin(TENANT), document, json!({ "p": ahead, "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_refused_where_another_version_of_it_was_expected() {
    let served = Served::new().await;
    let integration = viewer(TENANT, Role::Integration, Uuid::from_u128(5));
    let deliver = async |version: Option<i32>, key: &str| {
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": "m1", "raw": "Hello",
            "from": "a@b.c", "text": "Hello", "expectedVersion": version, "idempotencyKey": key,
        });
        served.mutate(&integration, "intakeReceive", "intake { id status deliveries }", input).await
    };
    let stale = deliver(Some(3), "k1").await;
    assert_eq!(stale["userErrors"][0]["code"], "STALE_VERSION", "{stale}");
    assert_eq!(stale["userErrors"][0]["currentVersion"], 0);
    let first = deliver(Some(0), "k2").await;
    assert_eq!(first["intake"]["status"], "PARSED", "{first}");
    let again = deliver(Some(0), "k3").await;
    assert_eq!(again["userErrors"][0]["code"], "STALE_VERSION", "{again}");
    let retried = deliver(Some(0), "k2").await;
    assert_eq!((&retried["repeated"], &retried["position"]), (&json!(true), &first["position"]));
    let version = first["version"].as_i64().and_then(|it| i32::try_from(it).ok());
    assert_eq!(deliver(version, "k4").await["intake"]["deliveries"], 2);
    assert!(Kind::Intake.read(first["intake"]["id"].as_str().expect("an id")).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_projection_could_not_take_is_listed_for_its_own_desks_admin() {
    let served = Served::new().await;
    let (_, agent) = served.agent(TENANT, 11).await;
    let boss = admin(TENANT);
    let nothing = "{ deadLetters(first: 10) { nodes { name } } }";
    let none = json!({ "deadLetters": { "nodes": [] } });
    assert_eq!(served.data(&boss, nothing, json!({})).await, none);
    let owner = served.database.owner().await.expect("a connection");
    let broken = "alter table agents_1.agents add check (capacity_units <> 7)";
    owner.batch_execute(broken).await.expect("a constraint that some event breaks");
    let units = json!({ "agentId": agent, "capacityUnits": 7 });
    let done = served.granted(&boss, "agentSetCapacity", "agent { id }", units).await;
    let read = "query($p: Position!) { viewer(minPosition: $p) { role } \
        deadLetters(first: 10, projection: \"agents\") { nodes { projection position name why } } }";
    let waited = json!({ "p": done["position"] });
    served
        .data(&boss, "query($p: Position!) { viewer(minPosition: $p) { role } }", waited.clone())
        .await;
    let seen = served.data(&boss, read, waited).await;
    let letter = &seen["deadLetters"]["nodes"][0];
    assert_eq!((&letter["position"], &letter["projection"]), (&done["position"], &json!("agents")));
    assert_eq!(letter["name"], "agent.capacity_set");
    assert!(letter["why"].as_str().is_some_and(|why| why.contains("check constraint")), "{letter}");
    assert_eq!(served.data(&admin(2), nothing, json!({})).await, none);
}
