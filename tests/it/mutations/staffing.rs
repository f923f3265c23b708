//! Who can be given work, and who may take it back: agents who are there, teams that take work.

use allhours_api::graphql::viewer::{Role, Viewer};
use serde_json::json;
use uuid::Uuid;

use super::desk::{TestDesk, agent_id};

const CONVERSATION: &str = "conversation { id assignee { id } team { id } }";

#[tokio::test]
async fn only_agents_who_are_at_the_desk_are_given_work() {
    let desk = TestDesk::open().await;
    let (lin, _) = desk.customer("Lin").await;
    let id = desk.conversation(&lin, "My shoes are too small.").await;
    let on = json!({ "conversationId": id });
    let reply = json!({ "conversationId": id, "text": "Send them back." });
    let stranger = Viewer { role: Role::Agent, id: Uuid::from_u128(0xbad), ..desk.bob.clone() };
    let bob = json!({ "agentId": agent_id(&desk.bob) });
    let to_bob = json!({ "conversationId": id, "agentId": agent_id(&desk.bob) });
    desk.granted(&desk.admin, "agentDeactivate", bob.clone(), "agent { id }").await;
    for (who, expected) in [(&stranger, "NOT_FOUND"), (&desk.bob, "DEACTIVATED")] {
        for (mutation, input) in [
            ("conversationClaim", &on),
            ("conversationReply", &reply),
            ("conversationAddNote", &reply),
        ] {
            let no = desk.refused(who, mutation, input.clone(), CONVERSATION).await;
            assert_eq!(no["code"], expected, "{mutation}");
        }
    }
    let no = desk.refused(&desk.supervisor, "conversationAssign", to_bob.clone(), CONVERSATION);
    assert_eq!(no.await["code"], "DEACTIVATED");
    desk.granted(&desk.admin, "agentReactivate", bob, "agent { id }").await;
    desk.granted(&desk.supervisor, "conversationAssign", to_bob, CONVERSATION).await;

    let no = desk.refused(&desk.ada, "conversationRelease", on.clone(), CONVERSATION).await;
    assert_eq!(no["code"], "BELONGS_TO");
    let back = desk.granted(&desk.supervisor, "conversationRelease", on, CONVERSATION).await;
    assert!(back["conversation"]["assignee"].is_null(), "{back}");
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
