//! Merges and splits in a row, far more of them than a desk sees in a year.

use allhours_api::graphql::{id::Kind, viewer::Viewer};
use serde_json::{Value, json};

use super::desk::TestDesk;

/// How often in a row.
const LINKS: usize = 36;
const CONVERSATION: &str = "conversation { id }";

fn id(of: &Value) -> String {
    of.as_str().expect("an id").to_owned()
}

async fn said(desk: &TestDesk, viewer: &Viewer, conversation: &str) -> Vec<String> {
    let messages = desk.messages(viewer, conversation).await;
    messages.into_iter().map(|[_, _, text]| text).collect()
}

/// How many sealed texts of messages the database holds.
async fn sealed_messages(desk: &TestDesk) -> i64 {
    let sql = "select count(*) from sealed where event_id in (select event_id from events
        where name = 'conversation.customer_message_received')";
    let owner = desk.database.owner().await.expect("a connection");
    owner.query_one(sql, &[]).await.expect("a count").get(0)
}

/// Merges one conversation into another one.
async fn merge(desk: &TestDesk, source: &str, target: &str) {
    let merge = json!({ "sourceId": source, "targetId": target });
    desk.granted(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
}

#[tokio::test]
async fn what_was_split_off_again_and_again_is_read_and_redacted_where_it_was_written() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let card = "My card number is 4111 1111 1111 1111.";
    let first = desk.conversation(&lin, card).await;
    let message = desk.messages(&lin, &first).await[0][0].clone();
    let mut last = first.clone();
    for _ in 0..LINKS {
        let more = json!({ "conversationId": last, "text": "Hello?" });
        desk.granted(&lin, "messageSend", more, CONVERSATION).await;
        let split = json!({ "conversationId": last, "messageIds": [message] });
        let made = desk.granted(&desk.ada, "conversationSplit", split, CONVERSATION).await;
        last = id(&made["conversation"]["id"]);
    }
    assert_eq!(said(&desk, &lin, &last).await, [card]);

    let before = sealed_messages(&desk).await;
    let redact = |conversation: &str, message: &str| json!({ "conversationId": conversation, "messageId": message, "reason": "card" });
    desk.granted(&desk.supervisor, "conversationRedact", redact(&last, &message), CONVERSATION)
        .await;
    assert_eq!(sealed_messages(&desk).await, before - 1, "the text is gone");
    assert_eq!(said(&desk, &lin, &last).await, ["ERASED"]);
    assert_eq!(desk.findings().await, []);

    // Where nothing is deleted, nothing is said to be.
    let head = desk.head().await;
    let elsewhere = desk.messages(&lin, &first).await[0][0].clone();
    for (conversation, message) in [(&first, &message), (&last, &elsewhere)] {
        let redact = redact(conversation, message);
        let no = desk.refused(&desk.supervisor, "conversationRedact", redact, CONVERSATION).await;
        assert_eq!(no["code"], "UNKNOWN_MESSAGE");
    }
    assert_eq!(desk.head().await, head);
}

#[tokio::test]
async fn who_writes_from_the_address_of_a_profile_merged_again_and_again_is_who_goes_on() {
    let desk = TestDesk::open().await;
    let receive = async |external_id: &str| {
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": external_id,
            "raw": "Too small.", "from": "lin@example.org", "text": "Too small.",
        });
        let object = "intake { conversationId customerId }";
        let received = desk.granted(&desk.integration, "intakeReceive", input, object).await;
        received["intake"].clone()
    };
    let first = receive("1").await;
    let mut customer = id(&first["customerId"]);
    for _ in 0..LINKS {
        let (_, target) = desk.customer("Lin").await;
        let merge = json!({ "sourceId": customer, "targetId": target });
        desk.granted(&desk.ada, "customerMerge", merge, "customer { id }").await;
        customer = target;
    }
    let next = receive("2").await;
    assert_eq!(next["customerId"], first["customerId"], "the address is that profile's");
    let list = "query($id: ID!, $p: Position) { customer(id: $id, minPosition: $p) {
        conversations(first: 9) { nodes { id } }
    } }";
    let theirs = desk.ask(&desk.ada, list, json!({ "id": customer, "p": desk.head().await })).await;
    let nodes = &theirs["data"]["customer"]["conversations"]["nodes"];
    assert_eq!(*nodes, json!([{ "id": first["conversationId"] }]), "and the person's");
    assert_eq!(next["conversationId"], first["conversationId"], "it goes on where it was");
}

#[tokio::test]
async fn what_was_merged_again_and_again_is_read_and_answered_where_it_goes_on() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let mut conversations = Vec::new();
    let mut texts = Vec::new();
    for number in 0..=LINKS {
        texts.push(format!("Question {number}"));
        conversations.push(desk.conversation(&lin, &texts[number]).await);
    }
    for pair in conversations.windows(2) {
        merge(&desk, &pair[0], &pair[1]).await;
    }
    let (first, last) = (&conversations[0], &conversations[LINKS]);
    assert_eq!(said(&desk, &lin, last).await, texts);
    let more = json!({ "conversationId": first, "text": "Hello?" });
    let sent = desk.granted(&lin, "messageSend", more, CONVERSATION).await;
    assert_eq!(sent["conversation"]["id"], json!(last));
    texts.push("Hello?".to_owned());
    assert_eq!(said(&desk, &desk.ada, last).await, texts);
}

#[tokio::test]
async fn after_many_changes_of_mind_a_conversation_still_shows_what_is_merged_into_it() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let one = desk.conversation(&lin, "My shoes are too small.").await;
    let other = desk.conversation(&lin, "And the box was open.").await;
    // More of them than are read at once.
    for _ in 0..60 {
        merge(&desk, &other, &one).await;
        let back = json!({ "conversationId": other });
        desk.granted(&desk.ada, "conversationUnmerge", back, CONVERSATION).await;
    }
    assert_eq!(said(&desk, &lin, &one).await, ["My shoes are too small."]);
    merge(&desk, &other, &one).await;
    let both = ["My shoes are too small.", "And the box was open."];
    assert_eq!(said(&desk, &lin, &one).await, both);
}

#[tokio::test]
async fn consents_and_addresses_of_a_merged_profile_can_be_taken_back() {
    const CUSTOMER: &str =
        "customer { id consents { purpose granted } addresses { id } mergedInto { id } }";
    let desk = TestDesk::open().await;
    let (lin, own) = desk.customer("Lin").await;
    let (twin, other) = desk.customer("Lin Y.").await;
    let consent =
        |granted: bool| json!({ "customerId": own, "purpose": "ASSISTANT", "granted": granted });
    desk.granted(&lin, "customerSetConsent", consent(true), CUSTOMER).await;
    let link = |address: &str| json!({ "customerId": own, "channel": "EMAIL", "address": address });
    let linked =
        desk.granted(&desk.ada, "customerLinkAddress", link("lin@example.org"), CUSTOMER).await;
    let merge = json!({ "sourceId": own, "targetId": other });
    desk.granted(&desk.ada, "customerMerge", merge, CUSTOMER).await;

    for viewer in [&lin, &desk.ada] {
        for granted in [false, true, false] {
            let said = desk.granted(viewer, "customerSetConsent", consent(granted), CUSTOMER).await;
            let expected = json!([{ "purpose": "ASSISTANT", "granted": granted }]);
            assert_eq!(said["customer"]["consents"], expected);
            assert_eq!(said["customer"]["mergedInto"].is_null(), viewer == &lin, "{said}");
        }
    }
    let no = desk.refused(&twin, "customerSetConsent", consent(true), CUSTOMER).await;
    assert_eq!(no["code"], "NOT_FOUND", "customers say it for themselves only");

    let address = &linked["customer"]["addresses"][0]["id"];
    let unlink = json!({ "customerId": own, "addressId": address });
    let freed = desk.granted(&desk.ada, "customerUnlinkAddress", unlink, CUSTOMER).await;
    assert_eq!(freed["customer"]["addresses"], json!([]));
    let taken = json!({ "customerId": other, "channel": "EMAIL", "address": "lin@example.org" });
    desk.granted(&desk.ada, "customerLinkAddress", taken, CUSTOMER).await;

    let no = desk.refused(&desk.ada, "customerLinkAddress", link("l@example.org"), CUSTOMER).await;
    assert_eq!(no["code"], "MERGED_INTO");
    let raw: uuid::Uuid = Kind::Customer.read(&other).expect("an id");
    assert!(!no.to_string().contains(&raw.to_string()), "{no:#} names the other profile");
}
