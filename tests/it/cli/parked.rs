//! What nobody takes in is discarded by itself when it has waited for long enough.

use serde_json::{Value, json};

use super::run::{mutate, replayed, until};
use crate::process::{Place, home};

const DISCARDED: &str = "type=intake.discarded";

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_waited_for_too_long_is_discarded_once_and_a_younger_one_waits_on() {
    let folder = home();
    let place = Place::new(folder.path()).with("ALLHOURS_INTAKES_PARKED_DAYS", "7");
    let server = place.serve(&["--demo"]).await;
    let integration = server.caller("integration").await;
    #[expect(clippy::disallowed_methods, reason = "a provider names an instant by the clock")]
    let now = jiff::Timestamp::now();
    for (number, days) in [6, 8].into_iter().enumerate() {
        let received = now - jiff::SignedDuration::from_hours(24 * days);
        let park = json!({
            "channel": "EMAIL", "account": "support", "externalId": format!("id-{number}"),
            "raw": "=?qzjxvkwbyp", "why": "the charset is unknown",
            "receivedAt": received.to_string(),
        });
        mutate(&integration, "intakePark", park).await;
    }
    let events = until("it is discarded", async || {
        let events = replayed(folder.path(), &["--where", DISCARDED]).await;
        (!events.is_empty()).then_some(events)
    })
    .await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["actor"], "timer:parked");
    let supervisor = server.caller("supervisor").await;
    let list = "query ($p: Position) { intakes(first: 9, minPosition: $p) {
        nodes { status raw { text state } discardReason { text } } } }";
    let seen = supervisor.data(list, &json!({ "p": events[0]["position"] })).await;
    let gone = json!({
        "status": "DISCARDED", "raw": { "text": null, "state": "ERASED" },
        "discardReason": { "text": "nobody took it in for 7 days" },
    });
    let waits = json!({
        "status": "PARKED", "raw": { "text": "=?qzjxvkwbyp", "state": "READABLE" },
        "discardReason": null,
    });
    let nodes: &Value = &seen["intakes"]["nodes"];
    assert_eq!(*nodes, json!([waits, gone]));
    server.place().verify().await;
    server.stop().await;
}
