//! What a provider may say of a delivery, and where it goes then.

use serde_json::{Value, json};

use super::desk::TestDesk;

const INTAKE: &str = "intake { id conversationId }";

fn mail(external_id: &str, from: &str) -> Value {
    json!({
        "channel": "EMAIL", "account": "support", "externalId": external_id,
        "raw": "Subject: shoes\n\nToo small.", "from": from, "text": "Too small.",
    })
}

fn parcel(external_id: &str) -> Value {
    json!({
        "channel": "EMAIL", "account": "support", "externalId": external_id,
        "raw": "=?utf-9?", "why": "the charset is unknown",
    })
}

impl TestDesk {
    /// In whose queue the conversation of a delivery is.
    async fn queue_of(&self, received: &Value) -> Value {
        let document = "query($id: ID!) { conversation(id: $id) { team { id } } }";
        let asked = json!({ "id": received["intake"]["conversationId"] });
        let answer = self.ask(&self.supervisor, document, asked).await;
        assert!(answer["data"]["conversation"].is_object(), "{answer:#}");
        answer["data"]["conversation"]["team"]["id"].clone()
    }
}

#[tokio::test]
async fn mail_for_a_retired_team_waits_in_the_common_queue_and_no_person_puts_more_there() {
    let desk = TestDesk::open().await;
    let lead = &desk.supervisor;
    let team = desk.granted(lead, "teamCreate", json!({ "name": "Boots" }), "team { id }").await;
    let team = team["team"]["id"].clone();
    let receive = async |external_id: &str, from: &str| {
        let mut input = mail(external_id, from);
        input["teamId"] = team.clone();
        let received = desk.granted(&desk.integration, "intakeReceive", input, INTAKE).await;
        desk.queue_of(&received).await
    };
    assert_eq!(receive("m1", "lin@example.org").await, team);
    desk.granted(lead, "teamRetire", json!({ "teamId": team }), "team { id }").await;
    assert_eq!(receive("m2", "mia@example.org").await, json!(null));
    assert_eq!(receive("m3", "lin@example.org").await, team, "it goes on where it was");

    let parked = desk.granted(&desk.integration, "intakePark", parcel("m4"), INTAKE).await;
    let mut take_in = json!({
        "intakeId": parked["intake"]["id"], "from": "eve@example.org", "teamId": team,
    });
    let no = desk.refused(lead, "intakeTakeIn", take_in.clone(), INTAKE).await;
    assert_eq!(no["code"], "RETIRED");
    take_in["teamId"] = json!(null);
    let taken = desk.granted(lead, "intakeTakeIn", take_in, INTAKE).await;
    assert_eq!(desk.queue_of(&taken).await, json!(null));
}

#[tokio::test]
async fn nothing_was_received_before_1970_or_in_the_future() {
    let desk = TestDesk::open().await;
    let at = |mut input: Value, at: &str| {
        input["receivedAt"] = json!(at);
        input
    };
    for when in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2999-01-01T00:00:00Z"] {
        let all = [("intakeReceive", mail("m1", "lin@example.org")), ("intakePark", parcel("m2"))];
        for (mutation, input) in all {
            let no = desk.refused(&desk.integration, mutation, at(input, when), INTAKE).await;
            assert_eq!(no["code"], "INVALID_INPUT", "{mutation} at {when}");
            assert_eq!(no["field"], json!(["input", "receivedAt"]));
        }
    }
    let first = at(mail("m1", "lin@example.org"), "1970-01-01T00:00:00Z");
    desk.granted(&desk.integration, "intakeReceive", first, INTAKE).await;
}
