//! What a reader of one conversation sees, after which events.

use super::*;
use crate::{
    conversation::{
        event::{
            self, FieldSet, MergeReceived, MergeUndone, MovedMessage, ResolutionConfirmed,
            SplitFrom, TeamChanged, Unmerged, Woken,
        },
        snapshot::{ConversationSnapshot, Episode, MergedSource},
    },
    fields::FieldValue,
    text::{Key, Language},
    words::ConversationStatus,
};

/// Folds events of which each happened an hour after the one before.
fn seen(events: &[ConversationEvent]) -> ConversationSnapshot {
    let mut seen = None;
    for (hours, event) in (0..).zip(events) {
        ConversationSnapshot::fold(&mut seen, event, at(hours));
    }
    seen.expect("these stories begin with opening")
}

#[test]
fn there_is_nothing_to_see_before_opening() {
    let mut seen = None;
    ConversationSnapshot::fold(&mut seen, &wrote(1), at(0));
    assert_eq!(seen, None);
}

#[test]
fn an_open_conversation_shows_what_it_was_opened_with() {
    let seen = seen(&[opened()]);
    assert_eq!(seen.conversation, THIS);
    assert_eq!(seen.customer, CUSTOMER);
    assert_eq!(seen.status, ConversationStatus::Open);
    assert_eq!((seen.opened_at, seen.last_activity_at), (at(0), at(0)));
    assert_eq!(seen.episode(), 1);
}

#[test]
fn the_customer_waits_since_the_first_unanswered_message() {
    let waits = seen(&[opened(), wrote(1), replied(2, ADA), wrote(3), noted(4, ADA), wrote(5)]);
    assert_eq!(waits.waiting_since(), Some(at(3)));
    assert_eq!((waits.message_count, waits.note_count), (4, 1));
    assert_eq!(waits.last_activity_at, at(5));
    assert_eq!(seen(&[opened(), wrote(1), replied(2, ADA)]).waiting_since(), None);
}

#[test]
fn each_episode_keeps_its_own_times() {
    let seen = seen(&[
        opened(),
        wrote(1),
        replied(2, ADA),
        assumed(1, 3),
        ResolutionConfirmed { episode: 1 }.into(),
        reopened(2, Cause::CustomerMessage),
        wrote(3),
        replied(4, ADA),
    ]);
    let first = Episode {
        number: 1,
        opened_at: at(0),
        first_reply_at: Some(at(2)),
        resolved_at: Some(at(3)),
        kind: Some(ResolutionKind::Assumed),
        confirmed: true,
    };
    let second = Episode {
        number: 2,
        opened_at: at(5),
        first_reply_at: Some(at(7)),
        resolved_at: None,
        kind: None,
        confirmed: false,
    };
    assert_eq!(seen.episodes, [first, second]);
    assert_eq!(seen.first_replied_at, Some(at(2)));
    assert_eq!(seen.resolved_at, None);
}

#[test]
fn a_wait_and_a_snooze_show_while_they_last() {
    let waits = seen(&[opened(), waiting(WaitingOn::ThirdParty)]);
    assert_eq!(waits.status, ConversationStatus::Waiting);
    assert_eq!(waits.waiting_on, Some(WaitingOn::ThirdParty));
    let aside = seen(&[opened(), snoozed(9)]);
    assert_eq!(aside.status, ConversationStatus::Snoozed);
    assert_eq!(aside.snoozed_until, Some(at(9)));
    let woken = seen(&[opened(), snoozed(9), Woken { cause: Cause::Timer }.into()]);
    assert_eq!((woken.status, woken.snoozed_until), (ConversationStatus::Open, None));
}

#[test]
fn a_resolution_by_the_customer_is_confirmed_at_once() {
    let seen = seen(&[opened(), resolved(ResolutionKind::Confirmed, 1, 1), closed(1)]);
    assert_eq!(seen.status, ConversationStatus::Closed);
    assert_eq!((seen.resolved_at, seen.closed_at), (Some(at(1)), Some(at(2))));
    assert!(seen.episodes.iter().all(|it| it.confirmed));
}

#[test]
fn labels_owners_and_teams_are_the_last_ones() {
    let field = Key::new("count").expect("a key fits");
    let value = FieldValue::Integer(3);
    let seen = seen(&[
        opened(),
        claimed(ADA),
        assigned(BOB, Some(ADA)),
        TeamChanged { from: None, to: Some(BILLING) }.into(),
        FieldSet { field: field.clone(), value: Some(value.clone()) }.into(),
    ]);
    assert_eq!((seen.assignee, seen.team), (Some(BOB), Some(BILLING)));
    assert_eq!(seen.fields.get(&field), Some(&value));
}

#[test]
fn the_language_is_the_one_last_known() {
    let language = Language::new("fr").expect("a language fits");
    let in_french = event::CustomerMessageReceived {
        message: message(1),
        text: Personal::about(CUSTOMER, "où est-ce"),
        channel: Channel::Chat,
        language: Some(language.clone()),
        intake: None,
    };
    assert_eq!(seen(&[opened(), in_french.into(), wrote(2)]).language, Some(language));
}

#[test]
fn a_question_that_came_along_waits_until_it_is_answered_or_leaves() {
    let received = || MergeReceived { source: OTHER, awaits_reply: true }.into();
    let merged = seen(&[opened(), received()]);
    let source = MergedSource { conversation: OTHER, merged_at: at(1), waiting_since: Some(at(1)) };
    assert_eq!(merged.sources, [source]);
    assert_eq!(merged.waiting_since(), Some(at(1)));
    assert_eq!(seen(&[opened(), received(), replied(1, ADA)]).waiting_since(), None);
    let undone = seen(&[opened(), received(), MergeUndone { source: OTHER }.into()]);
    assert_eq!((undone.waiting_since(), undone.sources), (None, vec![]));
}

#[test]
fn nobody_waits_for_an_answer_to_what_was_confirmed_as_resolved() {
    let confirmed = resolved(ResolutionKind::Confirmed, 1, 2);
    let resolved = [opened(), wrote(1), confirmed];
    assert_eq!(seen(&resolved).waiting_since(), None);
    let asked_again =
        [resolved.as_slice(), &[reopened(2, Cause::CustomerMessage), wrote(2)]].concat();
    assert_eq!(seen(&asked_again).waiting_since(), Some(at(4)));
}

#[test]
fn a_label_is_no_activity_of_a_conversation() {
    let team = TeamChanged { from: None, to: Some(BILLING) };
    let seen = seen(&[opened(), wrote(1), team.into(), claimed(ADA)]);
    assert_eq!(seen.last_activity_at, at(1));
}

#[test]
fn a_merged_conversation_shows_where_it_goes_on_until_that_is_undone() {
    let merged = seen(&[opened(), merged_into(OTHER)]);
    assert_eq!((merged.status, merged.merged_into), (ConversationStatus::Merged, Some(OTHER)));
    let back = seen(&[opened(), merged_into(OTHER), Unmerged { target: OTHER }.into()]);
    assert_eq!((back.status, back.merged_into), (ConversationStatus::Open, None));
}

#[test]
fn a_split_shows_on_both_sides() {
    let split = event::SplitOff { target: OTHER, messages: vec![message(2)], awaits_reply: false };
    let source = seen(&[opened(), wrote(1), wrote(2), replied(3, ADA), wrote(4), split.into()]);
    assert_eq!((source.message_count, source.waiting_since()), (3, None));
    let moved = MovedMessage { message: message(2), agent: None };
    let begun = seen(&[opened(), SplitFrom { source: OTHER, messages: vec![moved] }.into()]);
    assert_eq!((begun.message_count, begun.waiting_since()), (1, Some(at(1))));
    assert_eq!(begun.split_from, Some(OTHER));
}

#[test]
fn a_snapshot_reads_back_from_its_stored_form() {
    let seen = seen(&[opened(), wrote(1), replied(2, ADA), assumed(1, 3)]);
    let stored = serde_json::to_string(&seen).expect("a snapshot is JSON");
    let read: ConversationSnapshot = serde_json::from_str(&stored).expect("and reads back");
    assert_eq!(read, seen);
}
