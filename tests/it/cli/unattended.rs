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
