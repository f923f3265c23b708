//! Two at once, the same twice, and too late: what callers can rely on.

use futures_util::future::join_all;
use serde_json::json;

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation { id version assignee { id } messageCount priority }";

#[tokio::test]
async fn of_two_agents_who_claim_one_conversation_exactly_one_wins_and_the_other_learns_who() {
    let desk = TestDesk::open().await;
    let (customer, _) = desk.customer("Lin").await;
    let id = desk.conversation(&customer, "My shoes are too small.").await;
    let claim = |agent| {
        desk.answered(agent, "conversationClaim", json!({ "conversationId": id }), CONVERSATION)
    };
    let (ada, bob) = tokio::join!(claim(&desk.ada), claim(&desk.bob));
    let (winner, won, lost) = if ada["conversation"].is_null() {
        (&desk.bob, &bob, &ada)
    } else {
        (&desk.ada, &ada, &bob)
    };
    assert_eq!(won["userErrors"], json!([]), "{won:#}");
    assert_eq!(won["conversation"]["assignee"]["id"], agent_id(winner).as_str());
    let no = &lost["userErrors"][0];
    assert_eq!(no["code"], "ALREADY_CLAIMED", "{lost:#}");
    assert_eq!(no["holder"]["id"], agent_id(winner).as_str());
    let name = if winner == &desk.ada { "Ada" } else { "Bob" };
    assert_eq!(no["holder"]["displayName"]["text"], name);
    assert_eq!(lost["position"], json!(null));
}

#[tokio::test]
async fn a_mutation_sent_again_under_its_key_has_one_effect_and_gives_the_same_position() {
    let desk = TestDesk::open().await;
    let (customer, _) = desk.customer("Lin").await;
    let id = desk.conversation(&customer, "Where is my parcel?").await;
    let reply = || {
        let input = json!({
            "conversationId": id, "text": "On its way.", "idempotencyKey": "reply-1",
        });
        desk.granted(&desk.ada, "conversationReply", input, CONVERSATION)
    };
    let first = reply().await;
    assert_eq!(first["repeated"], false);
    for again in join_all((0..4).map(|_| reply())).await {
        assert_eq!(again["repeated"], true);
        assert_eq!(again["position"], first["position"]);
        assert_eq!(again["version"], first["version"]);
        assert_eq!(again["conversation"]["messageCount"], 2);
    }
}

#[tokio::test]
async fn writers_of_one_conversation_take_turns_and_none_is_sent_away() {
    let desk = TestDesk::open().await;
    let (customer, _) = desk.customer("Lin").await;
    let id = desk.conversation(&customer, "Is anybody there?").await;
    let note = |number| {
        let input = json!({ "conversationId": id, "text": format!("Note {number}.") });
        desk.granted(&desk.ada, "conversationAddNote", input, CONVERSATION)
    };
    let noted = join_all((0..32).map(note)).await;
    let mut versions: Vec<_> = noted.iter().filter_map(|it| it["version"].as_i64()).collect();
    versions.sort_unstable();
    let first = versions[0];
    assert_eq!(versions, (first..first + 32).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_made_under_a_key_is_made_once() {
    let desk = TestDesk::open().await;
    let open = || {
        let input = json!({ "name": "Returns", "idempotencyKey": "team-1" });
        desk.granted(&desk.supervisor, "teamCreate", input, "team { id }")
    };
    let (one, other) = tokio::join!(open(), open());
    assert_eq!(one["team"]["id"], other["team"]["id"]);
    assert_eq!(one["position"], other["position"]);
}

#[tokio::test]
async fn the_same_input_under_a_key_is_the_same_however_it_is_written() {
    let desk = TestDesk::open().await;
    let (_, customer) = desk.customer("Lin").await;
    let literal = "mutation($id: ID!) { customerSetTier(input: {
        idempotencyKey: \"tier\", customerId: $id, tier: VIP
    }) { position repeated userErrors { code } } }";
    let first = desk.ask(&desk.supervisor, literal, json!({ "id": customer })).await;
    let first = &first["data"]["customerSetTier"];
    let input = json!({ "customerId": customer, "tier": "VIP", "idempotencyKey": "tier" });
    let again = desk.granted(&desk.supervisor, "customerSetTier", input, "customer { id }").await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &first["position"]));

    let address = |verified: Option<bool>| {
        let mut input = json!({
            "customerId": customer, "channel": "EMAIL", "address": "lin@example.org",
            "idempotencyKey": "address",
        });
        input["verified"] = verified.map_or(json!(null), Into::into);
        if verified.is_none() {
            input.as_object_mut().expect("an object").remove("verified");
        }
        desk.granted(&desk.ada, "customerLinkAddress", input, "customer { id }")
    };
    let first = address(None).await;
    let again = address(Some(false)).await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &first["position"]));
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused() {
    let desk = TestDesk::open().await;
    let team = |name: &str| json!({ "name": name, "idempotencyKey": "team-1" });
    desk.granted(&desk.supervisor, "teamCreate", team("Returns"), "team { id }").await;
    let no = desk.refused(&desk.supervisor, "teamCreate", team("Sales"), "team { id }").await;
    assert_eq!(no["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(no["field"], json!(["input", "idempotencyKey"]));
    // Another caller's key is another key.
    desk.granted(&desk.admin, "teamCreate", team("Sales"), "team { id }").await;
}

#[tokio::test]
async fn a_version_that_is_no_longer_the_last_says_who_changed_it_when_and_to_what() {
    let desk = TestDesk::open().await;
    let (customer, _) = desk.customer("Lin").await;
    let id = desk.conversation(&customer, "Where is my parcel?").await;
    let set = |priority: &str, version: i32| json!({ "conversationId": id, "priority": priority, "expectedVersion": version });
    let ada = &desk.ada;
    let seen = desk.granted(ada, "conversationSetPriority", set("HIGH", 2), CONVERSATION).await;
    assert_eq!(seen["version"], 3);
    let no = desk.refused(&desk.bob, "conversationSetPriority", set("LOW", 2), CONVERSATION).await;
    assert_eq!(no["code"], "STALE_VERSION");
    assert_eq!(no["currentVersion"], 3);
    assert_eq!(no["changedBy"]["kind"], "PERSON");
    assert_eq!(no["changedBy"]["agent"]["id"], agent_id(ada).as_str());
    assert!(no["changedAt"].is_string(), "{no:#}");
    assert_eq!(no["field"], json!(["input", "expectedVersion"]));
}

#[tokio::test]
async fn a_granted_mutation_under_a_key_is_answered_again_although_its_version_has_passed() {
    let desk = TestDesk::open().await;
    let (customer, _) = desk.customer("Lin").await;
    let id = desk.conversation(&customer, "Where is my parcel?").await;
    let claim = || {
        let input = json!({
            "conversationId": id, "expectedVersion": 2, "idempotencyKey": "claim",
        });
        desk.granted(&desk.ada, "conversationClaim", input, CONVERSATION)
    };
    let (first, again) = (claim().await, claim().await);
    assert_eq!(again["repeated"], true);
    assert_eq!(again["position"], first["position"]);
}
