//! A customer with several profiles: what the one that goes on shows, and what it shows no more.

use std::time::Duration;

use allhours_api::graphql::{
    id::Kind,
    viewer::{Role, Viewer},
};
use async_graphql::{Request, Variables};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::served::{Served, admin, viewer};

const TENANT: u128 = 1;
const READ: &str = "query($id: ID!, $p: Position) { customer(id: $id, minPosition: $p) {
    mergedInto { id } mergedProfiles { id } contacts { live total reopenings lastContactAt }
    conversations(first: 9) { nodes { id } }
} }";

/// A desk, and what was written to it by three addresses of one person: each with the profile, a
/// conversation, and when it was written.
struct Desk {
    served: Served,
    agent: Viewer,
    profiles: Vec<Value>,
    conversations: Vec<Value>,
}

impl Desk {
    async fn open() -> Self {
        let served = Served::new().await;
        let (agent, _) = served.agent(TENANT, 11).await;
        let (mut profiles, mut conversations) = (Vec::new(), Vec::new());
        for number in 0..4 {
            let from = format!("a{number}@b.c");
            let intake = served.message(TENANT, &from, &format!("m{number}"), "A canary").await;
            profiles.push(intake["customerId"].clone());
            conversations.push(intake["conversationId"].clone());
        }
        Self { served, agent, profiles, conversations }
    }

    /// Merges one profile into another; gives the position.
    async fn merge(&self, source: usize, target: usize) -> Value {
        let ids = json!({ "sourceId": self.profiles[source], "targetId": self.profiles[target] });
        let customer = "customer { id }";
        self.served.granted(&self.agent, "customerMerge", customer, ids).await["position"].clone()
    }

    async fn unmerge(&self, source: usize) -> Value {
        let id = json!({ "customerId": self.profiles[source] });
        let customer = "customer { id }";
        self.served.granted(&self.agent, "customerUnmerge", customer, id).await["position"].clone()
    }

    /// What a profile shows.
    async fn shows(&self, profile: usize, position: &Value) -> Value {
        let asked = json!({ "id": self.profiles[profile], "p": position });
        self.served.data(&self.agent, READ, asked).await["customer"].clone()
    }

    /// Conversations, by number, sorted; of the whole list by its filter, too.
    async fn conversations(&self, profile: usize, position: &Value) -> Vec<usize> {
        let shown = self.shows(profile, position).await;
        let list = "query($id: ID!) { conversations(first: 9, filter: { customerId: $id }) {
            nodes { id } } }";
        let asked = json!({ "id": self.profiles[profile] });
        let listed = self.served.data(&self.agent, list, asked).await;
        assert_eq!(listed["conversations"], shown["conversations"]);
        assert_eq!(shown["contacts"]["total"], json!(self.numbers(&listed["conversations"]).len()));
        self.numbers(&listed["conversations"])
    }

    fn numbers(&self, page: &Value) -> Vec<usize> {
        let number = |node: &Value| self.conversations.iter().position(|it| *it == node["id"]);
        let nodes = page["nodes"].as_array().expect("nodes").iter();
        let mut numbers: Vec<usize> = nodes.map(|it| number(it).expect("one of ours")).collect();
        numbers.sort_unstable();
        numbers
    }

    fn as_customer(&self, profile: usize) -> Viewer {
        let id = self.profiles[profile].as_str().expect("an id");
        viewer(TENANT, Role::Customer, Kind::Customer.read(id).expect("a customer's id"))
    }
}

fn ids(list: &Value) -> Vec<&Value> {
    let mut ids: Vec<&Value> =
        list.as_array().expect("a list").iter().map(|it| &it["id"]).collect();
    ids.sort_by_key(ToString::to_string);
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_that_goes_on_shows_all_of_the_person_until_the_merge_is_undone() {
    let desk = Desk::open().await;
    desk.merge(1, 0).await;
    let position = desk.merge(0, 2).await;
    for (profile, expected) in [(2, vec![0, 1, 2]), (0, vec![0, 1]), (1, vec![1]), (3, vec![3])] {
        assert_eq!(desk.conversations(profile, &position).await, expected, "of {profile}");
    }
    let whole = desk.shows(2, &position).await;
    let mut merged = vec![&desk.profiles[0], &desk.profiles[1]];
    merged.sort_by_key(ToString::to_string);
    assert_eq!(ids(&whole["mergedProfiles"]), merged);
    assert_eq!(whole["contacts"]["live"], 3);
    let last = "query($id: ID!) { conversation(id: $id) { lastActivityAt } }";
    let asked = json!({ "id": desk.conversations[2] });
    let last = desk.served.data(&desk.agent, last, asked).await;
    assert_eq!(whole["contacts"]["lastContactAt"], last["conversation"]["lastActivityAt"]);
    // Another one is not known at another desk, and changes nothing there.
    let asked = json!({ "id": desk.profiles[2] });
    assert_eq!(desk.served.data(&admin(2), READ, asked).await["customer"], json!(null));

    let resolve = json!({ "conversationId": desk.conversations[1] });
    let conversation = "conversation { id }";
    desk.served.granted(&desk.agent, "conversationClaim", conversation, resolve.clone()).await;
    let reply = json!({ "conversationId": desk.conversations[1], "text": "Here." });
    desk.served.granted(&desk.agent, "conversationReply", conversation, reply).await;
    let done = desk.served.granted(&desk.agent, "conversationResolve", conversation, resolve).await;
    assert_eq!(desk.shows(2, &done["position"]).await["contacts"]["live"], 2);

    // The inner merge can't be undone before the outer one.
    let id = json!({ "customerId": desk.profiles[1] });
    let no = desk.served.mutate(&desk.agent, "customerUnmerge", "customer { id }", id).await;
    assert_eq!(no["userErrors"][0]["code"], "MERGED_INTO", "{no}");
    let position = desk.unmerge(0).await;
    for (profile, expected) in [(2, vec![2]), (0, vec![0, 1]), (1, vec![1])] {
        assert_eq!(desk.conversations(profile, &position).await, expected, "of {profile}");
    }
    let position = desk.unmerge(1).await;
    assert_eq!(desk.conversations(0, &position).await, [0]);
    assert_eq!(desk.shows(0, &position).await["mergedProfiles"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_through_the_conversations_of_all_profiles_in_one_order() {
    let desk = Desk::open().await;
    desk.merge(1, 0).await;
    desk.merge(2, 0).await;
    let position = desk.merge(3, 0).await;
    let whole = desk.shows(0, &position).await["conversations"]["nodes"].clone();
    let newest_first: Vec<Value> =
        desk.conversations.iter().rev().map(|id| json!({ "id": id })).collect();
    assert_eq!(whole, json!(newest_first));
    let page = "query($id: ID!, $first: Int, $last: Int, $after: String, $before: String) {
        customer(id: $id) { conversations(
            first: $first, last: $last, after: $after, before: $before
        ) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    for (count, cursor, from, more, turned) in [
        ("first", "after", "endCursor", "hasNextPage", false),
        ("last", "before", "startCursor", "hasPreviousPage", true),
    ] {
        let mut asked = json!({ "id": desk.profiles[0], count: 1 });
        let mut paged = Vec::new();
        loop {
            let seen = desk.served.data(&desk.agent, page, asked.clone()).await;
            let seen = &seen["customer"]["conversations"];
            paged.extend(seen["nodes"].as_array().expect("nodes").iter().cloned());
            asked[cursor] = seen["pageInfo"][from].clone();
            if seen["pageInfo"][more] == false {
                break;
            }
        }
        if turned {
            paged.reverse();
        }
        assert_eq!(json!(paged), whole, "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_what_their_merged_profiles_wrote_as_long_as_they_are_merged() {
    let desk = Desk::open().await;
    let (own, merged) = (desk.as_customer(0), desk.as_customer(1));
    let read = "query($id: ID!, $p: Position) {
        conversation(id: $id, minPosition: $p) { id timeline(first: 9) { nodes { name } } }
        node(id: $id, minPosition: $p) { id }
        conversations(first: 9, minPosition: $p) { nodes { id } } }";
    let sees = async |who: &Viewer, number: usize, position: &Value| {
        let asked = json!({ "id": desk.conversations[number], "p": position });
        let seen = desk.served.data(who, read, asked).await;
        assert_eq!(seen["conversation"]["id"], seen["node"]["id"]);
        let listed = desk.numbers(&seen["conversations"]);
        assert_eq!(listed.contains(&number), seen["node"].is_object(), "{seen}");
        seen["node"].is_object()
    };
    let position = desk.served.data(&own, "{ position }", json!({})).await["position"].clone();
    assert!(!sees(&own, 1, &position).await, "two strangers");
    let position = desk.merge(1, 0).await;
    assert!(sees(&own, 1, &position).await && sees(&own, 0, &position).await);
    assert!(!sees(&own, 2, &position).await, "a stranger");
    assert!(sees(&merged, 1, &position).await);
    assert!(!sees(&merged, 0, &position).await, "the other way round nothing is shown");
    let target = "query($id: ID!) { customer(id: $id) { mergedInto { id } } }";
    let asked = json!({ "id": desk.profiles[1] });
    let theirs = desk.served.data(&merged, target, asked).await;
    assert_eq!(theirs["customer"], json!({ "mergedInto": null }));
    let say = json!({ "conversationId": desk.conversations[1], "text": "And another canary" });
    let conversation = "conversation { id messageCount }";
    let said = desk.served.granted(&own, "messageSend", conversation, say.clone()).await;
    assert_eq!(said["conversation"], json!({ "id": desk.conversations[1], "messageCount": 2 }));

    let position = desk.unmerge(1).await;
    assert!(!sees(&own, 1, &position).await, "two strangers again");
    let no = desk.served.mutate(&own, "messageSend", conversation, say).await;
    assert_eq!(no["userErrors"][0]["code"], "NOT_FOUND", "{no}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_conversation_follows_it_no_more_once_it_is_not_theirs() {
    let desk = Desk::open().await;
    let own = desk.as_customer(0);
    let position = desk.merge(1, 0).await;
    desk.shows(0, &position).await;
    let document = "subscription($id: ID!, $after: Position) {
        conversationEvents(id: $id, after: $after) { position entry { name } } }";
    let follow = |after: &Value| {
        let asked = json!({ "id": desk.conversations[1], "after": after });
        let request = Request::new(document).variables(Variables::from_json(asked));
        Box::pin(desk.served.schema.execute_stream(request.data(own.clone())))
    };
    // One from where things stand, one with all of the past still to come.
    let (mut live, mut resumed) = (follow(&position), follow(&json!(0)));
    let say = json!({ "conversationId": desk.conversations[1], "text": "And another canary" });
    let conversation = "conversation { id }";
    desk.served.granted(&own, "messageSend", conversation, say).await;
    let frame = tokio::time::timeout(Duration::from_mins(1), live.next()).await;
    let frame = frame.expect("a frame in time").expect("a frame");
    let name = &frame.data.into_json().expect("JSON")["conversationEvents"]["entry"]["name"];
    assert_eq!(name, "conversation.customer_message_received");
    resumed.next().await.expect("what opened it");

    desk.unmerge(1).await;
    let tag = json!({ "conversationId": desk.conversations[1], "text": "Not for them" });
    desk.served.granted(&desk.agent, "conversationReply", conversation, tag).await;
    for stream in [live, resumed] {
        let rest = tokio::time::timeout(Duration::from_mins(1), stream.collect::<Vec<_>>()).await;
        let rest = rest.expect("it ends");
        let (last, before) = rest.split_last().expect("why it ends");
        assert!(last.errors[0].message.contains("no such conversation"), "{last:?}");
        for frame in before {
            let name = &frame.data.clone().into_json().expect("JSON")["conversationEvents"];
            assert_ne!(name["entry"]["name"], "conversation.agent_replied", "{rest:?}");
        }
    }
}
