//! Several profiles of one person: what becomes of their conversations and mail, also once it turns
//! out that they are not one.

use allhours_eventstore::history::History;
use serde_json::{Value, json};

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation { id mergedInto { id } }";
const CUSTOMER: &str = "customer { id }";

fn texts(messages: &[[String; 3]]) -> Vec<&str> {
    messages.iter().map(|it| it[2].as_str()).collect()
}

impl TestDesk {
    async fn mail(&self, external_id: &str, from: &str, text: &str) -> Value {
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": external_id, "thread": external_id,
            "raw": format!("raw: {text}"), "from": from, "text": text,
        });
        let object = "intake { customerId conversationId }";
        let received = self.granted(&self.integration, "intakeReceive", input, object).await;
        received["intake"].clone()
    }

    /// Waits until the lists know of all that was done.
    async fn caught_up(&self) {
        let document = "query($id: ID!, $p: Position) { node(id: $id, minPosition: $p) { id } }";
        let asked = json!({ "id": agent_id(&self.ada), "p": self.head().await });
        let answer = self.ask(&self.ada, document, asked).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
    }

    /// How many sealed texts there are about a customer.
    async fn texts_about(&self, customer: &Value) -> u64 {
        let id = customer.as_str().expect("an id");
        let id = allhours_api::graphql::id::Kind::Customer.read(id).expect("a customer's id");
        let subject = allhours_domain::ids::SubjectId(id);
        let log = self.elsewhere();
        log.log().texts_about(self.tenant, &[subject]).await.expect("counted")
    }
}

#[tokio::test]
async fn conversations_of_one_persons_profiles_are_merged_and_part_for_them_when_the_profiles_do() {
    let desk = TestDesk::open().await;
    let ((lin, lins_id), (mia, mias_id)) = (desk.customer("Lin").await, desk.customer("L.").await);
    let lins = desk.conversation(&lin, "My shoes are too small.").await;
    let mias = desk.conversation(&mia, "They still are.").await;
    let merge = json!({ "sourceId": lins, "targetId": mias });
    let no = desk.refused(&desk.ada, "conversationMerge", merge.clone(), CONVERSATION).await;
    assert_eq!(no["code"], "OTHER_CUSTOMER");
    let merged = json!({ "sourceId": lins_id, "targetId": mias_id });
    desk.granted(&desk.ada, "customerMerge", merged, CUSTOMER).await;
    desk.granted(&desk.ada, "conversationMerge", merge.clone(), CONVERSATION).await;
    desk.caught_up().await;
    let both = ["My shoes are too small.", "They still are."];
    assert_eq!(texts(&desk.messages(&mia, &mias).await), both);
    let more = json!({ "conversationId": lins, "text": "Hello?" });
    let said = desk.granted(&mia, "messageSend", more.clone(), CONVERSATION).await;
    assert_eq!(said["conversation"]["id"], json!(mias));

    let apart = json!({ "customerId": lins_id });
    desk.granted(&desk.ada, "customerUnmerge", apart, CUSTOMER).await;
    desk.caught_up().await;
    assert_eq!(texts(&desk.messages(&mia, &mias).await), ["They still are.", "Hello?"]);
    assert_eq!(texts(&desk.messages(&lin, &lins).await), ["My shoes are too small."]);
    assert_eq!(texts(&desk.messages(&desk.ada, &mias).await), [&both[..], &["Hello?"]].concat());
    let no = desk.refused(&lin, "messageSend", more.clone(), CONVERSATION).await;
    assert_eq!(no["code"], "MERGED_INTO");
    assert!(!no.to_string().contains(&mias), "{no}");
    let seen = "query($id: ID!) { conversation(id: $id) { status mergedInto { id } } }";
    let seen = desk.ask(&lin, seen, json!({ "id": lins })).await;
    let expected = json!({ "status": "MERGED", "mergedInto": null });
    assert_eq!(seen["data"]["conversation"], expected, "{seen:#}");

    let undo = json!({ "conversationId": lins });
    desk.granted(&desk.ada, "conversationUnmerge", undo, CONVERSATION).await;
    let said = desk.granted(&lin, "messageSend", more, CONVERSATION).await;
    assert_eq!(said["conversation"]["id"], json!(lins));
    let no = desk.refused(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
    assert_eq!(no["code"], "OTHER_CUSTOMER");
}

#[tokio::test]
async fn a_question_merged_into_what_was_closed_or_forgotten_since_comes_back_to_its_queue() {
    let desk = TestDesk::open().await;
    for forgotten in [false, true] {
        let ((lin, lins_id), (mia, mias_id)) =
            (desk.customer("Lin").await, desk.customer("M").await);
        let lins = desk.conversation(&lin, "My shoes are too small.").await;
        let mias = desk.conversation(&mia, "They still are.").await;
        let merged = json!({ "sourceId": lins_id, "targetId": mias_id });
        desk.granted(&desk.ada, "customerMerge", merged, CUSTOMER).await;
        let merged = json!({ "sourceId": lins, "targetId": mias });
        desk.granted(&desk.ada, "conversationMerge", merged, CONVERSATION).await;
        let apart = json!({ "customerId": lins_id });
        desk.granted(&desk.ada, "customerUnmerge", apart, CUSTOMER).await;
        if forgotten {
            let erase = json!({ "customerId": mias_id, "legalBasis": "gdpr-17" });
            let erased = "certificate { customerId }";
            desk.granted(&desk.admin, "customerErase", erase, erased).await;
        } else {
            let closed = json!({ "conversationId": mias });
            let reply = json!({ "conversationId": mias, "text": "Here are others." });
            desk.granted(&desk.ada, "conversationReply", reply, CONVERSATION).await;
            let resolved = json!({ "conversationId": mias, "kind": "CONFIRMED" });
            desk.granted(&desk.ada, "conversationResolve", resolved, CONVERSATION).await;
            desk.granted(&desk.ada, "conversationClose", closed, CONVERSATION).await;
        }
        let undo = json!({ "conversationId": lins });
        let status = "conversation { status }";
        let back = desk.granted(&desk.ada, "conversationUnmerge", undo, status).await;
        assert_eq!(back["conversation"]["status"], "OPEN");
        let more = json!({ "conversationId": lins, "text": "Hello?" });
        let said = desk.granted(&lin, "messageSend", more, CONVERSATION).await;
        assert_eq!(said["conversation"]["id"], json!(lins));
        desk.caught_up().await;
        let queue = "{ queue(first: 100) { nodes { conversation { id } } } }";
        let queue = desk.ask(&desk.ada, queue, json!({})).await;
        assert!(queue.to_string().contains(&lins), "{queue:#}");
        let seen = "query($id: ID!) { conversation(id: $id) { status } }";
        let seen = desk.ask(&desk.ada, seen, json!({ "id": mias })).await;
        let status = if forgotten { "OPEN" } else { "CLOSED" };
        assert_eq!(seen["data"]["conversation"]["status"], status, "{seen:#}");
    }
}

#[tokio::test]
async fn mail_from_the_address_of_a_merged_profile_goes_with_it_and_is_forgotten_with_it() {
    let desk = TestDesk::open().await;
    let first = desk.mail("1", "lin@example.org", "Too small.").await;
    let (mia, mias_id) = desk.customer("Mia").await;
    let merge = json!({ "sourceId": first["customerId"], "targetId": mias_id });
    desk.granted(&desk.ada, "customerMerge", merge, CUSTOMER).await;
    let about_mia = desk.texts_about(&json!(mias_id)).await;
    let next = desk.mail("2", "lin@example.org", "A canary.").await;
    assert_ne!(next["conversationId"], first["conversationId"]);
    desk.caught_up().await;
    let id = next["conversationId"].as_str().expect("an id");
    assert_eq!(texts(&desk.messages(&mia, id).await), ["A canary."], "one person's");
    assert_eq!(desk.texts_about(&json!(mias_id)).await, about_mia);

    let apart = json!({ "customerId": first["customerId"] });
    desk.granted(&desk.ada, "customerUnmerge", apart, CUSTOMER).await;
    desk.caught_up().await;
    let seen = "query($id: ID!) { conversation(id: $id) { id } }";
    let seen = desk.ask(&mia, seen, json!({ "id": id })).await;
    assert_eq!(seen["data"]["conversation"], Value::Null, "{seen:#}");
    let erase = json!({ "customerId": first["customerId"], "legalBasis": "gdpr-17" });
    desk.granted(&desk.admin, "customerErase", erase, "certificate { customerId }").await;
    assert_eq!(desk.texts_about(&first["customerId"]).await, 0);
    let read = desk.messages(&desk.ada, id).await;
    assert!(!format!("{read:?}").contains("canary"), "{read:?}");
}

#[tokio::test]
async fn what_hangs_on_the_answer_to_a_mutation_shows_what_was_done() {
    let desk = TestDesk::open().await;
    let (_, target) = desk.customer("Mia").await;
    for number in 0..5 {
        let (lin, source) = desk.customer(&format!("Lin {number}")).await;
        desk.conversation(&lin, "Hello").await;
        let merge = json!({ "sourceId": source, "targetId": target });
        let object = "customer { mergedProfiles { id } conversations(first: 9) { nodes { id } } }";
        let merged = desk.granted(&desk.ada, "customerMerge", merge, object).await;
        let count = |name: &Value| name.as_array().map(Vec::len);
        let customer = &merged["customer"];
        assert_eq!(count(&customer["mergedProfiles"]), Some(number + 1), "{customer}");
        assert_eq!(count(&customer["conversations"]["nodes"]), Some(number + 1), "{customer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_meets_changes_of_the_profiles_is_planned_anew() {
    let desk = TestDesk::open().await;
    let ((lin, lins_id), (mia, mias_id)) = (desk.customer("Lin").await, desk.customer("L.").await);
    let mut pairs = Vec::new();
    for _ in 0..10 {
        let lins = desk.conversation(&lin, "My shoes are too small.").await;
        pairs.push((lins, desk.conversation(&mia, "They still are.").await));
    }
    let merged = json!({ "sourceId": lins_id, "targetId": mias_id });
    desk.granted(&desk.ada, "customerMerge", merged, CUSTOMER).await;
    let merging = async {
        for (source, target) in &pairs {
            let merge = json!({ "sourceId": source, "targetId": target });
            let done = desk.try_mutation(&desk.ada, "conversationMerge", merge, CONVERSATION).await;
            // Nothing is wrong but that it lost too often, which is said as what it is.
            let code = done["errors"][0]["extensions"]["code"].as_str();
            assert!(matches!(code, None | Some("UNAVAILABLE")), "{done}");
            let errors = &done["data"]["conversationMerge"]["userErrors"];
            assert!(code.is_some() || *errors == json!([]), "{done}");
        }
    };
    let changing = async {
        for number in 0..60 {
            let change = json!({ "customerId": mias_id, "displayName": format!("Mia {number}") });
            desk.granted(&desk.ada, "customerChangeProfile", change, CUSTOMER).await;
        }
    };
    tokio::join!(merging, changing);
}
