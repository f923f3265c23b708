//! Following what happens: from any position, without gap or duplicate.

use std::time::Duration;

use async_graphql::{Request, Variables};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::served::{Served, admin};

async fn positions(served: &Served, id: &Value, after: Value, count: usize) -> Vec<i64> {
    let document = "subscription($id: ID!, $after: Position) { conversationEvents(id: $id, \
        after: $after) { position entry { name } } }";
    let request = Request::new(document)
        .variables(Variables::from_json(json!({ "id": id, "after": after })))
        .data(admin(1));
    let frames = served.schema.execute_stream(request).take(count).map(|frame| {
        assert!(frame.errors.is_empty(), "{:?}", frame.errors);
        let frame = frame.data.into_json().expect("a frame is JSON");
        frame["conversationEvents"]["position"].as_i64().expect("a position")
    });
    let frames = tokio::time::timeout(Duration::from_mins(1), frames.collect()).await;
    frames.expect("all frames in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn resumed_from_any_position_a_subscription_misses_nothing_and_repeats_nothing() {
    let served = Served::new().await;
    let intake = served.message(1, "a@b.c", "m1", "Hello").await;
    let id = intake["conversationId"].clone();
    for number in 0..8 {
        let input = json!({ "conversationId": id, "tag": format!("t{number}") });
        served.granted(&admin(1), "conversationAddTag", "conversation { id }", input).await;
    }
    let all = positions(&served, &id, json!(0), 10).await;
    assert!(all.is_sorted() && all.len() == 10, "{all:?}");
    for (index, position) in all.iter().enumerate().take(9) {
        let rest = positions(&served, &id, json!(position), 9 - index).await;
        assert_eq!(rest, all[index + 1..], "after {position}");
    }
}
