//! Why something happened: from an event back to what came from outside.

use std::collections::HashMap;

use allhours_api::graphql::viewer::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::served::{Served, admin, viewer};

const TENANT: u128 = 1;

/// The names of an event and of all that caused it, from the newest one of this name.
async fn why(served: &Served, name: &str) -> Vec<Value> {
    let all = "{ events(last: 100) { nodes { id name } } }";
    let all = served.data(&admin(TENANT), all, json!({})).await;
    let all = all["events"]["nodes"].as_array().expect("events");
    let ids: HashMap<_, _> =
        all.iter().map(|event| (event["name"].as_str().expect("a name"), &event["id"])).collect();
    let document = "query($id: ID!) { why(eventId: $id) { name } }";
    let chain = served.data(&admin(TENANT), document, json!({ "id": ids[name] })).await;
    let chain = chain["why"].as_array().expect("a chain").iter();
    chain.map(|event| event["name"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_a_delivery_leads_back_to_it() {
    let served = Served::new().await;
    served.message(TENANT, "ada@example.org", "m1", "Where is it?").await;
    for name in ["intake.parsed", "customer.identified", "conversation.opened"] {
        assert_eq!(why(&served, name).await, [name, "intake.received"]);
    }
    assert_eq!(why(&served, "intake.received").await, ["intake.received"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_took_in_leads_back_over_their_word_to_the_delivery() {
    let served = Served::new().await;
    let integration = viewer(TENANT, Role::Integration, Uuid::from_u128(5));
    let parcel = json!({
        "channel": "EMAIL", "account": "support", "externalId": "m1", "raw": "=?q?Where",
        "why": "the charset is unknown",
    });
    let intake = served.granted(&integration, "intakePark", "intake { id }", parcel).await;
    assert_eq!(why(&served, "intake.parked").await, ["intake.parked", "intake.received"]);
    let taken = json!({ "intakeId": intake["intake"]["id"], "from": "ada@example.org" });
    served.granted(&admin(TENANT), "intakeTakeIn", "intake { id }", taken).await;
    let chain = ["conversation.opened", "intake.parsed", "intake.received"];
    assert_eq!(why(&served, "conversation.opened").await, chain);
}
