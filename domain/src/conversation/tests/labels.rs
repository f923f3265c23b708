//! Priority, tier, tags, custom fields.

use super::*;
use crate::{
    conversation::{
        FIELDS_MAX, TAGS_MAX,
        event::{FieldSet, PriorityChanged, Tagged, TierAssigned, Untagged},
    },
    fields::{FieldInput, FieldKind, FieldValue},
    text::{FieldText, Key, Tag},
};

fn tag(name: &str) -> Tag {
    Tag::new(name).expect("a tag of a test fits")
}

fn key(name: &str) -> Key {
    Key::new(name).expect("a key of a test fits")
}

fn tagged(name: &str) -> ConversationEvent {
    Tagged { tag: tag(name) }.into()
}

fn field_set(name: &str, value: Option<FieldValue>) -> ConversationEvent {
    FieldSet { field: key(name), value }.into()
}

fn set_field(name: &str, kind: Option<FieldKind>, value: Option<FieldInput>) -> command::SetField {
    command::SetField { field: key(name), kind, value }
}

#[test]
fn priority_and_tier_change_from_something_to_something_else() {
    let (from, to) = (Priority::Normal, Priority::Urgent);
    given([opened()]).when(command::SetPriority { priority: to }).then([PriorityChanged {
        from,
        to,
    }
    .into()]);
    given([opened()]).when(command::SetPriority { priority: from }).then([]);
    let (from, to) = (Tier::Standard, Tier::Vip);
    given([opened()])
        .when(command::AssignTier { tier: to })
        .then([TierAssigned { from, to }.into()]);
    given([opened()]).when(command::AssignTier { tier: from }).then([]);
}

#[test]
fn a_tag_is_put_on_once_and_taken_off_once() {
    given([opened()]).when(command::AddTag { tag: tag("vat") }).then([tagged("vat")]);
    given([opened(), tagged("vat")]).when(command::AddTag { tag: tag("vat") }).then([]);
    given([opened(), tagged("vat")])
        .when(command::RemoveTag { tag: tag("vat") })
        .then([Untagged { tag: tag("vat") }.into()]);
    given([opened()]).when(command::RemoveTag { tag: tag("vat") }).then([]);
}

#[test]
fn a_conversation_carries_a_bounded_number_of_tags() {
    let mut history = vec![opened()];
    history.extend((0..TAGS_MAX).map(|it| tagged(&format!("t{it}"))));
    Given(history)
        .when(command::AddTag { tag: tag("more") })
        .then_refused(ConversationRefusal::TooManyTags { tags_max: TAGS_MAX });
}

#[test]
fn a_field_takes_a_value_of_its_kind() {
    given([opened()])
        .when(set_field("count", Some(FieldKind::Integer), Some(FieldInput::Integer(3))))
        .then([field_set("count", Some(FieldValue::Integer(3)))]);
    given([opened()])
        .when(set_field("count", Some(FieldKind::Integer), Some(FieldInput::Boolean(true))))
        .then_refused(ConversationRefusal::WrongKind { field: key("count") });
    let choices = FieldKind::Choice { choices: vec![key("red")] };
    given([opened()])
        .when(set_field("colour", Some(choices), Some(FieldInput::Choice(key("blue")))))
        .then_refused(ConversationRefusal::WrongKind { field: key("colour") });
}

#[test]
fn a_field_that_the_desk_does_not_define_takes_no_value_but_what_it_holds_can_be_cleared() {
    given([opened()])
        .when(set_field("count", None, Some(FieldInput::Integer(3))))
        .then_refused(ConversationRefusal::UnknownField { field: key("count") });
    given([opened(), field_set("count", Some(FieldValue::Integer(3)))])
        .when(set_field("count", None, None))
        .then([field_set("count", None)]);
    given([opened()])
        .when(set_field("count", None, None))
        .then_refused(ConversationRefusal::UnknownField { field: key("count") });
    given([opened()]).when(set_field("count", Some(FieldKind::Integer), None)).then([]);
}

#[test]
fn setting_the_same_value_changes_nothing() {
    given([opened(), field_set("count", Some(FieldValue::Integer(3)))])
        .when(set_field("count", Some(FieldKind::Integer), Some(FieldInput::Integer(3))))
        .then([]);
}

#[test]
fn a_free_text_is_about_the_customer_and_not_held_by_the_state() {
    let words = FieldText::new("left of the door").expect("fits");
    let stored = FieldValue::Text(Personal::about(CUSTOMER, "left of the door"));
    let event = field_set("place", Some(stored));
    given([opened()])
        .when(set_field("place", Some(FieldKind::Text), Some(FieldInput::Text(words))))
        .then([event.clone()]);
    let state = serde_json::to_string(&folded(&[opened(), event])).expect("a state is JSON");
    assert!(!state.contains("left of the door"), "{state}");
}

#[test]
fn a_conversation_holds_a_bounded_number_of_fields() {
    let mut history = vec![opened()];
    let value = Some(FieldValue::Boolean(true));
    history.extend((0..FIELDS_MAX).map(|it| field_set(&format!("f{it}"), value.clone())));
    Given(history.clone())
        .when(set_field("more", Some(FieldKind::Boolean), Some(FieldInput::Boolean(true))))
        .then_refused(ConversationRefusal::TooManyFields { fields_max: FIELDS_MAX });
    Given(history)
        .when(set_field("f0", Some(FieldKind::Boolean), Some(FieldInput::Boolean(false))))
        .then([field_set("f0", Some(FieldValue::Boolean(false)))]);
}

#[test]
fn a_closed_conversation_keeps_its_labels() {
    let history = || [opened(), tagged("vat"), assumed(1, 0), closed(1)];
    let asked: [ConversationCommand; 4] = [
        command::SetPriority { priority: Priority::Low }.into(),
        command::AddTag { tag: tag("late") }.into(),
        command::RemoveTag { tag: tag("vat") }.into(),
        set_field("count", None, None).into(),
    ];
    for command in asked {
        given(history()).when(command).then_refused(ConversationRefusal::Closed);
    }
}
