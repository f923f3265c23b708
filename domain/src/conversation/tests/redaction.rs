//! Subject lines and the texts of custom fields, deleted for good.

use super::*;
use crate::{
    conversation::event::{FieldRedacted, FieldSet, MergedInto, SubjectRedacted},
    fields::FieldValue,
    text::{Key, Reason},
};

const WHY: &str = "card number";

fn with_subject() -> ConversationEvent {
    let ConversationEvent::Opened(opened) = opened() else { unreachable!("it opens") };
    Opened { subject: Some(Personal::about(CUSTOMER, "My card")), ..opened }.into()
}

fn why() -> Reason {
    Reason::new(WHY).expect("a reason fits")
}

fn key(name: &str) -> Key {
    Key::new(name).expect("a key of a test fits")
}

fn redact_subject(went_on_in: &[ConversationId]) -> command::RedactSubject {
    command::RedactSubject { went_on_in: went_on_in.to_vec(), reason: why() }
}

fn subject_redacted(deliveries_to: &[ConversationId]) -> ConversationEvent {
    let reason = Personal::about(CUSTOMER, WHY);
    SubjectRedacted { deliveries_to: deliveries_to.to_vec(), reason }.into()
}

fn redact_field(name: &str) -> command::RedactField {
    command::RedactField { field: key(name), reason: why() }
}

fn field_redacted(name: &str) -> ConversationEvent {
    FieldRedacted { field: key(name), reason: Personal::about(CUSTOMER, WHY) }.into()
}

fn wrote_into(name: &str, words: &str) -> ConversationEvent {
    let value = Some(FieldValue::Text(Personal::about(CUSTOMER, words)));
    FieldSet { field: key(name), value }.into()
}

fn field_set(name: &str, value: Option<FieldValue>) -> ConversationEvent {
    FieldSet { field: key(name), value }.into()
}

#[test]
fn a_subject_line_is_redacted_once() {
    given([with_subject()]).when(redact_subject(&[])).then([subject_redacted(&[THIS])]);
    given([with_subject(), subject_redacted(&[THIS])]).when(redact_subject(&[])).then([]);
    given([opened()]).when(redact_subject(&[])).then_refused(ConversationRefusal::NoSubject);
    given([]).when(redact_subject(&[])).then_refused(ConversationRefusal::NoSuchConversation);
}

#[test]
fn a_redacted_subject_says_where_answers_to_it_went_on() {
    given([with_subject(), MergedInto { target: OTHER }.into()])
        .when(redact_subject(&[OTHER]))
        .then([subject_redacted(&[THIS, OTHER])]);
}

#[test]
fn the_texts_of_a_field_are_redacted_until_it_holds_another_one() {
    given([opened(), wrote_into("card", "4111")])
        .when(redact_field("card"))
        .then([field_redacted("card")]);
    given([opened(), wrote_into("card", "4111"), field_redacted("card")])
        .when(redact_field("card"))
        .then([]);
    given([
        opened(),
        wrote_into("card", "4111"),
        field_redacted("card"),
        wrote_into("card", "4112"),
    ])
    .when(redact_field("card"))
    .then([field_redacted("card")]);
}

#[test]
fn what_a_field_held_before_is_redacted_though_it_was_cleared_or_holds_something_else() {
    for later in [None, Some(FieldValue::Integer(3))] {
        given([opened(), wrote_into("card", "4111"), field_set("card", later)])
            .when(redact_field("card"))
            .then([field_redacted("card")]);
    }
}

#[test]
fn only_a_field_that_held_a_text_is_redacted() {
    for value in [None, Some(FieldValue::Integer(3))] {
        given([opened(), wrote_into("other", "4111"), field_set("card", value)])
            .when(redact_field("card"))
            .then_refused(ConversationRefusal::NoText { field: key("card") });
    }
}

#[test]
fn also_a_closed_or_merged_conversation_forgets_its_subject_and_its_fields() {
    let endings = [vec![merged_into(OTHER)], vec![assumed(1, 0), closed(1)]];
    for ending in endings {
        let history = [vec![with_subject(), wrote_into("card", "4111")], ending].concat();
        let given = || Given(history.clone());
        given().when(redact_subject(&[])).then([subject_redacted(&[THIS])]);
        given().when(redact_field("card")).then([field_redacted("card")]);
    }
}
