//! Who can do what, who was there when, and how much waits.

use serde_json::{Value, json};

use super::served::{Served, admin};

const TENANT: u128 = 1;

/// The ids of the agents that are found.
async fn found(served: &Served, filter: &str, position: &Value) -> Vec<Value> {
    let document = format!(
        "query($p: Position) {{ agents(first: 10, minPosition: $p, {filter}) {{ nodes {{ id }} }} }}"
    );
    let seen = served.data(&admin(TENANT), &document, json!({ "p": position })).await;
    let nodes = seen["agents"]["nodes"].as_array().expect("nodes").iter();
    nodes.map(|node| node["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_found_by_what_they_are_good_at_and_how_good() {
    let served = Served::new().await;
    let mut ids = Vec::new();
    for (number, skills) in [(11, vec![("returns", 2)]), (12, vec![("returns", 5), ("legal", 1)])] {
        let (_, id) = served.agent(TENANT, number).await;
        for (skill, level) in skills {
            let input = json!({ "agentId": id, "skill": skill, "level": level });
            served.granted(&admin(TENANT), "agentSetSkill", "agent { id }", input).await;
        }
        ids.push(json!(id));
    }
    let (_, unskilled) = served.agent(TENANT, 13).await;
    let position = served.data(&admin(TENANT), "{ position }", json!({})).await["position"].clone();
    let found = async |filter: &str| found(&served, filter, &position).await;
    assert_eq!(found("skill: \"returns\"").await, ids);
    assert_eq!(found("skill: \"returns\", skillLevelMin: 3").await, ids[1..]);
    assert_eq!(found("skill: \"legal\", language: \"en\"").await, ids[1..]);
    assert_eq!(found("skill: \"legal\", language: \"fr\"").await, [json!(null); 0]);
    assert_eq!(found("skill: \"cooking\"").await, [json!(null); 0]);
    assert!(found("active: true").await.contains(&json!(unskilled)));
    for wrong in ["skillLevelMin: 3", "skill: \"returns\", skillLevelMin: 6"] {
        let document = format!("{{ agents(first: 1, {wrong}) {{ nodes {{ id }} }} }}");
        let answer = served.answer(&admin(TENANT), &document, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_as_of_a_position_is_what_it_was() {
    let served = Served::new().await;
    let before = served.data(&admin(TENANT), "{ position }", json!({})).await["position"].clone();
    let (agent, id) = served.agent(TENANT, 11).await;
    let mut points = vec![(before, json!(null))];
    for presence in ["ONLINE", "AWAY", "OFFLINE"] {
        let input = json!({ "presence": presence });
        let done = served.granted(&agent, "agentSetPresence", "agent { id }", input).await;
        points.push((done["position"].clone(), json!(presence)));
    }
    let last = points[3].0.clone();
    let read = "query($id: ID!, $at: Position!, $p: Position) { agent(id: $id, minPosition: $p) { presence \
        then: presence(asOf: { position: $at }) } }";
    for (at, presence) in points {
        let seen = served.data(&agent, read, json!({ "id": id, "at": at, "p": last })).await;
        assert_eq!(seen["agent"]["then"], presence, "at {at}");
        assert_eq!(seen["agent"]["presence"], "OFFLINE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_says_how_long_it_is_and_who_waits_longest_now_and_then() {
    let served = Served::new().await;
    let (agent, _) = served.agent(TENANT, 11).await;
    let mut points = Vec::new();
    for number in 0..3 {
        let from = format!("a{number}@b.c");
        let intake = served.message(TENANT, &from, &format!("m{number}"), "Hello").await;
        points.push(intake);
    }
    let urgent = json!({ "conversationId": points[2]["conversationId"], "priority": "URGENT" });
    served.granted(&agent, "conversationSetPriority", "conversation { id }", urgent).await;
    let claim = json!({ "conversationId": points[0]["conversationId"] });
    let done = served.granted(&agent, "conversationClaim", "conversation { id }", claim).await;
    let read = "query($p: Position, $at: Position!) { \
        now: queue(first: 1, minPosition: $p) { \
            totalCount longestWaitingSince nodes { waitingSince } } \
        normal: queue(first: 1, priority: NORMAL, minPosition: $p) { \
            totalCount longestWaitingSince } \
        then: queue(first: 1, asOf: { position: $at }) { totalCount longestWaitingSince } \
        all: conversations(last: 3, minPosition: $p) { nodes { waitingSince } } }";
    let asked = json!({ "p": done["position"], "at": points[1]["position"] });
    let seen = served.data(&agent, read, asked).await;
    let totals = ["now", "normal", "then"].map(|name| seen[name]["totalCount"].clone());
    assert_eq!(totals, [json!(2), json!(1), json!(2)], "{seen:#}");
    let mut since: Vec<&str> = seen["all"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| node["waitingSince"].as_str())
        .collect();
    since.sort_unstable();
    let longest = ["then", "now"].map(|name| seen[name]["longestWaitingSince"].clone());
    assert_eq!(longest, [json!(since[0]), json!(since[1])], "{seen:#}");
}
