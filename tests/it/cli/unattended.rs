//! What nobody attends to any more does not lie about: agents leave, customers are forgotten.

use serde_json::{Value, json};

use super::run::{mutate, replayed, until};
use crate::process::{Caller, Place, home};

/// A conversation as it stands once this has happened.
async fn stands(caller: &Caller, id: &Value, position: &Value) -> Value {
    let query = "query ($id: ID!, $p: Position) { conversation(id: $id, minPosition: $p) {
        status assignee { id } customer { id } } }";
    caller.data(query, &json!({ "id": id, "p": position })).await["conversation"].clone()
}

async fn caused(place: &Place, name: &str) -> Vec<(Value, Value, Value)> {
    let events = replayed(place.data(), &["--where", &format!("type={name}")]).await;
    let of = |event: &Value| {
        (event["actor"].clone(), event["causationId"].clone(), event["eventId"].clone())
    };
    events.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_retired_team_had_in_its_queue_goes_to_the_common_one() {
    let folder = home();
    let place = Place::new(folder.path());
    let server = place.serve(&["--demo"]).await;
    let (admin, agent) = (server.caller("admin").await, server.caller("agent").await);
    let ids = agent.open_conversations(4).await;
    let create = "mutation ($name: String!) {
        teamCreate(input: { name: $name }) { team { id } } }";
    let founded = async |name: &str| {
        let made = admin.data(create, &json!({ "name": name })).await;
        made["teamCreate"]["team"]["id"].clone()
    };
    let (retired, other) = (founded("Returns").await, founded("Invoices").await);
    for (id, team) in ids.iter().zip([&retired, &retired, &retired, &other]) {
        let to = json!({ "conversationId": id, "teamId": team });
        mutate(&admin, "conversationMoveToTeam", to).await;
    }
    mutate(&agent, "conversationClaim", json!({ "conversationId": ids[1] })).await;
    let answer = json!({ "conversationId": ids[2], "text": "It is on its way." });
    mutate(&agent, "conversationReply", answer).await;
    mutate(&agent, "conversationResolve", json!({ "conversationId": ids[2] })).await;
    let left = mutate(&admin, "teamRetire", json!({ "teamId": retired })).await;
    let query = "query ($id: ID!, $p: Position) { conversation(id: $id, minPosition: $p) {
        status team { id } assignee { id } } }";
    let stands = async |id: &str| {
        let about = json!({ "id": id, "p": left["position"] });
        admin.data(query, &about).await["conversation"].clone()
    };
    for id in &ids[..2] {
        let common = until("it is in the common queue", async || {
            let seen = stands(id).await;
            seen["team"].is_null().then_some(seen)
        })
        .await;
        assert_eq!((&common["status"], &common["assignee"]), (&json!("OPEN"), &Value::Null));
    }
    let resolved = stands(&ids[2]).await;
    assert_eq!((&resolved["status"], &resolved["team"]["id"]), (&json!("RESOLVED"), &retired));
    assert_eq!(stands(&ids[3]).await["team"]["id"], other);
    let why = caused(&place, "team.retired").await.pop().expect("it");
    let moved = caused(&place, "conversation.team_changed").await;
    let by_itself: Vec<_> =
        moved.iter().filter(|(actor, ..)| *actor == "policy:unattended").collect();
    assert_eq!(by_itself.len(), 2, "{moved:?}");
    assert!(by_itself.iter().all(|(_, cause, _)| *cause == why.2), "{moved:?}");
    place.verify().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_leaves_gives_back_and_a_forgotten_customers_conversations_end() {
    let folder = home();
    let place = Place::new(folder.path());
    let server = place.serve(&["--demo"]).await;
    let (admin, agent) = (server.caller("admin").await, server.caller("agent").await);
    let id = json!(agent.open_conversations(1).await.remove(0));
    let on = json!({ "conversationId": id });
    mutate(&agent, "conversationClaim", on.clone()).await;
    let me = agent.data("{ viewer { agent { id } } }", &json!({})).await;
    let me = json!({ "agentId": me["viewer"]["agent"]["id"] });
    let left = mutate(&admin, "agentDeactivate", me).await;
    let back = until("it is given back", async || {
        let seen = stands(&admin, &id, &left["position"]).await;
        seen["assignee"].is_null().then_some(seen)
    })
    .await;
    assert_eq!(back["status"], "OPEN");
    let gone = caused(&place, "agent.deactivated").await.pop().expect("it");
    let released = caused(&place, "conversation.released").await;
    assert!(!released.is_empty());
    for (actor, cause, _) in released {
        assert_eq!((actor, cause), (json!("policy:unattended"), gone.2.clone()));
    }
    let claim = "mutation ($input: ConversationClaimInput!) {
        conversationClaim(input: $input) { userErrors { code } } }";
    let no = agent.ask(claim, &json!({ "input": on })).await.expect("an answer");
    assert_eq!(no["errors"][0]["extensions"]["code"], "FORBIDDEN", "{no}");

    let customer = &back["customer"]["id"];
    let erase = json!({ "customerId": customer, "legalBasis": "gdpr-17" });
    let erased = mutate(&admin, "customerErase", erase).await;
    until("it is closed", async || {
        let seen = stands(&admin, &id, &erased["position"]).await;
        (seen["status"] == "CLOSED").then_some(())
    })
    .await;
    let erasure = caused(&place, "customer.erased").await.pop().expect("it");
    let closed = caused(&place, "conversation.closed").await;
    assert!(closed.iter().any(|(_, cause, _)| *cause == erasure.2), "{closed:?}");
    let open = "mutation ($input: ConversationOpenInput!) {
        conversationOpen(input: $input) { userErrors { code } } }";
    let another = json!({ "input": { "customerId": customer, "channel": "EMAIL" } });
    let no = admin.data(open, &another).await;
    assert_eq!(no["conversationOpen"]["userErrors"], json!([{ "code": "ERASED" }]));
    place.verify().await;
    server.stop().await;
}
