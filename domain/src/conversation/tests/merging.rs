//! Merging and undoing it, from both sides.

use super::*;
use crate::conversation::{
    SOURCES_MAX,
    event::{MergeReceived, MergeUndone, Released, Unmerged, WaitingEnded, Woken},
};

fn merge() -> command::MergeInto {
    command::MergeInto { target: OTHER, target_customer: CUSTOMER, one_person: false }
}

fn receive(awaits_reply: bool) -> command::ReceiveMerge {
    command::ReceiveMerge { source: OTHER, awaits_reply }
}

fn received(awaits_reply: bool) -> ConversationEvent {
    MergeReceived { source: OTHER, awaits_reply }.into()
}

fn unmerged() -> ConversationEvent {
    Unmerged { target: OTHER }.into()
}

#[test]
fn merging_ends_whatever_was_under_way() {
    let cause = Cause::Person;
    given([opened()]).when(merge()).then([merged_into(OTHER)]);
    given([opened(), claimed(ADA), snoozed(9)]).when(merge()).then([
        Woken { cause }.into(),
        Released { agent: ADA }.into(),
        merged_into(OTHER),
    ]);
    given([opened(), waiting(WaitingOn::Customer)])
        .when(merge())
        .then([WaitingEnded { cause }.into(), merged_into(OTHER)]);
}

#[test]
fn merging_twice_is_merging_once() {
    given([opened(), merged_into(OTHER)]).when(merge()).then([]);
    given([opened(), received(false)]).when(receive(false)).then([]);
}

#[test]
fn nothing_is_merged_into_itself() {
    let own = command::MergeInto { target: THIS, target_customer: CUSTOMER, one_person: true };
    given([opened()]).when(own).then_refused(ConversationRefusal::IntoItself);
    let own = command::ReceiveMerge { source: THIS, awaits_reply: false };
    given([opened()]).when(own).then_refused(ConversationRefusal::IntoItself);
}

#[test]
fn only_matters_of_one_customer_are_merged() {
    let customer = CustomerId(Uuid::from_u128(0xd));
    let merge =
        |one_person| command::MergeInto { target: OTHER, target_customer: customer, one_person };
    given([opened()])
        .when(merge(false))
        .then_refused(ConversationRefusal::OtherCustomer { customer });
    given([opened()]).when(merge(true)).then([merged_into(OTHER)]);
}

#[test]
fn what_is_merged_or_closed_neither_merges_nor_receives() {
    let target = ConversationId(Uuid::from_u128(0x1003));
    let merged = ConversationRefusal::MergedInto { target };
    given([opened(), merged_into(target)]).when(merge()).then_refused(merged.clone());
    given([opened(), merged_into(target)]).when(receive(false)).then_refused(merged);
    let history = || [opened(), assumed(1, 0), closed(1)];
    given(history()).when(merge()).then_refused(ConversationRefusal::Closed);
    given(history()).when(receive(false)).then_refused(ConversationRefusal::Closed);
}

#[test]
fn merges_make_no_circle() {
    given([opened(), received(false)])
        .when(merge())
        .then_refused(ConversationRefusal::MergedHere { source_id: OTHER });
}

#[test]
fn what_received_a_merge_can_itself_be_merged() {
    let target = ConversationId(Uuid::from_u128(0x1003));
    given([opened(), received(false)])
        .when(command::MergeInto { target, target_customer: CUSTOMER, one_person: false })
        .then([merged_into(target)]);
}

#[test]
fn an_unanswered_question_that_comes_along_brings_it_back() {
    given([opened(), assumed(1, 0)])
        .when(receive(true))
        .then([reopened(2, Cause::Person), received(true)]);
    given([opened(), snoozed(9)])
        .when(receive(true))
        .then([Woken { cause: Cause::Person }.into(), received(true)]);
    given([opened(), assumed(1, 0)]).when(receive(false)).then([received(false)]);
}

#[test]
fn an_unanswered_question_that_came_along_has_to_be_answered() {
    let resolve = command::Resolve { kind: ResolutionKind::Assumed, at: at(5) };
    given([opened(), received(true)])
        .when(resolve.clone())
        .then_refused(ConversationRefusal::CustomerWaits);
    given([opened(), received(true), claimed(ADA), replied(1, ADA)])
        .when(resolve.clone())
        .then([assumed(1, 5)]);
    given([opened(), received(true), MergeUndone { source: OTHER }.into()])
        .when(resolve)
        .then([assumed(1, 5)]);
}

#[test]
fn a_conversation_receives_a_bounded_number_of_merges() {
    let mut history = vec![opened()];
    history.extend((0..SOURCES_MAX as u128).map(|it| {
        let source = ConversationId(Uuid::from_u128(0x2000 + it));
        MergeReceived { source, awaits_reply: false }.into()
    }));
    Given(history)
        .when(receive(false))
        .then_refused(ConversationRefusal::TooManyMerges { sources_max: SOURCES_MAX });
}

#[test]
fn an_undone_merge_puts_it_back_into_the_queue() {
    given([opened(), claimed(ADA), Released { agent: ADA }.into(), merged_into(OTHER)])
        .when(command::Unmerge {})
        .then([unmerged()]);
    given([opened(), merged_into(OTHER), unmerged()])
        .when(command::Claim { agent: BOB })
        .then([claimed(BOB)]);
}

#[test]
fn what_was_resolved_before_the_merge_begins_a_new_episode_after() {
    given([opened(), assumed(1, 0), merged_into(OTHER)])
        .when(command::Unmerge {})
        .then([unmerged(), reopened(2, Cause::Person)]);
}

#[test]
fn only_a_merge_is_undone() {
    given([opened()]).when(command::Unmerge {}).then_refused(ConversationRefusal::NotMerged);
    given([opened()])
        .when(command::UndoMerge { source: OTHER })
        .then_refused(ConversationRefusal::NotMergedHere { source_id: OTHER });
}

#[test]
fn also_what_was_merged_on_or_closed_lets_its_sources_go() {
    let undo = command::UndoMerge { source: OTHER };
    let target = ConversationId(Uuid::from_u128(0x1003));
    let undone = || MergeUndone { source: OTHER }.into();
    given([opened(), received(false)]).when(undo.clone()).then([undone()]);
    given([opened(), received(false), merged_into(target)]).when(undo.clone()).then([undone()]);
    given([opened(), received(false), assumed(1, 0), closed(1)]).when(undo).then([undone()]);
}
