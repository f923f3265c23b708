//! Resolving, confirming, reopening, closing.

use super::*;
use crate::{
    conversation::event::{ResolutionConfirmed, WaitingEnded, Woken},
    words::ConversationStatus,
};

fn resolve(kind: ResolutionKind, hours: i64) -> command::Resolve {
    command::Resolve { kind, at: at(hours) }
}

fn assume() -> command::Resolve {
    resolve(ResolutionKind::Assumed, 5)
}

#[test]
fn nothing_is_resolved_while_the_customer_waits_for_an_answer() {
    let waits = ConversationRefusal::CustomerWaits;
    given([opened(), wrote(1)]).when(assume()).then_refused(waits.clone());
    given([opened(), wrote(1), replied(2, ADA), wrote(3)]).when(assume()).then_refused(waits);
}

#[test]
fn thanks_that_confirm_a_resolution_need_no_answer() {
    given([opened(), wrote(1), replied(2, ADA), wrote(3)])
        .when(resolve(ResolutionKind::Confirmed, 5))
        .then([Resolved { kind: ResolutionKind::Confirmed, episode: 1, at: at(5) }.into()]);
}

#[test]
fn a_note_is_no_answer() {
    given([opened(), wrote(1), noted(2, ADA)])
        .when(assume())
        .then_refused(ConversationRefusal::CustomerWaits);
}

#[test]
fn an_answered_conversation_can_be_resolved() {
    given([opened(), wrote(1), replied(2, ADA)]).when(assume()).then([assumed(1, 5)]);
}

#[test]
fn resolving_ends_a_wait_and_a_snooze() {
    let cause = Cause::Person;
    given([opened(), waiting(WaitingOn::Customer)])
        .when(assume())
        .then([WaitingEnded { cause }.into(), assumed(1, 5)]);
    given([opened(), snoozed(9)]).when(assume()).then([Woken { cause }.into(), assumed(1, 5)]);
}

#[test]
fn resolving_twice_is_resolving_once() {
    given([opened(), assumed(1, 0)]).when(assume()).then([]);
}

#[test]
fn an_assumed_resolution_can_be_confirmed_once() {
    let confirmed = || ResolutionConfirmed { episode: 1 }.into();
    let confirm = || command::ConfirmResolution {};
    given([opened(), assumed(1, 0)]).when(confirm()).then([confirmed()]);
    given([opened(), assumed(1, 0), confirmed()]).when(confirm()).then([]);
    given([opened(), assumed(1, 0)])
        .when(resolve(ResolutionKind::Confirmed, 5))
        .then([confirmed()]);
    given([opened()]).when(confirm()).then_refused(ConversationRefusal::NotResolved);
}

#[test]
fn reopening_begins_the_next_episode() {
    let cause = Cause::Person;
    given([opened(), assumed(1, 0)]).when(command::Reopen { cause }).then([reopened(2, cause)]);
    given([opened(), assumed(1, 0), reopened(2, cause), assumed(2, 1)])
        .when(command::Reopen { cause })
        .then([reopened(3, cause)]);
    given([opened()]).when(command::Reopen { cause }).then([]);
}

#[test]
fn the_second_resolution_is_of_the_second_episode() {
    given([opened(), assumed(1, 0), reopened(2, Cause::Person)])
        .when(assume())
        .then([assumed(2, 5)]);
}

#[test]
fn only_what_is_resolved_is_closed_and_only_once() {
    given([opened()]).when(command::Close {}).then_refused(ConversationRefusal::NotResolved);
    given([opened(), assumed(1, 0)]).when(command::Close {}).then([closed(1)]);
    given([opened(), assumed(1, 0), closed(1)]).when(command::Close {}).then([]);
}

#[test]
fn what_a_forgotten_customer_began_is_closed_wherever_it_stands() {
    let close = || command::CloseForgotten {};
    given([]).when(close()).then_refused(ConversationRefusal::NoSuchConversation);
    given([opened()]).when(close()).then([closed(1)]);
    given([opened(), assumed(1, 0)]).when(close()).then([closed(1)]);
    let woken = Woken { cause: Cause::Timer }.into();
    given([opened(), snoozed(9)]).when(close()).then([woken, closed(1)]);
    given([opened(), closed(1)]).when(close()).then([]);
    given([opened(), merged_into(OTHER)]).when(close()).then([]);
}

#[test]
fn what_is_closed_stays_closed() {
    given([opened(), assumed(1, 0), closed(1)])
        .when(command::Reopen { cause: Cause::Person })
        .then_refused(ConversationRefusal::Closed);
}

#[test]
fn a_conversation_says_where_it_stands() {
    let status = |events: &[ConversationEvent]| folded(events).status();
    assert_eq!(status(&[]), None);
    assert_eq!(status(&[opened()]), Some(ConversationStatus::Open));
    let wait = waiting(WaitingOn::Customer);
    assert_eq!(status(&[opened(), wait]), Some(ConversationStatus::Waiting));
    assert_eq!(status(&[opened(), snoozed(9)]), Some(ConversationStatus::Snoozed));
    assert_eq!(status(&[opened(), assumed(1, 0)]), Some(ConversationStatus::Resolved));
    assert_eq!(status(&[opened(), closed(1)]), Some(ConversationStatus::Closed));
    assert_eq!(status(&[opened(), merged_into(OTHER)]), Some(ConversationStatus::Merged));
}
