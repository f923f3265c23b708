//! What churn is predicted from, as of any instant.

use allhours_api::graphql::{id::Kind, viewer::Role};
use serde_json::{Value, json};

use super::served::{Served, admin, viewer};

const TENANT: u128 = 1;
const FEATURES: &str = "query($id: ID!, $at: DateTime, $p: Position) { \
    churnFeatures(customerId: $id, asOf: $at, minPosition: $p) { asOf features { name value } } }";

async fn features(served: &Served, id: &Value, at: &Value, position: &Value) -> Value {
    let asked = json!({ "id": id, "at": at, "p": position });
    served.data(&admin(TENANT), FEATURES, asked).await["churnFeatures"].clone()
}

/// When the newest event was written down.
async fn newest(served: &Served) -> (Value, Value) {
    let newest = "{ events(last: 1) { nodes { recordedAt position } } }";
    let seen = served.data(&admin(TENANT), newest, json!({})).await;
    let event = &seen["events"]["nodes"][0];
    (event["recordedAt"].clone(), event["position"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn features_as_of_a_past_instant_are_what_the_table_said_then() {
    let served = Served::new().await;
    let (agent, _) = served.agent(TENANT, 11).await;
    let begun = newest(&served).await.0;
    let mut kept = Vec::new();
    let first = served.message(TENANT, "ada@example.org", "m1", "Where is my parcel?").await;
    let customer = first["customerId"].clone();
    let mut keep = async || {
        let (at, position) = newest(&served).await;
        let said = features(&served, &customer, &at, &position).await;
        assert!(said["features"].is_array(), "{said}");
        kept.push((at, said));
    };
    keep().await;
    let id = json!({ "conversationId": first["conversationId"] });
    let conversation = "conversation { id }";
    served.granted(&agent, "conversationClaim", conversation, id.clone()).await;
    let reply = json!({ "conversationId": first["conversationId"], "text": "On its way" });
    served.granted(&agent, "conversationReply", conversation, reply).await;
    keep().await;
    let tier = json!({ "customerId": customer, "tier": "VIP" });
    served.granted(&agent, "customerSetTier", "customer { id }", tier).await;
    keep().await;
    served.granted(&agent, "conversationResolve", conversation, id).await;
    keep().await;
    served.message(TENANT, "ada@example.org", "m2", "It is broken.").await;
    keep().await;
    let position = newest(&served).await.1;
    for window in kept.windows(2) {
        assert_ne!(window[0].1["features"], window[1].1["features"], "something happened");
    }
    for (at, said) in &kept {
        assert_eq!(features(&served, &customer, at, &position).await, *said, "as of {at}");
    }
    let before = features(&served, &customer, &begun, &position).await;
    assert_eq!(before, json!(null), "nobody knew them");

    let forbid = json!({ "customerId": customer, "purpose": "ANALYTICS", "granted": false });
    let done = served.granted(&agent, "customerSetConsent", "customer { id }", forbid).await;
    let forbidden = features(&served, &customer, &kept[1].0, &done["position"]).await;
    assert_eq!(forbidden, json!(null), "what they forbid holds for their past");
}

/// How often the customer wrote, as features say.
fn contacts(said: &Value) -> Option<f64> {
    let features = said["features"].as_array()?;
    features.iter().find(|it| it["name"] == "contacts_total")?["value"].as_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_of_all_profiles_that_were_merged_as_of_the_instant() {
    let served = Served::new().await;
    let (agent, _) = served.agent(TENANT, 11).await;
    let write = async |from: &str, external: &str| {
        served.message(TENANT, from, external, "Hello").await["customerId"].clone()
    };
    let one = write("ada@example.org", "m1").await;
    let other = write("ada@example.net", "m2").await;
    let third = write("ada@example.com", "m3").await;
    write("ada@example.com", "m4").await;
    let merge = |source: &Value, target: &Value| json!({ "sourceId": source, "targetId": target });
    let mut kept = Vec::new();
    let mut keep = async |expected: Option<f64>| {
        let (at, position) = newest(&served).await;
        let said = features(&served, &one, &at, &position).await;
        assert_eq!(contacts(&said), expected, "{said}");
        kept.push((at, said));
    };
    let customer = "customer { id }";
    keep(Some(1.0)).await;
    served.granted(&agent, "customerMerge", customer, merge(&third, &other)).await;
    keep(Some(1.0)).await;
    served.granted(&agent, "customerMerge", customer, merge(&other, &one)).await;
    keep(Some(4.0)).await;
    assert_eq!(write("ada@example.com", "m5").await, third, "the address is still theirs");
    keep(Some(5.0)).await;
    let undo = json!({ "customerId": other });
    served.granted(&agent, "customerUnmerge", customer, undo).await;
    keep(Some(1.0)).await;
    let position = newest(&served).await.1;
    for (at, said) in &kept {
        assert_eq!(features(&served, &one, at, &position).await, *said, "as of {at}");
    }
    let apart = features(&served, &other, &kept[4].0, &position).await;
    assert_eq!(contacts(&apart), Some(4.0), "with the third one: {apart}");
    let theirs = json!({ "id": one, "at": kept[4].0, "p": position });
    let theirs = served.data(&admin(2), FEATURES, theirs).await;
    assert_eq!(theirs["churnFeatures"], json!(null), "another tenant knows nobody");

    // What one profile forbids holds for the person that it was part of, as long as it was.
    let forbid = json!({ "customerId": other, "purpose": "ANALYTICS", "granted": false });
    let done = served.granted(&agent, "customerSetConsent", customer, forbid).await;
    let said = async |at: usize| {
        let said = features(&served, &one, &kept[at].0, &done["position"]).await;
        (said != json!(null)).then_some(said)
    };
    for (at, whole) in [(0, true), (1, true), (2, false), (3, false), (4, true)] {
        assert_eq!(said(at).await, whole.then(|| kept[at].1.clone()), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_back_consent_by_a_merged_profile_is_left_out_until_it_is_given_again() {
    let served = Served::new().await;
    let (agent, _) = served.agent(TENANT, 11).await;
    let write = async |from: &str, external: &str| {
        served.message(TENANT, from, external, "Hello").await["customerId"].clone()
    };
    let one = write("ada@example.org", "m1").await;
    let other = write("ada@example.net", "m2").await;
    let customer = "customer { id }";
    let merge = json!({ "sourceId": other, "targetId": one });
    served.granted(&agent, "customerMerge", customer, merge).await;
    let person = Kind::Customer.read(other.as_str().expect("an id")).expect("a customer's id");
    let themselves = viewer(TENANT, Role::Customer, person);
    for (granted, expected) in [(true, Some(2.0)), (false, None), (true, Some(2.0))] {
        let consent = json!({ "customerId": other, "purpose": "ANALYTICS", "granted": granted });
        served.granted(&themselves, "customerSetConsent", customer, consent).await;
        let (at, position) = newest(&served).await;
        let said = features(&served, &one, &at, &position).await;
        assert_eq!(contacts(&said), expected, "{granted}: {said}");
    }
}
