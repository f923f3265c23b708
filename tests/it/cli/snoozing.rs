//! A conversation that was put aside comes back by itself, once, also after a death.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::run::{mutate, replayed, until};
use crate::process::{Caller, Served};

const WOKEN: &str = "type=conversation.woken";

async fn snooze(caller: &Caller, ahead: SignedDuration) -> Timestamp {
    let conversation = caller.open_conversations(1).await.remove(0);
    // The test's clock stands in for a person who looks at theirs.
    #[expect(clippy::disallowed_methods, reason = "a person names an instant by the clock")]
    let until = Timestamp::now() + ahead;
    let input = json!({ "conversationId": conversation, "until": until.to_string() });
    mutate(caller, "conversationSnooze", input).await;
    until
}

/// The one event that woke it, not before its time.
async fn woken_once(folder: &Path, due: Timestamp) -> Value {
    let mut events = until("it wakes", async || {
        let events = replayed(folder, &["--where", WOKEN]).await;
        (!events.is_empty()).then_some(events)
    })
    .await;
    let event = events.pop().expect("an event");
    assert!(events.is_empty(), "woken twice");
    assert_eq!(event["actor"], "timer:snooze");
    let at: Timestamp = event["recordedAt"].as_str().expect("it").parse().expect("an instant");
    assert!(at >= due, "woken at {at}, due at {due}");
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_conversation_wakes_by_itself_once() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let due = snooze(&caller, SignedDuration::from_secs(2)).await;
    let event = woken_once(folder.path(), due).await;
    let snoozed = replayed(folder.path(), &["--where", "type=conversation.snoozed"]).await;
    let snoozed = snoozed.last().expect("the snooze");
    assert_eq!(event["causationId"], snoozed["eventId"]);
    assert_eq!(event["correlationId"], snoozed["correlationId"]);
    // Neither a later look nor another process wakes it a second time.
    server.stop().await;
    let server = Served::start(folder.path(), &[]).await;
    assert_eq!(woken_once(folder.path(), due).await, event);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_was_due_while_the_server_was_dead_wakes_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let server = Served::start(folder.path(), &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let due = snooze(&caller, SignedDuration::from_secs(3)).await;
    server.kill().await;
    until("its time passes", async || {
        #[expect(clippy::disallowed_methods, reason = "waits until an instant of the real clock")]
        let now = Timestamp::now();
        (now > due).then_some(())
    })
    .await;
    assert!(replayed(folder.path(), &["--where", WOKEN]).await.is_empty(), "nobody was there");
    let server = Served::start(folder.path(), &[]).await;
    woken_once(folder.path(), due).await;
    server.stop().await;
}
