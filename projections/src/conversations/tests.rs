//! Given events, these rows: what lists, queues, counters and assignments say.

use allhours_domain::{
    conversation::{
        ConversationEvent,
        event::{
            Claimed, Closed, CustomerMessageReceived, FieldSet, MergeReceived, MergeUndone,
            MergedInto, MovedMessage, Opened, PriorityChanged, Released, Resolved, Snoozed,
            SplitFrom, SplitOff, Tagged, TeamChanged, Unmerged, Woken,
        },
    },
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, MessageId, TeamId},
    personal::Personal,
    text::{Key, Tag},
    words::{Cause, Channel, ConversationStatus, Priority, ResolutionKind, Tier},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::fold::given::{self, ID, TENANT, at};

const CONVERSATION: ConversationId = ConversationId(ID);
const AGENT: AgentId = AgentId(Uuid::from_u128(3));
const TEAM: TeamId = TeamId(Uuid::from_u128(4));

fn after(events: Vec<ConversationEvent>) -> Conversations {
    given::after("conversation", events)
}

fn opened() -> ConversationEvent {
    ConversationEvent::Opened(Opened {
        conversation: CONVERSATION,
        customer: CustomerId(Uuid::from_u128(2)),
        channel: Channel::Chat,
        subject: None,
        language: None,
        tier: Tier::Standard,
        priority: Priority::Normal,
        team: None,
    })
}

fn message() -> ConversationEvent {
    let customer = CustomerId(Uuid::from_u128(2));
    ConversationEvent::CustomerMessageReceived(CustomerMessageReceived {
        message: MessageId(Uuid::from_u128(9)),
        text: Personal::about(customer, "Hello"),
        channel: Channel::Chat,
        language: None,
        intake: None,
    })
}

fn claimed() -> ConversationEvent {
    ConversationEvent::Claimed(Claimed { agent: AGENT })
}

fn row(fold: &Conversations) -> &ConversationRow {
    fold.rows.get(&(TENANT, CONVERSATION)).unwrap()
}

fn queue_of(fold: &Conversations) -> Vec<(i64, Option<i64>)> {
    let mut rows: Vec<_> =
        fold.queue.iter().map(|row| (row.from_position, row.to_position)).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn what_nobody_took_stands_in_the_queue_until_somebody_does() {
    let fold = after(vec![opened(), message(), claimed()]);
    // The message makes the customer wait, so the place in line is another from then on.
    assert_eq!(queue_of(&fold), [(1, Some(2)), (2, Some(3))]);
    assert_eq!(row(&fold).waiting_since, Some(at(2)));
    let carried: Vec<_> = fold.assignments.iter().map(|row| row.agent_id).collect();
    assert_eq!(carried, [AGENT]);
}

#[test]
fn a_second_message_does_not_cost_the_place_in_line() {
    let fold = after(vec![opened(), message(), message()]);
    assert_eq!(queue_of(&fold), [(1, Some(2)), (2, None)]);
    assert_eq!(row(&fold).message_count, 2);
    assert_eq!(row(&fold).last_message_position, Some(3));
}

#[test]
fn what_is_released_stands_in_the_queue_again() {
    let released = ConversationEvent::Released(Released { agent: AGENT });
    let moved = ConversationEvent::TeamChanged(TeamChanged { from: None, to: Some(TEAM) });
    let fold = after(vec![opened(), claimed(), released, moved]);
    assert_eq!(queue_of(&fold), [(1, Some(2)), (3, Some(4)), (4, None)]);
    let current = fold.queue.current(&(TENANT, CONVERSATION)).unwrap();
    assert_eq!((current.team_id, current.waiting_since), (Some(TEAM), at(4)));
}

#[test]
fn what_is_put_aside_carries_an_agent_but_stands_in_no_queue() {
    let until = Timestamp::from_nanosecond(1_800_000_000_000_000_999).unwrap();
    let snoozed = ConversationEvent::Snoozed(Snoozed { until });
    let woken = ConversationEvent::Woken(Woken { cause: Cause::Timer });
    let fold = after(vec![opened(), claimed(), snoozed.clone()]);
    assert_eq!(row(&fold).status, ConversationStatus::Snoozed);
    // A column holds whole microseconds.
    assert_eq!(row(&fold).snoozed_until.unwrap().as_nanosecond(), 1_800_000_000_000_000_000);
    let statuses: Vec<_> = fold.assignments.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [ConversationStatus::Open, ConversationStatus::Snoozed]);
    let fold = after(vec![opened(), claimed(), snoozed, woken]);
    assert_eq!((row(&fold).status, row(&fold).snoozed_until), (ConversationStatus::Open, None));
}

#[test]
fn a_closed_conversation_keeps_how_it_was_resolved() {
    let kind = ResolutionKind::Confirmed;
    let resolved = ConversationEvent::Resolved(Resolved { kind, episode: 1, at: at(3) });
    let closed = ConversationEvent::Closed(Closed { episode: 1 });
    let fold = after(vec![opened(), claimed(), resolved, closed]);
    let row = row(&fold);
    assert_eq!(row.status, ConversationStatus::Closed);
    assert_eq!((row.resolution, row.resolved_at), (Some(kind), Some(at(3))));
    assert!(fold.assignments.current(&(TENANT, CONVERSATION)).is_none());
}

#[test]
fn counters_are_the_difference_between_before_and_after() {
    let urgent = ConversationEvent::PriorityChanged(PriorityChanged {
        from: Priority::Normal,
        to: Priority::Urgent,
    });
    let fold = after(vec![opened(), message(), urgent.clone()]);
    let counted = fold.counters.rows();
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!((counted[0].priority, counted[0].conversations), (Priority::Urgent, 1));
    let target = ConversationId(Uuid::from_u128(8));
    let merged = ConversationEvent::MergedInto(MergedInto { target });
    let fold = after(vec![opened(), urgent, merged.clone()]);
    assert_eq!(fold.counters.rows(), vec![], "a merged one is not counted");
    assert_eq!(row(&fold).merged_into, Some(target));
    let unmerged = ConversationEvent::Unmerged(Unmerged { target });
    let fold = after(vec![opened(), merged, unmerged]);
    assert_eq!((fold.counters.rows().len(), row(&fold).merged_into), (1, None));
}

#[test]
fn texts_of_custom_fields_stand_in_no_row() {
    let field = Key::new("note").unwrap();
    let customer = CustomerId(Uuid::from_u128(2));
    let set = |value| ConversationEvent::FieldSet(FieldSet { field: field.clone(), value });
    let text = FieldValue::Text(Personal::about(customer, "canary"));
    let fold = after(vec![opened(), set(Some(FieldValue::Integer(3)))]);
    let three = FieldEntry::Value(FieldValue::Integer(3));
    assert_eq!(row(&fold).fields.get(&field), Some(&three));
    let fold = after(vec![opened(), set(Some(FieldValue::Integer(3))), set(Some(text))]);
    assert_eq!(row(&fold).fields.get(&field), Some(&FieldEntry::TextAt(3)));
    assert!(!format!("{:?}", row(&fold)).contains("canary"));
    let fold = after(vec![opened(), set(Some(FieldValue::Integer(3))), set(None)]);
    assert!(row(&fold).fields.is_empty());
}

#[test]
fn a_tag_is_there_once() {
    let tag = Tag::new("refund").unwrap();
    let tagged = ConversationEvent::Tagged(Tagged { tag: tag.clone() });
    let fold = after(vec![opened(), tagged.clone(), tagged]);
    assert_eq!(row(&fold).tags.iter().collect::<Vec<_>>(), [&tag]);
}

#[test]
fn the_order_of_the_queue_is_priority_then_tier() {
    let mut ranks: Vec<_> = Priority::ALL
        .iter()
        .flat_map(|priority| {
            Tier::ALL.iter().map(|tier| (rank(*priority, *tier), *priority, *tier))
        })
        .collect();
    ranks.sort_unstable();
    let first = ranks.first().map(|(_, priority, tier)| (*priority, *tier));
    let last = ranks.last().map(|(_, priority, tier)| (*priority, *tier));
    assert_eq!(first, Some((Priority::Urgent, Tier::Vip)));
    assert_eq!(last, Some((Priority::Low, Tier::New)));
    ranks.dedup_by_key(|(rank, _, _)| *rank);
    assert_eq!(ranks.len(), 12, "no two stand in one place");
}

#[test]
fn after_a_split_nobody_knows_the_last_message_until_the_next_one() {
    let message_id = MessageId(Uuid::from_u128(9));
    let off = SplitOff {
        target: ConversationId(Uuid::from_u128(8)),
        messages: vec![message_id],
        awaits_reply: false,
    };
    let fold = after(vec![opened(), message(), message(), off.clone().into()]);
    assert_eq!((row(&fold).message_count, row(&fold).last_message_position), (1, None));
    assert_eq!(row(&fold).waiting_since, None);
    let fold = after(vec![opened(), message(), message(), off.into(), message()]);
    assert_eq!((row(&fold).message_count, row(&fold).last_message_position), (2, Some(5)));
    let source = ConversationId(Uuid::from_u128(6));
    let moved = MovedMessage { message: message_id, agent: None };
    let from = SplitFrom { source, messages: vec![moved] };
    let fold = after(vec![opened(), from.into()]);
    assert_eq!((row(&fold).message_count, row(&fold).last_message_position), (1, None));
    assert_eq!(row(&fold).waiting_since, Some(at(2)));
}

#[test]
fn a_question_that_came_along_leaves_with_what_it_was_asked_in() {
    let source = ConversationId(Uuid::from_u128(6));
    let received = || MergeReceived { source, awaits_reply: true };
    let merged = after(vec![opened(), received().into()]);
    assert_eq!(row(&merged).waiting_since, Some(at(2)));
    let undone = after(vec![opened(), received().into(), MergeUndone { source }.into()]);
    assert_eq!(row(&undone).waiting_since, None);
    let own = after(vec![opened(), message(), received().into(), MergeUndone { source }.into()]);
    assert_eq!(row(&own).waiting_since, Some(at(2)));
}
