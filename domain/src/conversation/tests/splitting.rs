//! Splitting messages off, from both sides.

use super::*;
use crate::{
    conversation::event::{self, MovedMessage, SplitFrom},
    text::Reason,
};

fn split(numbers: &[u128]) -> command::SplitOff {
    let messages = numbers.iter().map(|it| message(*it)).collect();
    command::SplitOff { target: OTHER, messages }
}

fn split_off(numbers: &[u128], awaits_reply: bool) -> ConversationEvent {
    let messages = numbers.iter().map(|it| message(*it)).collect();
    event::SplitOff { target: OTHER, messages, awaits_reply }.into()
}

fn begin(source: ConversationId, messages: Vec<MovedMessage>) -> command::BeginFromSplit {
    let command::Open { id, customer, channel, subject, language, tier, priority, team } = open();
    command::BeginFromSplit {
        id,
        source,
        messages,
        customer,
        channel,
        subject,
        language,
        tier,
        priority,
        team,
    }
}

fn moved(number: u128, agent: Option<AgentId>) -> MovedMessage {
    MovedMessage { message: message(number), agent }
}

#[test]
fn messages_leave_in_their_order_and_each_once() {
    given([opened(), wrote(1), wrote(2), replied(3, ADA)])
        .when(split(&[2, 1, 2]))
        .then([split_off(&[1, 2], false)]);
}

#[test]
fn a_split_says_whether_the_customer_still_waits() {
    given([opened(), wrote(1), replied(2, ADA)]).when(split(&[2])).then([split_off(&[2], true)]);
}

#[test]
fn a_split_needs_messages_and_leaves_one() {
    let history = || [opened(), wrote(1), noted(2, ADA)];
    given(history()).when(split(&[])).then_refused(ConversationRefusal::NothingToSplit);
    given(history()).when(split(&[1])).then_refused(ConversationRefusal::NothingStays);
}

#[test]
fn only_messages_that_are_here_and_that_the_customer_sees_leave() {
    let unknown = |number| ConversationRefusal::UnknownMessage { message: message(number) };
    let history = || [opened(), wrote(1), wrote(2), noted(3, ADA)];
    given(history()).when(split(&[3])).then_refused(unknown(3));
    given(history()).when(split(&[9])).then_refused(unknown(9));
    given([opened(), wrote(1), wrote(2), wrote(3), split_off(&[1], true)])
        .when(split(&[1]))
        .then_refused(unknown(1));
}

#[test]
fn a_message_that_left_is_neither_taken_in_again_nor_redacted_here() {
    let history = || [opened(), wrote(1), wrote(2), split_off(&[1], true)];
    given(history()).when(write(1, 0)).then([]);
    let reason = Reason::new("card number").expect("a reason fits");
    given(history())
        .when(command::Redact { message: message(1), reason })
        .then_refused(ConversationRefusal::UnknownMessage { message: message(1) });
}

#[test]
fn nothing_is_split_into_itself() {
    let messages = vec![message(1)];
    given([opened(), wrote(1), wrote(2)])
        .when(command::SplitOff { target: THIS, messages })
        .then_refused(ConversationRefusal::IntoItself);
    given([]).when(begin(THIS, vec![moved(1, None)])).then_refused(ConversationRefusal::IntoItself);
}

#[test]
fn the_new_conversation_begins_with_what_was_moved() {
    let messages = vec![moved(1, None), moved(2, Some(ADA))];
    given([])
        .when(begin(OTHER, messages.clone()))
        .then([opened(), SplitFrom { source: OTHER, messages }.into()]);
    given([]).when(begin(OTHER, vec![])).then_refused(ConversationRefusal::NothingToSplit);
    given([opened()])
        .when(begin(OTHER, vec![moved(1, None)]))
        .then_refused(ConversationRefusal::AlreadyOpen);
}

#[test]
fn a_moved_question_has_to_be_answered_where_it_went() {
    let messages = vec![moved(1, None)];
    given([opened(), SplitFrom { source: OTHER, messages }.into()])
        .when(command::Resolve { kind: ResolutionKind::Assumed, at: at(5) })
        .then_refused(ConversationRefusal::CustomerWaits);
}

#[test]
fn the_source_tells_who_wrote_what_is_moved() {
    let source = folded(&[opened(), wrote(1), replied(2, ADA), noted(3, ADA), wrote(4)]);
    let asked = [message(4), message(3), message(2), message(9)];
    assert_eq!(source.moved_messages(&asked), [moved(2, Some(ADA)), moved(4, None)]);
}
