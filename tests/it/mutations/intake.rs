//! Deliveries of providers: those that wait for a person, and what becomes of them.

use allhours_api::graphql::viewer::{Role, Viewer};
use serde_json::{Value, json};

use super::desk::TestDesk;

const INTAKE: &str = "intake {
    id version status whyParked channel account deliveries receivedAt updatedAt
    raw { text state } externalId { text state } discardReason { text state }
    customerId conversationId messageId
}";
const LIST: &str = "query(
    $status: IntakeStatus, $channel: Channel, $first: Int, $last: Int, $after: String,
    $before: String, $p: Position
) {
    intakes(
        status: $status, channel: $channel, first: $first, last: $last, after: $after,
        before: $before, minPosition: $p
    ) {
        nodes { id whyParked externalId { text state } raw { text state } status version }
        edges { cursor }
        pageInfo { hasPreviousPage hasNextPage }
    }
}";

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id } }";

fn parcel(external_id: &str) -> Value {
    json!({
        "channel": "EMAIL", "account": "support", "externalId": external_id,
        "raw": format!("=?utf-9?Q?{external_id}"), "why": "the charset is unknown",
    })
}

fn readable(external_id: &str) -> Value {
    json!({
        "channel": "EMAIL", "account": "support", "externalId": external_id,
        "raw": "Subject: shoes\n\nToo small.", "from": "lin@example.org", "text": "Too small.",
    })
}

impl TestDesk {
    async fn parked(&self, external_id: &str) -> Value {
        self.granted(&self.integration, "intakePark", parcel(external_id), INTAKE).await
    }

    /// The page of deliveries that a viewer sees.
    async fn intakes(&self, viewer: &Viewer, mut asked: Value) -> Value {
        asked["p"] = json!(self.head().await);
        let answer = self.ask(viewer, LIST, asked).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
        answer["data"]["intakes"].clone()
    }
}

/// The provider's ids of a page.
fn named(page: &Value) -> Vec<&str> {
    let nodes = page["nodes"].as_array().expect("nodes").iter();
    nodes.map(|node| node["externalId"]["text"].as_str().unwrap_or("hidden")).collect()
}

#[tokio::test]
async fn a_delivery_that_could_not_be_understood_waits_in_the_list_until_it_is_discarded() {
    let desk = TestDesk::open().await;
    desk.granted(&desk.integration, "intakeReceive", readable("m0"), INTAKE).await;
    for id in ["m1", "m2", "m3"] {
        desk.parked(id).await;
    }
    let waiting = json!({ "status": "PARKED", "first": 10 });
    let page = desk.intakes(&desk.supervisor, waiting.clone()).await;
    assert_eq!(named(&page), ["m3", "m2", "m1"], "the newest first");
    let second = page["nodes"][1].clone();
    assert_eq!(second["whyParked"], "the charset is unknown");
    assert_eq!(second["raw"], json!({ "text": "=?utf-9?Q?m2", "state": "READABLE" }));
    let on_sms = json!({ "status": "PARKED", "channel": "SMS", "first": 10 });
    assert_eq!(named(&desk.intakes(&desk.supervisor, on_sms).await), [""; 0]);

    let discard = json!({
        "intakeId": second["id"], "reason": "an advertisement", "expectedVersion": second["version"],
    });
    let gone = desk.granted(&desk.supervisor, "intakeDiscard", discard, INTAKE).await;
    assert_eq!(gone["intake"]["status"], "DISCARDED");
    assert_eq!(gone["intake"]["discardReason"]["text"], "an advertisement");
    assert_eq!(gone["intake"]["version"], gone["version"]);
    let page = desk.intakes(&desk.supervisor, waiting).await;
    assert_eq!(named(&page), ["m3", "m1"]);
    let discarded = json!({ "status": "DISCARDED", "first": 10 });
    let page = desk.intakes(&desk.supervisor, discarded).await;
    assert_eq!(named(&page), ["m2"]);
    assert_eq!(page["nodes"][0]["whyParked"], "the charset is unknown");
    let all = desk.intakes(&desk.admin, json!({ "first": 10, "channel": "EMAIL" })).await;
    assert_eq!(named(&all), ["m3", "m2", "m1", "m0"]);
}

#[tokio::test]
async fn the_list_of_deliveries_is_paged_both_ways() {
    let desk = TestDesk::open().await;
    for id in ["m1", "m2", "m3"] {
        desk.parked(id).await;
    }
    let page = async |asked: Value| desk.intakes(&desk.supervisor, asked).await;
    let first = page(json!({ "status": "PARKED", "first": 2 })).await;
    assert_eq!(named(&first), ["m3", "m2"]);
    assert_eq!(first["pageInfo"], json!({ "hasPreviousPage": false, "hasNextPage": true }));
    let cursor = &first["edges"][1]["cursor"];
    let rest = page(json!({ "status": "PARKED", "first": 2, "after": cursor })).await;
    assert_eq!(named(&rest), ["m1"]);
    assert_eq!(rest["pageInfo"], json!({ "hasPreviousPage": true, "hasNextPage": false }));
    let back = page(json!({ "status": "PARKED", "last": 1, "before": cursor })).await;
    assert_eq!(named(&back), ["m3"]);
    assert_eq!(named(&page(json!({ "status": "PARKED", "last": 1 })).await), ["m1"]);
    assert_eq!(named(&page(json!({ "last": 2 })).await), ["m2", "m1"]);
}

#[tokio::test]
async fn deliveries_are_for_those_who_decide_on_them_and_for_the_programs_that_bring_them() {
    let desk = TestDesk::open().await;
    let intake = desk.parked("m1").await["intake"].clone();
    assert_eq!(intake["raw"], json!({ "text": null, "state": "HIDDEN" }));
    let all = json!({ "first": 10 });
    let page = desk.intakes(&desk.integration, all.clone()).await;
    assert_eq!(page["nodes"][0]["whyParked"], "the charset is unknown");
    assert_eq!(page["nodes"][0]["externalId"], json!({ "text": null, "state": "HIDDEN" }));
    let (lin, _) = desk.customer("Lin").await;
    let analyst = Viewer { role: Role::Analyst, ..desk.admin.clone() };
    let auditor = Viewer { role: Role::Auditor, ..desk.admin.clone() };
    // What stands in the log is for auditors to read, and nothing is theirs to change.
    let page = desk.intakes(&auditor, all.clone()).await;
    assert_eq!(page["nodes"][0]["raw"], json!({ "text": "=?utf-9?Q?m1", "state": "READABLE" }));
    let answer = desk.ask(&auditor, NODE, json!({ "id": intake["id"] })).await;
    assert_eq!(answer["data"]["node"]["id"], intake["id"], "{answer:#}");
    assert_eq!(desk.denied(&auditor, "intakePark", parcel("m2")).await, "FORBIDDEN");
    for other in [&desk.ada, &lin, &analyst] {
        let answer = desk.ask(other, LIST, all.clone()).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "FORBIDDEN", "{:?}: {answer:#}", other.role);
        let answer = desk.ask(other, NODE, json!({ "id": intake["id"] })).await;
        assert_eq!(answer["data"], json!({ "node": null }), "{:?}", other.role);
        assert_eq!(desk.denied(other, "intakePark", parcel("m2")).await, "FORBIDDEN");
    }
    let answer = desk.ask(&desk.supervisor, NODE, json!({ "id": intake["id"] })).await;
    let expected = json!({ "node": { "__typename": "Intake", "id": intake["id"] } });
    assert_eq!(answer["data"], expected, "{answer:#}");
}

#[tokio::test]
async fn a_delivery_is_parked_once_however_often_it_comes_and_not_after_it_was_settled() {
    let desk = TestDesk::open().await;
    let park = |input: Value| desk.answered(&desk.integration, "intakePark", input, INTAKE);
    let mut keyed = parcel("m1");
    keyed["idempotencyKey"] = json!("k1");
    keyed["receivedAt"] = json!("2026-01-02T03:04:05Z");
    let first = park(keyed.clone()).await;
    let intake = &first["intake"];
    assert_eq!((&intake["status"], &intake["deliveries"]), (&json!("PARKED"), &json!(1)));
    assert_eq!(intake["receivedAt"], "2026-01-02T03:04:05Z");
    let again = park(parcel("m1")).await;
    let intake = &again["intake"];
    assert_eq!((&intake["status"], &intake["deliveries"]), (&json!("PARKED"), &json!(2)));
    let known = desk.granted(&desk.integration, "intakeReceive", readable("m1"), INTAKE).await;
    let intake = &known["intake"];
    assert_eq!((&intake["status"], &intake["deliveries"]), (&json!("PARKED"), &json!(3)));
    let mut stale = parcel("m1");
    stale["expectedVersion"] = json!(0);
    assert_eq!(park(stale).await["userErrors"][0]["code"], "STALE_VERSION");
    let mut future = parcel("m2");
    future["receivedAt"] = json!("2999-01-01T00:00:00Z");
    let no = desk.refused(&desk.integration, "intakePark", future, INTAKE).await;
    assert_eq!(no["field"], json!(["input", "receivedAt"]));

    let discard = json!({ "intakeId": intake["id"], "reason": "spam" });
    desk.granted(&desk.admin, "intakeDiscard", discard, INTAKE).await;
    let no = desk.refused(&desk.integration, "intakePark", parcel("m1"), INTAKE).await;
    assert_eq!(no["code"], "DISCARDED");
    let repeated = park(keyed).await;
    assert_eq!((&repeated["repeated"], &repeated["position"]), (&json!(true), &first["position"]));
    desk.granted(&desk.integration, "intakeReceive", readable("m3"), INTAKE).await;
    let no = desk.refused(&desk.integration, "intakePark", parcel("m3"), INTAKE).await;
    assert_eq!(no["code"], "ALREADY_PARSED");
}

#[tokio::test]
async fn a_delivery_that_is_not_in_the_table_yet_is_read_from_its_stream() {
    let desk = TestDesk::open().await;
    desk.parked("m1").await;
    let known = desk.intakes(&desk.supervisor, json!({ "first": 10 })).await;
    assert_eq!(named(&known), ["m1"]);
    // Nobody moves the table while its checkpoint is held.
    let mut owner = desk.database.owner().await.expect("a connection");
    let held = owner.transaction().await.expect("a transaction");
    let checkpoint = "select from read.checkpoints where projection = 'intakes' for update";
    held.query(checkpoint, &[]).await.expect("the checkpoint");
    let late = desk.granted(&desk.integration, "intakeReceive", readable("m2"), INTAKE).await;
    let node = "query($id: ID!, $p: Position) { node(id: $id, minPosition: $p) { ... on Intake {
        version status whyParked channel account deliveries receivedAt updatedAt raw { text }
        externalId { text } customerId conversationId messageId
    } } }";
    let mut asked = json!({ "id": late["intake"]["id"] });
    let streamed = desk.ask(&desk.supervisor, node, asked.clone()).await;
    assert_eq!(streamed["data"]["node"]["externalId"]["text"], "m2", "{streamed:#}");
    let listed = desk.ask(&desk.supervisor, LIST, json!({ "first": 10 })).await;
    assert_eq!(named(&listed["data"]["intakes"]), ["m1"], "the table is held");
    held.rollback().await.expect("the checkpoint is free");
    asked["p"] = late["position"].clone();
    let tabled = desk.ask(&desk.supervisor, node, asked).await;
    assert_eq!(tabled["data"], streamed["data"], "{tabled:#}");
    let listed = desk.intakes(&desk.supervisor, json!({ "first": 10 })).await;
    assert_eq!(named(&listed), ["m2", "m1"]);
}

#[tokio::test]
async fn what_an_erased_customer_sent_reads_as_erased_in_the_list() {
    let desk = TestDesk::open().await;
    let sent = desk.granted(&desk.integration, "intakeReceive", readable("m1"), INTAKE).await;
    let all = json!({ "first": 10 });
    assert_eq!(named(&desk.intakes(&desk.admin, all.clone()).await), ["m1"]);
    let erase = json!({ "customerId": sent["intake"]["customerId"], "legalBasis": "gdpr-17" });
    let certificate = "certificate { customerId }";
    desk.granted(&desk.admin, "customerErase", erase, certificate).await;
    let page = desk.intakes(&desk.admin, all).await;
    let erased = json!({ "text": null, "state": "ERASED" });
    assert_eq!((&page["nodes"][0]["raw"], &page["nodes"][0]["externalId"]), (&erased, &erased));
    assert_eq!(page["nodes"][0]["status"], "PARSED");
}
