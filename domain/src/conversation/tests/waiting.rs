//! Waiting, putting aside, waking.

use super::*;
use crate::conversation::{
    SNOOZE_DAYS_MAX,
    event::{WaitingEnded, Woken},
};

fn ended(cause: Cause) -> ConversationEvent {
    WaitingEnded { cause }.into()
}

fn woken(cause: Cause) -> ConversationEvent {
    Woken { cause }.into()
}

fn snooze(until_hours: i64, now_hours: i64) -> command::Snooze {
    command::Snooze { until: at(until_hours), at: at(now_hours) }
}

#[test]
fn waiting_for_the_same_again_changes_nothing() {
    let on = WaitingOn::Customer;
    given([opened()]).when(command::Wait { on }).then([waiting(on)]);
    given([opened(), waiting(on)]).when(command::Wait { on }).then([]);
}

#[test]
fn one_wait_ends_before_another_begins() {
    let on = WaitingOn::ThirdParty;
    given([opened(), waiting(WaitingOn::Customer)])
        .when(command::Wait { on })
        .then([ended(Cause::Person), waiting(on)]);
}

#[test]
fn waiting_and_being_put_aside_exclude_each_other() {
    let on = WaitingOn::Customer;
    given([opened(), waiting(on)]).when(snooze(9, 0)).then([ended(Cause::Person), snoozed(9)]);
    given([opened(), snoozed(9)])
        .when(command::Wait { on })
        .then([woken(Cause::Person), waiting(on)]);
}

#[test]
fn a_new_instant_replaces_the_old_one() {
    given([opened(), snoozed(9)]).when(snooze(10, 0)).then([woken(Cause::Person), snoozed(10)]);
    given([opened(), snoozed(9)]).when(snooze(9, 0)).then([]);
}

#[test]
fn nothing_is_put_aside_until_an_instant_that_has_passed() {
    let until = at(0);
    given([opened()]).when(snooze(0, 0)).then_refused(ConversationRefusal::NotInFuture { until });
}

#[test]
fn nothing_is_put_aside_for_more_than_a_year() {
    let hours = 24 * SNOOZE_DAYS_MAX;
    given([opened()]).when(snooze(hours, 0)).then([snoozed(hours)]);
    given([opened()])
        .when(snooze(hours + 1, 0))
        .then_refused(ConversationRefusal::SnoozeTooLong { days_max: SNOOZE_DAYS_MAX });
}

#[test]
fn a_timer_wakes_on_time_and_never_early() {
    let wake = |hours| command::Wake { cause: Cause::Timer, at: at(hours) };
    let until = at(9);
    given([opened(), snoozed(9)]).when(wake(8)).then_refused(ConversationRefusal::NotYet { until });
    given([opened(), snoozed(9)]).when(wake(9)).then([woken(Cause::Timer)]);
}

#[test]
fn a_person_wakes_at_any_time() {
    let wake = command::Wake { cause: Cause::Person, at: at(1) };
    given([opened(), snoozed(9)]).when(wake.clone()).then([woken(Cause::Person)]);
    given([opened(), waiting(WaitingOn::ThirdParty)])
        .when(wake.clone())
        .then([ended(Cause::Person)]);
    given([opened()]).when(wake).then([]);
}

#[test]
fn what_is_resolved_neither_waits_nor_is_put_aside() {
    let history = || [opened(), assumed(1, 0)];
    let on = WaitingOn::Customer;
    given(history()).when(command::Wait { on }).then_refused(ConversationRefusal::Resolved);
    given(history()).when(snooze(9, 0)).then_refused(ConversationRefusal::Resolved);
}
