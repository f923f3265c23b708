//! What people do with the desk, from a message that comes in to a customer who is forgotten.

use allhours_api::graphql::{id::Kind, viewer::Role};
use serde_json::json;
use uuid::Uuid;

use super::served::{Served, admin, viewer};

const TENANT: u128 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_resolved_and_found_in_every_view_of_it() {
    let served = Served::new().await;
    let (agent, agent_id) = served.agent(TENANT, 11).await;
    let intake = served.message(TENANT, "ada@example.org", "m1", "Where is my parcel?").await;
    assert_eq!(intake["status"], "PARSED");
    let conversation = &intake["conversationId"];

    let again = served.message(TENANT, "Ada@Example.org", "m1", "Where is my parcel?").await;
    assert_eq!((&again["status"], &again["deliveries"]), (&json!("PARSED"), &json!(2)));
    assert_eq!(again["messageId"], intake["messageId"]);

    let queue = "query($p: Position) { queue(first: 10, minPosition: $p) \
        { nodes { conversation { id subject { text } customer { displayName { text } } } } } }";
    let seen = served.data(&agent, queue, json!({ "p": again["position"] })).await;
    assert_eq!(seen["queue"]["nodes"][0]["conversation"]["id"], *conversation);
    assert_eq!(
        seen["queue"]["nodes"][0]["conversation"]["customer"]["displayName"]["text"],
        "Ada canary"
    );

    let input = json!({ "conversationId": conversation });
    let claimed =
        served.granted(&agent, "conversationClaim", "conversation { assignee { id } }", input);
    assert_eq!(claimed.await["conversation"]["assignee"]["id"], json!(agent_id));
    let before = served.data(&agent, "{ position }", json!({})).await["position"].clone();
    let reply = json!({ "conversationId": conversation, "text": "On its way", "channel": "EMAIL" });
    served.granted(&agent, "conversationReply", "conversation { id }", reply).await;
    let note = json!({ "conversationId": conversation, "text": "be kind" });
    served.granted(&agent, "conversationAddNote", "conversation { id }", note).await;
    let input = json!({ "conversationId": conversation });
    let resolved =
        served.granted(&agent, "conversationResolve", "conversation { status }", input).await;
    assert_eq!(resolved["conversation"]["status"], "RESOLVED");

    let read = "query($id: ID!, $at: Position!) { \
        now: conversation(id: $id) { status timeline(first: 50) { nodes { name message { kind text \
        { text state } } } } } \
        then: conversation(id: $id, asOf: { position: $at }) { status timeline(last: 50) { nodes \
        { name } } } }";
    let variables = json!({ "id": conversation, "at": before });
    let seen = served.data(&agent, read, variables.clone()).await;
    assert_eq!(seen["then"]["status"], "OPEN");
    let then = seen["then"]["timeline"]["nodes"].as_array().expect("a list").len();
    let now = seen["now"]["timeline"]["nodes"].as_array().expect("a list");
    assert!(then < now.len(), "{then} of {}", now.len());
    assert!(now.iter().any(|it| it["message"]["text"]["text"] == "On its way"), "{now:?}");

    let analyst = viewer(TENANT, Role::Analyst, Uuid::from_u128(3));
    let hidden = served.data(&analyst, read, variables.clone()).await.to_string();
    assert!(hidden.contains("HIDDEN") && !hidden.contains("parcel"), "{hidden}");
    let customer = allhours_api::graphql::id::Kind::Customer
        .read(intake["customerId"].as_str().expect("an id"))
        .expect("an id of a customer");
    let own = viewer(TENANT, Role::Customer, customer);
    let own = served.data(&own, read, variables.clone()).await.to_string();
    assert!(own.contains("parcel") && !own.contains("be kind"), "{own}");
    let other = viewer(TENANT, Role::Customer, Uuid::from_u128(4));
    assert_eq!(served.data(&other, read, variables).await["now"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_agents_who_claim_exactly_one_wins_and_the_other_learns_who() {
    let served = Served::new().await;
    let (first, first_id) = served.agent(TENANT, 11).await;
    let (second, second_id) = served.agent(TENANT, 12).await;
    for round in 0..10 {
        let intake = served.message(TENANT, "a@b.c", &format!("m{round}"), "Hello").await;
        let input = json!({ "conversationId": intake["conversationId"] });
        if round > 0 {
            let owner = json!({ "conversationId": intake["conversationId"], "teamId": null });
            served
                .granted(&admin(TENANT), "conversationMoveToTeam", "conversation { id }", owner)
                .await;
        }
        let object = "conversation { assignee { id } }";
        let (a, b) = tokio::join!(
            served.mutate(&first, "conversationClaim", object, input.clone()),
            served.mutate(&second, "conversationClaim", object, input.clone()),
        );
        let open = "conversation { status }";
        let (winner, loser, id, who) = if a["userErrors"] == json!([]) {
            (a, b, &first_id, &first)
        } else {
            (b, a, &second_id, &second)
        };
        assert_eq!(winner["conversation"]["assignee"]["id"], json!(id));
        assert_eq!(loser["userErrors"][0]["code"], "ALREADY_CLAIMED", "{loser}");
        assert_eq!(loser["userErrors"][0]["holder"]["id"], json!(id));
        served.granted(who, "conversationRelease", open, input).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_is_refused_with_who_and_when_and_a_retry_gets_the_first_answer() {
    let served = Served::new().await;
    let (agent, _) = served.agent(TENANT, 11).await;
    let intake = served.message(TENANT, "a@b.c", "m1", "Hello").await;
    let tag = |tag: &str, version: Option<i64>, key: &str| {
        json!({
            "conversationId": intake["conversationId"], "tag": tag,
            "expectedVersion": version, "idempotencyKey": key,
        })
    };
    let object = "conversation { version tags }";
    let first = served.granted(&agent, "conversationAddTag", object, tag("a", Some(2), "k1")).await;
    let stale = served.mutate(&agent, "conversationAddTag", object, tag("b", Some(2), "k2")).await;
    let error = &stale["userErrors"][0];
    assert_eq!(error["code"], "STALE_VERSION", "{stale}");
    assert_eq!(error["currentVersion"], 3);
    assert_eq!(error["changedBy"]["kind"], "PERSON");
    assert!(error["changedAt"].is_string());

    let again = served.mutate(&agent, "conversationAddTag", object, tag("a", Some(2), "k1")).await;
    assert_eq!(again["repeated"], true, "{again}");
    assert_eq!(again["position"], first["position"]);
    let reused = served.mutate(&agent, "conversationAddTag", object, tag("c", None, "k1")).await;
    assert_eq!(reused["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED", "{reused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_customer_reads_as_erased_and_asking_again_gives_the_same_certificate() {
    let served = Served::new().await;
    let intake = served.message(TENANT, "ada@example.org", "m1", "my secret").await;
    let input = json!({ "customerId": intake["customerId"], "legalBasis": "gdpr-17" });
    let object = "certificate { textsDeleted sha256 }";
    let first = served.granted(&admin(TENANT), "customerErase", object, input.clone()).await;
    assert!(first["certificate"]["textsDeleted"].as_i64() > Some(3), "{first}");
    let again = served.granted(&admin(TENANT), "customerErase", object, input).await;
    assert_eq!(again["certificate"], first["certificate"]);

    let read = "query($id: ID!) { conversation(id: $id) { timeline(first: 10) \
        { nodes { message { text { text state } } } } } }";
    let seen = served.data(&admin(TENANT), read, json!({ "id": intake["conversationId"] })).await;
    let seen = seen.to_string();
    assert!(seen.contains("ERASED") && !seen.contains("secret"), "{seen}");
    let next = served.message(TENANT, "ada@example.org", "m2", "hello again").await;
    assert_ne!(next["customerId"], intake["customerId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_too_much_or_is_not_allowed_never_runs() {
    let served = Served::new().await;
    let code = |answer: &serde_json::Value| answer["errors"][0]["extensions"]["code"].clone();
    let ask = async |who, document: &str| served.answer(who, document, json!({})).await;
    let boss = admin(TENANT);
    let wide = "{ conversations(first: 100) { nodes { customer { conversations(first: 100) \
        { nodes { id } } } } } }";
    assert_eq!(code(&ask(&boss, wide).await), "COST_EXCEEDED");
    let round = "{ teams(first: 1) { nodes { members { teams { members { id } } } } } }";
    assert_eq!(code(&ask(&boss, round).await), "COST_EXCEEDED");
    let members = "{ teams(first: 2) { nodes { members { teams { id } } } } }";
    assert_eq!(code(&ask(&boss, members).await), json!(null));
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Conversation { \
        timeline(first: 100) { nodes { id } } } } }";
    let ids = json!({ "ids": vec![Kind::Conversation.id(Uuid::nil()); 20] });
    assert_eq!(code(&served.answer(&boss, nodes, ids).await), "COST_EXCEEDED");
    let few = json!({ "ids": vec![Kind::Conversation.id(Uuid::nil()); 4] });
    assert_eq!(code(&served.answer(&boss, nodes, few).await), json!(null));
    let aliases: Vec<_> = (0..50).map(|number| format!("a{number}: position")).collect();
    let many = format!("{{ {} }}", aliases.join(" "));
    assert_eq!(code(&ask(&boss, &many).await), "COST_EXCEEDED");
    let spiral = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(code(&ask(&boss, spiral).await), "BAD_USER_INPUT");
    let nested = format!("{{ {} position {} }}", "... {".repeat(90), "}".repeat(90));
    assert_eq!(code(&ask(&boss, &nested).await), "BAD_USER_INPUT");
    let nested = format!("{{ {} position {} }}", "... {".repeat(9), "}".repeat(9));
    assert_eq!(code(&ask(&boss, &nested).await), json!(null));
    assert_eq!(code(&ask(&boss, "{ nonsense }").await), "BAD_USER_INPUT");
    let too_many = "{ conversations(first: 101) { nodes { id } } }";
    assert_eq!(code(&ask(&boss, too_many).await), "BAD_USER_INPUT");
    let agent = viewer(TENANT, Role::Agent, Uuid::from_u128(1));
    assert_eq!(code(&ask(&agent, "{ events(first: 1) { nodes { id } } }").await), "FORBIDDEN");
    let cheap = ask(&boss, "{ position }").await;
    assert_eq!(cheap["extensions"]["cost"]["maximum"], 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_what_was_asked_for_and_what_was_given() {
    let served = Served::new().await;
    let mut position = json!(null);
    for number in 0..3 {
        let from = format!("a{number}@b.c");
        let intake = served.message(TENANT, &from, &format!("m{number}"), "Hello").await;
        position = intake["position"].clone();
    }
    let cost = async |document: &str, variables: serde_json::Value| {
        let answer = served.answer(&admin(TENANT), document, variables).await;
        let cost = &answer["extensions"]["cost"];
        (cost["requested"].clone(), cost["actual"].clone())
    };
    let list = "query($p: Position) { conversations(first: 10, minPosition: $p) \
        { nodes { id customer { id } } } }";
    // A connection, and a conversation with its customer: for each of ten rows, and for three.
    assert_eq!(cost(list, json!({ "p": position })).await, (json!(30), json!(7)));
    let paged = "{ customers(first: 5) { edges { node { id } } pageInfo { hasNextPage } } }";
    assert_eq!(cost(paged, json!({})).await, (json!(20), json!(8)));
    // What a payload of an event holds is one value, also by another name.
    let events = "{ events(last: 2) { nodes { payload why: payload } } }";
    assert_eq!(cost(events, json!({})).await, (json!(4), json!(3)));
    let team = "mutation { teamCreate(input: { name: \"One\" }) { team { id } } }";
    assert_eq!(cost(team, json!({})).await, (json!(12), json!(12)));
    assert_eq!(cost("{ position }", json!({})).await, (json!(0), json!(0)));
    let schema = "{ __schema { types { name } } }";
    assert_eq!(cost(schema, json!({})).await, (json!(0), json!(0)));
    let refused = "{ conversations(first: 100) { nodes { customer { conversations(first: 100) \
        { nodes { id } } } } } }";
    assert_eq!(cost(refused, json!({})).await, (json!(20_300), json!(0)));
    let unknown = "{ conversations(first: 10) { nodes { nothing } } }";
    assert_eq!(cost(unknown, json!({})).await.1, json!(0));
}
