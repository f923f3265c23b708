//! Who can be given work, and who may take it back: agents who are there, teams that take work.

use std::time::Duration;

use allhours_api::graphql::viewer::{Role, Viewer};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation { id assignee { id } team { id } }";

#[tokio::test]
async fn only_agents_who_are_at_the_desk_are_given_work() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let on = json!({ "conversationId": id });
    let bob = json!({ "agentId": agent_id(&desk.bob) });
    let to_bob = json!({ "conversationId": id, "agentId": agent_id(&desk.bob) });
    desk.granted(&desk.admin, "agentDeactivate", bob.clone(), "agent { id }").await;
    let no = desk.refused(&desk.supervisor, "conversationAssign", to_bob.clone(), CONVERSATION);
    assert_eq!(no.await["code"], "DEACTIVATED");
    desk.granted(&desk.admin, "agentReactivate", bob, "agent { id }").await;
    desk.granted(&desk.supervisor, "conversationAssign", to_bob, CONVERSATION).await;

    let no = desk.refused(&desk.ada, "conversationRelease", on.clone(), CONVERSATION).await;
    assert_eq!(no["code"], "BELONGS_TO");
    let back = desk.granted(&desk.supervisor, "conversationRelease", on, CONVERSATION).await;
    assert!(back["conversation"]["assignee"].is_null(), "{back}");
}

/// What an agent may do to a conversation, and to what else there is.
fn work(conversation: &str, customer: &str) -> Vec<(&'static str, Value)> {
    let on = |more: Value| {
        let mut input = json!({ "conversationId": conversation });
        input.as_object_mut().expect("one").extend(more.as_object().expect("one").clone());
        input
    };
    vec![
        ("conversationClaim", on(json!({}))),
        ("conversationReply", on(json!({ "text": "Send them back." }))),
        ("conversationAddNote", on(json!({ "text": "Too small." }))),
        ("conversationSetPriority", on(json!({ "priority": "LOW" }))),
        ("conversationAddTag", on(json!({ "tag": "shoes" }))),
        ("conversationSnooze", on(json!({ "until": "2999-01-01T00:00:00Z" }))),
        ("conversationResolve", on(json!({ "kind": "CONFIRMED" }))),
        ("customerSetTier", json!({ "customerId": customer, "tier": "VIP" })),
        ("customerIdentify", json!({ "displayName": "Mia" })),
        ("conversationOpen", json!({ "customerId": customer, "channel": "EMAIL" })),
        ("agentSetPresence", json!({ "presence": "ONLINE" })),
    ]
}

#[tokio::test]
async fn who_left_the_desk_or_was_never_there_does_nothing_at_it() {
    let desk = TestDesk::open().await;
    let (lin, customer) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let stranger = Viewer { role: Role::Agent, id: Uuid::from_u128(0xbad), ..desk.bob.clone() };
    let bob = json!({ "agentId": agent_id(&desk.bob) });
    let queue = "{ queue(first: 1) { nodes { conversation { id } } } }";
    let follow = "subscription { events { position } }";
    let mut frames = desk.follow(&desk.bob, "subscription { agentsChanged { position } }");
    assert!(desk.ask(&desk.bob, queue, json!({})).await.get("errors").is_none());
    desk.granted(&desk.admin, "agentDeactivate", bob.clone(), "agent { id }").await;

    for (mutation, input) in work(&id, &customer) {
        let no = desk.try_mutation(&stranger, mutation, input.clone(), "").await;
        let no = &no["data"][mutation]["userErrors"];
        assert_eq!(no[0]["code"], "NOT_FOUND", "{mutation}: {no}");
        assert_eq!(desk.denied(&desk.bob, mutation, input).await, "FORBIDDEN", "{mutation}");
    }
    for asked in [queue, "{ viewer { role } }", follow] {
        let no = desk.ask(&desk.bob, asked, json!({})).await;
        assert_eq!(no["errors"][0]["extensions"]["code"], "FORBIDDEN", "{asked}: {no}");
    }
    // What follows his leaving is not for him to see, whatever he listens to.
    let frame = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
    let frame = frame.expect("in time").expect("why it ends");
    let code = frame.errors[0].extensions.as_ref().and_then(|it| it.get("code").cloned());
    assert_eq!(code, Some("FORBIDDEN".into()), "{frame:?}");
    assert!(frames.next().await.is_none(), "it has ended");

    desk.granted(&desk.admin, "agentReactivate", bob, "agent { id }").await;
    assert!(desk.ask(&desk.bob, queue, json!({})).await.get("errors").is_none());
}

#[tokio::test]
async fn nothing_comes_into_the_queue_of_a_retired_team() {
    let desk = TestDesk::open().await;
    let (lin, customer) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let lead = &desk.supervisor;
    let made = desk.granted(lead, "teamCreate", json!({ "name": "Returns" }), "team { id }").await;
    let team = &made["team"]["id"];
    desk.granted(lead, "teamRetire", json!({ "teamId": team }), "team { id }").await;
    let to = json!({ "conversationId": id, "teamId": team });
    let no = desk.refused(lead, "conversationMoveToTeam", to, CONVERSATION).await;
    assert_eq!(no["code"], "RETIRED");
    let open = json!({ "customerId": customer, "channel": "EMAIL", "teamId": team });
    let no = desk.refused(lead, "conversationOpen", open, CONVERSATION).await;
    assert_eq!(no["code"], "RETIRED");
}
