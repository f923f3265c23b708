//! Whoever signs in at an issuer is the agent or the customer whom the desk was told of.

use allhours_api::{
    auth::verify::subject_id,
    graphql::viewer::{Role, Viewer},
};
use serde_json::json;

use super::desk::{ISSUER, TestDesk};

const WHO: &str = "{ viewer { role personId agent { id } customer { id } } }";

#[tokio::test]
async fn who_was_made_known_by_what_an_issuer_calls_them_signs_in_as_that_agent_or_customer() {
    let desk = TestDesk::open().await;
    // As a token of the issuer makes it.
    let signed_in = |role, subject| {
        let id = subject_id(desk.tenant, ISSUER, subject);
        Viewer { tenant: desk.tenant, role, id }
    };
    let mia = json!({
        "personId": "auth0|mia", "displayName": "Mia", "languages": ["en"], "capacityUnits": 3,
    });
    let mia = desk.granted(&desk.admin, "agentRegister", mia, "agent { id }").await;
    let lin = json!({ "personId": "auth0|lin", "displayName": "Lin" });
    let lin = desk.granted(&desk.ada, "customerIdentify", lin, "customer { id }").await;

    let viewer = signed_in(Role::Agent, "auth0|mia");
    let who = desk.ask(&viewer, WHO, json!({})).await["data"]["viewer"].clone();
    assert_eq!(who["agent"]["id"], mia["agent"]["id"], "{who}");
    assert_eq!(who["personId"], json!(viewer.id), "{who}");
    let viewer = signed_in(Role::Customer, "auth0|lin");
    let who = desk.ask(&viewer, WHO, json!({})).await["data"]["viewer"].clone();
    assert_eq!(who["customer"]["id"], lin["customer"]["id"], "{who}");
    let sent = json!({ "text": "Where are my shoes?" });
    desk.granted(&viewer, "messageSend", sent, "conversation { id }").await;
    let stranger = signed_in(Role::Customer, "auth0|nobody");
    let sent = json!({ "text": "And mine?" });
    let no = desk.try_mutation(&stranger, "messageSend", sent, "conversation { id }").await;
    assert_ne!(no["data"]["messageSend"]["userErrors"], json!([]), "{no}");
}

#[tokio::test]
async fn what_no_issuer_calls_anybody_is_refused() {
    let desk = TestDesk::open().await;
    for person in [String::new(), "x".repeat(256)] {
        let input = json!({ "personId": person, "displayName": "Lin" });
        let no = desk.refused(&desk.ada, "customerIdentify", input, "customer { id }").await;
        assert_eq!(no["code"], "INVALID_INPUT", "{no}");
        assert_eq!(no["field"], json!(["input", "personId"]), "{no}");
    }
}

#[tokio::test]
async fn nobody_is_both_an_agent_and_a_customer() {
    let desk = TestDesk::open().await;
    let agent = |person: &str| {
        json!({
            "personId": person, "displayName": "Mia", "languages": ["en"], "capacityUnits": 3,
        })
    };
    let customer = |person: &str| json!({ "personId": person, "displayName": "Mia" });
    desk.granted(&desk.admin, "agentRegister", agent("auth0|mia"), "agent { id }").await;
    desk.granted(&desk.admin, "customerIdentify", customer("auth0|lin"), "customer { id }").await;
    for no in [
        desk.refused(&desk.admin, "customerIdentify", customer("auth0|mia"), "customer { id }"),
        desk.refused(&desk.admin, "agentRegister", agent("auth0|lin"), "agent { id }"),
    ] {
        let no = no.await;
        assert_eq!(no["code"], "PERSON_TAKEN", "{no}");
        assert_eq!(no["field"], json!(["input", "personId"]), "{no}");
    }
}
