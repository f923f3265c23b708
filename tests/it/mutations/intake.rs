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
    assert_eq!((&page["nodes"][0]["id"], named(&page)), (&second["id"], vec!["hidden"]));
    assert_eq!(page["nodes"][0]["whyParked"], "the charset is unknown");
    let all = desk.intakes(&desk.admin, json!({ "first": 10, "channel": "EMAIL" })).await;
    assert_eq!(named(&all), ["m3", "hidden", "m1", "m0"]);
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

#[tokio::test]
async fn nothing_is_kept_of_what_was_sent_once_it_is_discarded() {
    let desk = TestDesk::open().await;
    let parked = desk.parked("m1").await["intake"].clone();
    let kept = desk.parked("m2").await["intake"].clone();
    let discard = |version: i64, key: &str| {
        json!({
            "intakeId": parked["id"], "reason": "spam", "expectedVersion": version,
            "idempotencyKey": key,
        })
    };
    let no = desk.refused(&desk.supervisor, "intakeDiscard", discard(1, "k0"), INTAKE).await;
    assert_eq!(no["code"], "STALE_VERSION");
    let waits = desk.intakes(&desk.admin, json!({ "status": "PARKED", "first": 9 })).await;
    assert_eq!(named(&waits), ["m2", "m1"], "what is refused deletes nothing");

    let done = desk.granted(&desk.supervisor, "intakeDiscard", discard(2, "k1"), INTAKE).await;
    let gone = json!({ "text": null, "state": "ERASED" });
    let intake = &done["intake"];
    assert_eq!((&intake["raw"], &intake["externalId"]), (&gone, &gone));
    assert_eq!((&intake["status"], &intake["deliveries"]), (&json!("DISCARDED"), &json!(1)));
    assert_eq!(intake["discardReason"]["text"], "spam");
    let again = desk.granted(&desk.supervisor, "intakeDiscard", discard(2, "k1"), INTAKE).await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &done["position"]));
    let client = desk.database.owner().await.expect("a connection");
    let left = "select count(*) from sealed s join events e on e.event_id = s.event_id
        where e.name = 'intake.received'";
    let left: i64 = client.query_one(left, &[]).await.expect("a count").get(0);
    assert_eq!(left, 2, "the other one's raw form and id");
    assert_eq!(desk.findings().await, [], "the log says why");

    // It is known all the same when it comes again, and the other one still waits.
    let again = desk.granted(&desk.integration, "intakeReceive", readable("m1"), INTAKE).await;
    let again = &again["intake"];
    assert_eq!((&again["status"], &again["deliveries"]), (&json!("DISCARDED"), &json!(2)));
    let waits = desk.intakes(&desk.admin, json!({ "status": "PARKED", "first": 9 })).await;
    assert_eq!(waits["nodes"][0]["id"], kept["id"]);
    assert_eq!(named(&waits), ["m2"]);
    // Why it was discarded is kept: that it is gone is told by no event.
    let lost = "delete from sealed s using events e
        where e.event_id = s.event_id and e.name = 'intake.discarded' returning e.position";
    let lost: i64 = client.query_one(lost, &[]).await.expect("the reason").get(0);
    assert_eq!(desk.findings().await, [Some(lost)]);
}

impl TestDesk {
    /// The payload of taking in a delivery.
    async fn taken_in(&self, intake: &Value, more: Value) -> Value {
        let mut input = json!({ "intakeId": intake["id"] });
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("too"));
        self.answered(&self.supervisor, "intakeTakeIn", input, INTAKE).await
    }
}

#[tokio::test]
async fn a_parked_delivery_becomes_a_message_of_the_customer_whom_a_person_names() {
    let desk = TestDesk::open().await;
    let (lin, id) = desk.customer("Lin").await;
    let conversation = desk.conversation(&lin, "My shoes are too small.").await;
    let parked = desk.parked("m1").await["intake"].clone();
    let more = json!({ "customerId": id, "conversationId": conversation, "idempotencyKey": "k1" });
    let taken = desk.taken_in(&parked, more.clone()).await;
    assert_eq!(taken["userErrors"], json!([]), "{taken:#}");
    let intake = &taken["intake"];
    assert_eq!(intake["status"], "PARSED");
    assert_eq!(
        (&intake["customerId"], &intake["conversationId"]),
        (&json!(id), &json!(conversation))
    );
    assert_eq!((&intake["version"], &intake["deliveries"]), (&taken["version"], &json!(1)));
    let messages = desk.messages(&desk.ada, &conversation).await;
    let last = messages.last().expect("messages");
    assert_eq!((last[1].as_str(), last[2].as_str()), ("CUSTOMER", "=?utf-9?Q?m1"));
    assert_eq!(intake["messageId"], last[0]);
    // It moved: what stays behind would outlive the customer's erasure.
    let gone = json!({ "text": null, "state": "ERASED" });
    assert_eq!((&intake["raw"], &intake["externalId"]), (&gone, &gone));
    assert_eq!(desk.findings().await, []);

    let again = desk.taken_in(&parked, more).await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &taken["position"]));
    let once_more = desk.taken_in(&parked, json!({ "customerId": id })).await;
    assert_eq!(once_more["userErrors"][0]["code"], "ALREADY_PARSED", "{once_more:#}");
    assert_eq!(desk.messages(&desk.ada, &conversation).await.len(), messages.len());
    let known = desk.granted(&desk.integration, "intakeReceive", readable("m1"), INTAKE).await;
    assert_eq!(
        (&known["intake"]["status"], &known["intake"]["deliveries"]),
        (&json!("PARSED"), &json!(2))
    );

    let erase = json!({ "customerId": id, "legalBasis": "gdpr-17" });
    desk.granted(&desk.admin, "customerErase", erase, "certificate { customerId }").await;
    let messages = desk.messages(&desk.ada, &conversation).await;
    assert!(messages.iter().all(|message| message[2] == "ERASED"), "{messages:?}");
}

#[tokio::test]
async fn a_parked_delivery_from_an_address_finds_or_makes_its_customer_and_conversation() {
    let desk = TestDesk::open().await;
    let first = desk.parked("m1").await["intake"].clone();
    let from = json!({ "from": "Lin@example.org", "displayName": "Lin", "subject": "Shoes" });
    let first = desk.taken_in(&first, from).await;
    assert_eq!(first["userErrors"], json!([]), "{first:#}");
    let received = desk.granted(&desk.integration, "intakeReceive", readable("m2"), INTAKE).await;
    let second = desk.parked("m3").await["intake"].clone();
    let second = desk.taken_in(&second, json!({ "from": "lin@example.org" })).await;
    for part in ["customerId", "conversationId"] {
        let all = [&first, &received, &second].map(|it| it["intake"][part].clone());
        assert!(all[0].is_string() && all.iter().all(|it| *it == all[0]), "{part}: {all:?}");
    }
    let conversation = first["intake"]["conversationId"].as_str().expect("an id");
    let messages = desk.messages(&desk.ada, conversation).await;
    let texts: Vec<&str> = messages.iter().map(|message| message[2].as_str()).collect();
    assert_eq!(texts, ["=?utf-9?Q?m1", "Too small.", "=?utf-9?Q?m3"]);
}

#[tokio::test]
async fn what_can_not_be_taken_in_is_refused_with_a_reason_and_goes_on_waiting() {
    let desk = TestDesk::open().await;
    let (lin, id) = desk.customer("Lin").await;
    let (_, other) = desk.customer("Eve").await;
    let conversation = desk.conversation(&lin, "My shoes are too small.").await;
    let parked = desk.parked("m1").await["intake"].clone();
    let version = parked["version"].as_i64().expect("a version");
    for (more, code) in [
        (json!({}), "INVALID_INPUT"),
        (json!({ "customerId": id, "from": "lin@example.org" }), "INVALID_INPUT"),
        (json!({ "customerId": other, "conversationId": conversation }), "OTHER_CUSTOMER"),
        (json!({ "customerId": conversation }), "NOT_FOUND"),
        (json!({ "customerId": id, "expectedVersion": version - 1 }), "STALE_VERSION"),
    ] {
        let no = desk.taken_in(&parked, more.clone()).await;
        assert_eq!(no["userErrors"][0]["code"], code, "{more}: {no:#}");
    }
    let waiting = desk.intakes(&desk.supervisor, json!({ "status": "PARKED", "first": 9 })).await;
    assert_eq!(named(&waiting), ["m1"]);
    let mut long = parcel("m2");
    long["raw"] = json!("x".repeat(50_001));
    let long = desk.granted(&desk.integration, "intakePark", long, INTAKE).await["intake"].clone();
    let no = desk.taken_in(&long, json!({ "customerId": id })).await;
    assert_eq!(no["userErrors"][0]["code"], "NO_MESSAGE", "{no:#}");
    let erase = json!({ "customerId": id, "legalBasis": "gdpr-17" });
    desk.granted(&desk.admin, "customerErase", erase, "certificate { customerId }").await;
    let no = desk.taken_in(&parked, json!({ "customerId": id })).await;
    assert_eq!(no["userErrors"][0]["code"], "ERASED", "{no:#}");
    let discard = json!({ "intakeId": parked["id"], "reason": "spam" });
    desk.granted(&desk.supervisor, "intakeDiscard", discard, INTAKE).await;
    let no = desk.taken_in(&parked, json!({ "customerId": other })).await;
    assert_eq!(no["userErrors"][0]["code"], "DISCARDED", "{no:#}");
    for who in [&desk.ada, &lin, &desk.integration] {
        let input = json!({ "intakeId": parked["id"], "customerId": other });
        assert_eq!(desk.denied(who, "intakeTakeIn", input).await, "FORBIDDEN", "{:?}", who.role);
    }
}
