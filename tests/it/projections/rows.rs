//! What lists say of a conversation is what its own stream says.

use std::collections::{BTreeMap, HashMap};

use allhours_domain::{
    catalogue::AnyEvent, conversation::ConversationSnapshot, ids::ConversationId,
    words::ResolutionKind,
};
use allhours_eventstore::{keys::MasterKey, log::Log as _, memory::MemoryLog};
use allhours_projections::{
    columns::whole_microseconds,
    conversations::{ConversationRow, Conversations},
    fold::Fold as _,
};
use allhours_tests::history::History;
use serde_json::{Value, json};

fn as_listed(row: &ConversationRow) -> Value {
    json!({
        "customer": row.customer_id, "channel": row.channel, "language": row.language,
        "status": row.status, "waiting_on": row.waiting_on, "tier": row.tier,
        "priority": row.priority, "team": row.team_id, "assignee": row.assignee_id,
        "tags": row.tags.0, "opened_at": row.opened_at,
        "last_activity_at": row.last_activity_at,
        "last_public_activity_at": row.last_public_activity_at,
        "waiting_since": row.waiting_since,
        "snoozed_until": row.snoozed_until, "resolved_at": row.resolved_at,
        "resolution": row.resolution, "episode": row.episode,
        "message_count": row.message_count, "merged_into": row.merged_into,
    })
}

fn as_read(seen: &ConversationSnapshot) -> Value {
    let episode = seen.episodes.last().expect("there is one");
    let confirmed = episode.confirmed.then_some(ResolutionKind::Confirmed);
    json!({
        "customer": seen.customer, "channel": seen.channel, "language": seen.language,
        "status": seen.status, "waiting_on": seen.waiting_on, "tier": seen.tier,
        "priority": seen.priority, "team": seen.team, "assignee": seen.assignee,
        "tags": seen.tags, "opened_at": whole_microseconds(seen.opened_at),
        "last_activity_at": whole_microseconds(seen.last_activity_at),
        "last_public_activity_at": whole_microseconds(seen.last_public_activity_at),
        "waiting_since": seen.waiting_since().map(whole_microseconds),
        "snoozed_until": seen.snoozed_until.map(whole_microseconds),
        "resolved_at": seen.resolved_at.map(whole_microseconds),
        "resolution": confirmed.or(episode.kind), "episode": seen.episode(),
        "message_count": seen.message_count, "merged_into": seen.merged_into,
    })
}

#[tokio::test]
async fn a_list_and_the_stream_say_the_same_of_a_conversation_after_every_event() {
    let mut compared: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..30 {
        let log = MemoryLog::new(MasterKey::generate().expect("a key"));
        History::new(log.clone(), number).go_on(1_500).await;
        let mut lists = Conversations::default();
        for table in lists.tables() {
            table.set_complete(true);
        }
        let mut streams = HashMap::new();
        for recorded in log.read(0, 100_000).await.expect("the log") {
            let event = recorded.event().expect("it reads");
            lists.apply(&recorded, &event);
            let AnyEvent::Conversation(event) = event else { continue };
            let key = (recorded.tenant, ConversationId(recorded.stream.id));
            let seen = streams.entry(key).or_default();
            ConversationSnapshot::fold(seen, &event, recorded.occurred_at);
            let listed = lists.rows.get(&key).map(as_listed);
            let read = seen.as_ref().map(as_read);
            let (position, name) = (recorded.position, &recorded.name);
            assert_eq!(listed, read, "history {number}, {position}: {name}");
            *compared.entry(recorded.name).or_default() += 1;
        }
    }
    // What histories hold little of tells little.
    for name in ["merge_received", "note_added", "merge_undone", "resolved", "reopened", "unmerged"]
    {
        let times = compared.get(&format!("conversation.{name}")).copied().unwrap_or(0);
        assert!(times >= 10, "{name} was compared {times} times: {compared:?}");
    }
}
