//! Messages, replies, notes, redaction.

use super::*;
use crate::{
    conversation::{
        Author, MENTIONS_MAX, MESSAGES_MAX,
        event::{AgentMentioned, MessageRedacted, WaitingEnded, Woken},
    },
    text::Reason,
};

fn note(number: u128, agent: AgentId, mentions: Vec<AgentId>) -> command::AddNote {
    command::AddNote { message: message(number), agent, text: text("was rude"), mentions }
}

fn redact(number: u128) -> command::Redact {
    let reason = Reason::new("card number").expect("a reason fits");
    command::Redact { message: message(number), reason }
}

fn redacted(number: u128) -> ConversationEvent {
    let reason = Personal::about(CUSTOMER, "card number");
    MessageRedacted { message: message(number), reason }.into()
}

#[test]
fn what_the_customer_writes_is_taken_in() {
    given([opened()]).when(write(1, 0)).then([wrote(1)]);
}

#[test]
fn the_same_message_is_taken_in_once() {
    given([opened(), wrote(1)]).when(write(1, 0)).then([]);
    given([opened(), wrote(1), claimed(ADA), replied(2, ADA)]).when(reply(2, ADA)).then([]);
    given([opened(), noted(1, ADA)]).when(note(1, ADA, vec![])).then([]);
}

#[test]
fn a_message_taken_in_before_closing_is_still_known_after() {
    let history = [opened(), wrote(1), replied(2, ADA), assumed(1, 0), closed(1)];
    given(history).when(write(1, 0)).then([]);
}

#[test]
fn two_messages_never_share_an_id() {
    let exists = ConversationRefusal::MessageExists { message: message(1) };
    given([opened(), wrote(1)]).when(reply(1, ADA)).then_refused(exists.clone());
    given([opened(), noted(1, ADA)]).when(note(1, BOB, vec![])).then_refused(exists);
}

#[test]
fn the_customers_message_ends_a_wait_and_a_snooze() {
    let cause = Cause::CustomerMessage;
    given([opened(), waiting(WaitingOn::Customer)])
        .when(write(1, 0))
        .then([WaitingEnded { cause }.into(), wrote(1)]);
    given([opened(), snoozed(9)]).when(write(1, 0)).then([Woken { cause }.into(), wrote(1)]);
}

#[test]
fn the_customers_message_reopens_what_was_resolved_within_the_window() {
    let history = || [opened(), wrote(1), replied(2, ADA), assumed(1, 0)];
    let cause = Cause::CustomerMessage;
    given(history()).when(write(3, 168)).then([reopened(2, cause), wrote(3)]);
    given(history()).when(write(3, -1)).then([reopened(2, cause), wrote(3)]);
}

#[test]
fn after_the_window_the_customer_needs_a_new_conversation() {
    given([opened(), wrote(1), replied(2, ADA), assumed(1, 0)])
        .when(write(3, 169))
        .then_refused(ConversationRefusal::WindowPassed { resolved_at: at(0) });
}

#[test]
fn a_caller_can_ask_where_a_message_goes_on() {
    let asked = |events: &[ConversationEvent], hours| {
        folded(events).takes_customer_messages(at(hours), 168)
    };
    assert_eq!(asked(&[opened()], 0), Ok(()));
    assert_eq!(asked(&[], 0), Err(ConversationRefusal::NoSuchConversation));
    let target = OTHER;
    let elsewhere = Err(ConversationRefusal::MergedInto { target });
    assert_eq!(asked(&[opened(), merged_into(target)], 0), elsewhere);
    let resolved = [opened(), assumed(1, 0)];
    assert_eq!(asked(&resolved, 168), Ok(()));
    let resolved_at = at(0);
    assert_eq!(asked(&resolved, 169), Err(ConversationRefusal::WindowPassed { resolved_at }));
}

#[test]
fn a_closed_or_merged_conversation_takes_no_message() {
    given([opened(), wrote(1), replied(2, ADA), assumed(1, 0), closed(1)])
        .when(write(3, 1))
        .then_refused(ConversationRefusal::Closed);
    let merged = ConversationRefusal::MergedInto { target: OTHER };
    given([opened(), merged_into(OTHER)]).when(write(1, 0)).then_refused(merged.clone());
    given([opened(), merged_into(OTHER)]).when(reply(1, ADA)).then_refused(merged);
}

#[test]
fn whoever_answers_an_unassigned_conversation_claims_it() {
    given([opened(), wrote(1)]).when(reply(2, ADA)).then([claimed(ADA), replied(2, ADA)]);
}

#[test]
fn only_the_responsible_agent_answers() {
    given([opened(), wrote(1), claimed(ADA)]).when(reply(2, ADA)).then([replied(2, ADA)]);
    given([opened(), wrote(1), claimed(ADA)])
        .when(reply(2, BOB))
        .then_refused(ConversationRefusal::BelongsTo { agent: ADA });
}

#[test]
fn an_answer_wakes_what_was_put_aside_but_leaves_a_wait() {
    given([opened(), claimed(ADA), snoozed(9)])
        .when(reply(1, ADA))
        .then([Woken { cause: Cause::Person }.into(), replied(1, ADA)]);
    given([opened(), claimed(ADA), waiting(WaitingOn::ThirdParty)])
        .when(reply(1, ADA))
        .then([replied(1, ADA)]);
}

#[test]
fn what_is_resolved_is_reopened_before_it_is_answered() {
    given([opened(), claimed(ADA), assumed(1, 0)])
        .when(reply(1, ADA))
        .then_refused(ConversationRefusal::Resolved);
}

#[test]
fn a_note_calls_each_other_agent_once() {
    let called = AgentMentioned { message: message(1), agent: BOB, by: ADA };
    given([opened()]).when(note(1, ADA, vec![BOB, ADA, BOB])).then([noted(1, ADA), called.into()]);
}

#[test]
fn a_note_calls_a_bounded_number_of_agents() {
    let agents = (0..=MENTIONS_MAX as u128).map(|it| AgentId(Uuid::from_u128(it)));
    given([opened()])
        .when(note(1, ADA, agents.collect()))
        .then_refused(ConversationRefusal::TooManyMentions { mentions_max: MENTIONS_MAX });
}

#[test]
fn a_conversation_takes_a_bounded_number_of_messages() {
    let mut history = vec![opened()];
    history.extend((0..MESSAGES_MAX as u128).map(wrote));
    Given(history)
        .when(write(MESSAGES_MAX as u128, 0))
        .then_refused(ConversationRefusal::TooManyMessages { messages_max: MESSAGES_MAX });
}

#[test]
fn a_message_is_redacted_once() {
    given([opened(), wrote(1)]).when(redact(1)).then([redacted(1)]);
    given([opened(), wrote(1), redacted(1)]).when(redact(1)).then([]);
}

#[test]
fn only_a_known_message_is_redacted() {
    given([opened(), wrote(1)])
        .when(redact(2))
        .then_refused(ConversationRefusal::UnknownMessage { message: message(2) });
}

#[test]
fn also_a_closed_or_merged_conversation_forgets() {
    given([opened(), wrote(1), merged_into(OTHER)]).when(redact(1)).then([redacted(1)]);
    given([opened(), noted(1, ADA), assumed(1, 0), closed(1)]).when(redact(1)).then([redacted(1)]);
}

#[test]
fn a_conversation_knows_who_wrote_what() {
    let conversation = folded(&[opened(), wrote(1), replied(2, ADA), noted(3, BOB)]);
    assert_eq!(conversation.author(message(1)), Some(Author::Customer));
    assert_eq!(conversation.author(message(2)), Some(Author::Agent(ADA)));
    assert_eq!(conversation.author(message(3)), Some(Author::Note(BOB)));
    assert_eq!(conversation.author(message(4)), None);
}
