//! Customers: addresses, consent, merging, deliveries, and being forgotten.

use allhours_api::{
    desk::CommandContext,
    graphql::{
        id::Kind,
        viewer::{Role, Viewer},
    },
};
use allhours_domain::{
    actor::Actor,
    customer::{self, Customer},
    ids::CustomerId,
    text::Key,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::TestDesk;

const CUSTOMER: &str = "customer {
    id version tier language displayName { text state } addresses { id channel verified }
    consents { purpose granted } mergedInto { id } erased
}";
const CERTIFICATE: &str = "certificate {
    customerId legalBasis textsDeleted eventPosition sha256 erasedAt
}";
const INTAKE: &str = "intake { id status deliveries conversationId messageId customerId }";

fn address(customer: &str) -> Value {
    json!({ "customerId": customer, "channel": "EMAIL", "address": "Lin@example.org" })
}

fn delivery(external_id: &str) -> Value {
    json!({
        "channel": "EMAIL", "account": "support", "externalId": external_id,
        "raw": "Subject: shoes\n\nToo small.", "from": "lin@example.org", "displayName": "Lin",
        "subject": "shoes", "text": "Too small.",
    })
}

#[tokio::test]
async fn an_address_belongs_to_one_customer_until_it_is_unlinked() {
    let desk = TestDesk::open().await;
    let (_, lin) = desk.customer("Lin").await;
    let (_, mia) = desk.customer("Mia").await;
    let linked = desk.granted(&desk.ada, "customerLinkAddress", address(&lin), CUSTOMER).await;
    let id = &linked["customer"]["addresses"][0]["id"];
    let mut same = address(&mia);
    same["address"] = json!(" lin@EXAMPLE.org");
    let no = desk.refused(&desk.ada, "customerLinkAddress", same.clone(), CUSTOMER).await;
    assert_eq!(no["code"], "ADDRESS_TAKEN");
    let lins = Kind::Customer.read(&lin).expect("an id").to_string();
    assert!(!no.to_string().contains(&lins), "{no:#} names the one who holds it");

    let unlink = |customer: &str| json!({ "customerId": customer, "addressId": id });
    let no = desk.refused(&desk.ada, "customerUnlinkAddress", unlink(&mia), CUSTOMER).await;
    assert_eq!(no["code"], "NOT_LINKED");
    desk.granted(&desk.ada, "customerUnlinkAddress", unlink(&lin), CUSTOMER).await;
    let mias = desk.granted(&desk.ada, "customerLinkAddress", same, CUSTOMER).await;
    assert_eq!(mias["customer"]["addresses"][0]["id"], *id);
}

#[tokio::test]
async fn the_answer_shows_what_was_just_done() {
    let desk = TestDesk::open().await;
    let (_, lin) = desk.customer("Lin").await;
    let input = json!({ "customerId": lin, "displayName": "Lin Yue", "language": "zh-Hans" });
    let changed = desk.granted(&desk.ada, "customerChangeProfile", input, CUSTOMER).await;
    assert_eq!(changed["customer"]["displayName"]["text"], "Lin Yue");
    assert_eq!(changed["customer"]["language"], "zh-Hans");
    let input = json!({ "customerId": lin, "tier": "VIP" });
    let vip = desk.granted(&desk.ada, "customerSetTier", input, CUSTOMER).await;
    assert_eq!(vip["customer"]["tier"], "VIP");
    assert_eq!(vip["customer"]["version"], vip["version"]);
}

#[tokio::test]
async fn customers_consent_for_themselves_only() {
    let desk = TestDesk::open().await;
    let (lin, id) = desk.customer("Lin").await;
    let (mia, _) = desk.customer("Mia").await;
    let consent = json!({ "customerId": id, "purpose": "SURVEYS", "granted": false });
    let said = desk.granted(&lin, "customerSetConsent", consent.clone(), CUSTOMER).await;
    let consents = &said["customer"]["consents"];
    assert_eq!(*consents, json!([{ "purpose": "SURVEYS", "granted": false }]));
    let no = desk.refused(&mia, "customerSetConsent", consent, CUSTOMER).await;
    assert_eq!(no["code"], "NOT_FOUND");
}

#[tokio::test]
async fn a_merged_profile_goes_on_in_the_other_one_and_comes_back() {
    let desk = TestDesk::open().await;
    let (_, one) = desk.customer("Lin").await;
    let (_, other) = desk.customer("Lin Y.").await;
    let merge = |source: &str, target: &str| json!({ "sourceId": source, "targetId": target });
    let no = desk.refused(&desk.ada, "customerMerge", merge(&one, &one), CUSTOMER).await;
    assert_eq!(no["code"], "MERGE_WITH_ITSELF");
    desk.granted(&desk.ada, "customerMerge", merge(&other, &one), CUSTOMER).await;
    let rename = json!({ "customerId": other, "displayName": "Lin" });
    let no = desk.refused(&desk.ada, "customerChangeProfile", rename, CUSTOMER).await;
    assert_eq!(no["code"], "MERGED_INTO");
    let on = json!({ "customerId": other });
    let back = desk.granted(&desk.ada, "customerUnmerge", on.clone(), CUSTOMER).await;
    assert_eq!(back["customer"]["mergedInto"], json!(null));
    let no = desk.refused(&desk.ada, "customerUnmerge", on, CUSTOMER).await;
    assert_eq!(no["code"], "NOT_MERGED");
}

#[tokio::test]
async fn a_delivery_becomes_one_message_however_often_it_comes() {
    let desk = TestDesk::open().await;
    let receive = |input| desk.granted(&desk.integration, "intakeReceive", input, INTAKE);
    let first = receive(delivery("1")).await["intake"].clone();
    assert_eq!((&first["status"], &first["deliveries"]), (&json!("PARSED"), &json!(1)));
    let again = receive(delivery("1")).await["intake"].clone();
    assert_eq!((&again["status"], &again["deliveries"]), (&json!("PARSED"), &json!(2)));
    assert_eq!(again["messageId"], first["messageId"]);
    let next = receive(delivery("2")).await["intake"].clone();
    assert_eq!(next["conversationId"], first["conversationId"]);
    assert_eq!(next["customerId"], first["customerId"]);
    let conversation = first["conversationId"].as_str().expect("an id");
    assert_eq!(desk.messages(&desk.ada, conversation).await.len(), 2);

    let mut future = delivery("3");
    future["receivedAt"] = json!("2999-01-01T00:00:00Z");
    let no = desk.refused(&desk.integration, "intakeReceive", future, INTAKE).await;
    assert_eq!(no["field"], json!(["input", "receivedAt"]));
    let discard = json!({ "intakeId": first["id"], "reason": "spam" });
    let no = desk.refused(&desk.supervisor, "intakeDiscard", discard, INTAKE).await;
    assert_eq!(no["code"], "ALREADY_PARSED");
    assert_eq!(desk.denied(&desk.ada, "intakeReceive", delivery("4")).await, "FORBIDDEN");
}

#[tokio::test]
async fn an_integration_reads_no_personal_text_in_what_it_gets_back() {
    let desk = TestDesk::open().await;
    let input = json!({ "displayName": "Lin" });
    let made = desk.granted(&desk.integration, "customerIdentify", input, CUSTOMER).await;
    let hidden = json!({ "text": null, "state": "HIDDEN" });
    assert_eq!(made["customer"]["displayName"], hidden);
}

#[tokio::test]
async fn an_erased_customer_leaves_a_certificate_and_nothing_to_read() {
    let desk = TestDesk::open().await;
    let first = desk.granted(&desk.integration, "intakeReceive", delivery("1"), INTAKE).await;
    let intake = &first["intake"];
    let (customer, conversation) = (&intake["customerId"], &intake["conversationId"]);
    let conversation = conversation.as_str().expect("an id");
    let erase = |version: Value| json!({ "customerId": customer, "legalBasis": "gdpr-17", "expectedVersion": version });
    let denied = desk.denied(&desk.supervisor, "customerErase", erase(json!(null))).await;
    assert_eq!(denied, "FORBIDDEN");
    let no = desk.refused(&desk.admin, "customerErase", erase(json!(1)), CERTIFICATE).await;
    assert_eq!((&no["code"], &no["currentVersion"]), (&json!("STALE_VERSION"), &json!(2)));

    let done = desk.granted(&desk.admin, "customerErase", erase(json!(2)), CERTIFICATE).await;
    let certificate = &done["certificate"];
    assert_eq!(certificate["legalBasis"], "gdpr-17");
    assert!(certificate["textsDeleted"].as_i64() >= Some(5), "{certificate:#}");
    let again = desk.granted(&desk.admin, "customerErase", erase(json!(null)), CERTIFICATE).await;
    assert_eq!(again["certificate"], *certificate);

    let messages = desk.messages(&desk.ada, conversation).await;
    assert_eq!(messages[0][2], "ERASED");
    let known = "erased language displayName { state } consents { purpose } addresses { id }";
    let document = format!(
        "query($id: ID!, $at: Position) {{ customer(id: $id, minPosition: $at) {{ {known} }}
            customers(first: 100, erasedToo: true, minPosition: $at) {{ nodes {{ id {known} }} }} }}"
    );
    let asked = json!({ "id": customer, "at": done["position"] });
    let read = desk.ask(&desk.admin, &document, asked).await["data"].clone();
    let mut row = read["customers"]["nodes"].as_array().expect("rows").clone();
    row.retain(|it| it["id"] == *customer);
    row[0].as_object_mut().expect("a row").remove("id");
    assert_eq!(read["customer"], row[0], "by the id as in the list");
    assert_eq!(row[0]["language"], json!(null), "{row:?}");
    let input = json!({ "customerId": customer, "displayName": "Lin" });
    let no = desk.refused(&desk.ada, "customerChangeProfile", input, CUSTOMER).await;
    assert_eq!(no["code"], "ERASED");
    let id: Uuid = Kind::Customer.read(customer.as_str().expect("an id")).expect("an id");
    let lin = Viewer { tenant: desk.tenant, role: Role::Customer, id };
    let text = json!({ "text": "Do you know me?" });
    let no = desk.refused(&lin, "messageSend", text, "conversation { id }").await;
    assert_eq!(no["code"], "ERASED");

    // Their address is free: who writes from it now is somebody new.
    let next = desk.granted(&desk.integration, "intakeReceive", delivery("2"), INTAKE).await;
    assert_ne!(next["intake"]["customerId"], *customer);
}

/// Addresses of a customer's own, as many as may be.
async fn link_addresses(desk: &TestDesk, customer: &str) {
    for number in 0..Customer::IDENTITIES_MAX {
        let mut input = address(customer);
        input["address"] = json!(format!("lin{number}@example.org"));
        desk.granted(&desk.ada, "customerLinkAddress", input, "customer { id }").await;
    }
}

/// Nothing about these customers can be read, and their addresses are somebody else's now.
async fn assert_forgotten(desk: &TestDesk, customers: &[Uuid]) {
    let sql = "select (select count(*) from sealed where subject_id = any ($1)),
        (select count(*) from subject_keys where subject_id = any ($1) and wrapped is not null),
        (select count(*) from events where stream_id = any ($1) and name = 'customer.erased')";
    let client = desk.database.owner().await.expect("a connection");
    let row = client.query_one(sql, &[&customers]).await.expect("a row");
    let counted: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
    assert_eq!(counted, [0, 0, i64::try_from(customers.len()).expect("few")]);
    assert_eq!(desk.findings().await, []);
}

#[tokio::test]
async fn a_customer_with_as_many_addresses_as_may_be_can_be_forgotten() {
    let desk = TestDesk::open().await;
    let (lin, id) = desk.customer("Lin").await;
    link_addresses(&desk, &id).await;
    let erase = json!({ "customerId": id, "legalBasis": "gdpr-17" });
    let done = desk.granted(&desk.admin, "customerErase", erase.clone(), CERTIFICATE).await;
    assert_eq!(done["certificate"]["textsDeleted"], json!(101));
    assert_eq!(done["position"], json!(desk.head().await), "all of it is waited for");
    assert_forgotten(&desk, &[lin.id]).await;
    let again = desk.granted(&desk.admin, "customerErase", erase, CERTIFICATE).await;
    assert_eq!(again["certificate"], done["certificate"]);
    let (_, mia) = desk.customer("Mia").await;
    link_addresses(&desk, &mia).await;
}

#[tokio::test]
async fn a_customer_is_forgotten_with_every_profile_however_many_were_merged() {
    let desk = TestDesk::open().await;
    let (root, id) = desk.customer("Lin").await;
    let mut everybody = vec![root.id];
    for _ in 0..4 {
        // Each holds a tree of its own.
        let (branch, branch_id) = desk.customer("Lin Y.").await;
        everybody.push(branch.id);
        for _ in 0..17 {
            let (leaf, leaf_id) = desk.customer("L. Yue").await;
            everybody.push(leaf.id);
            let merge = json!({ "sourceId": leaf_id, "targetId": branch_id });
            desk.granted(&desk.ada, "customerMerge", merge, "customer { id }").await;
        }
        let merge = json!({ "sourceId": branch_id, "targetId": id });
        desk.granted(&desk.ada, "customerMerge", merge, "customer { id }").await;
    }
    let erase = json!({ "customerId": id, "legalBasis": "gdpr-17" });
    let done = desk.granted(&desk.admin, "customerErase", erase, CERTIFICATE).await;
    assert_eq!(done["certificate"]["textsDeleted"], json!(everybody.len()));
    assert_forgotten(&desk, &everybody).await;
}

#[tokio::test]
async fn an_erasure_that_was_broken_off_goes_on_when_asked_again() {
    let desk = TestDesk::open().await;
    let (lin, id) = desk.customer("Lin").await;
    let (twin, twin_id) = desk.customer("Lin Y.").await;
    link_addresses(&desk, &id).await;
    let merge = json!({ "sourceId": twin_id, "targetId": id });
    desk.granted(&desk.ada, "customerMerge", merge, "customer { id }").await;
    // No further than the customer's own profile.
    let elsewhere = desk.elsewhere();
    let actor = Actor::System("erase".to_owned());
    let context = CommandContext::now(desk.tenant, actor);
    let legal_basis = Key::new("gdpr-17").expect("a code");
    let erase = customer::command::Erase { legal_basis: legal_basis.clone(), texts_deleted: 102 };
    let unit = elsewhere.unit(&context).with::<Customer>(lin.id, erase);
    unit.forgetting([CustomerId(lin.id).into()]).commit().await.expect("granted");
    let foreseen = elsewhere.foresee_erasure(desk.tenant, CustomerId(lin.id)).await;
    let foreseen = foreseen.expect("the log answers").expect("a customer");
    assert_eq!((foreseen.addresses, foreseen.texts, foreseen.erased), (100, 1, false));

    let erase = json!({ "customerId": id, "legalBasis": "gdpr-17" });
    let done = desk.granted(&desk.admin, "customerErase", erase, CERTIFICATE).await;
    assert_eq!(done["certificate"]["textsDeleted"], json!(102));
    assert_forgotten(&desk, &[lin.id, twin.id]).await;
    let foreseen = elsewhere.foresee_erasure(desk.tenant, CustomerId(lin.id)).await;
    let foreseen = foreseen.expect("the log answers").expect("a customer");
    assert_eq!((foreseen.addresses, foreseen.texts, foreseen.erased), (0, 0, true));
    let (_, mia) = desk.customer("Mia").await;
    link_addresses(&desk, &mia).await;
}
