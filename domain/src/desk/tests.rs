//! What is true of a desk.

use cqrs_es::test::TestFramework;
use proptest::{collection::vec, prelude::*};

use super::{
    Desk, DeskCommand, DeskEvent, DeskRefusal,
    command::{ChangeSettings, DefineField, Open, RecordExport, RecordKeyRotation, RetireField},
    event::{
        DeskSettings, Exported, FieldDefined, FieldRetired, KeysRotated, Opened, SettingsChanged,
    },
};
use crate::{
    decider::Refusal,
    fields::{FieldKind, FieldType},
    laws::obeys_the_laws,
    text::{Key, Language, Name},
};

fn desk() -> TestFramework<Desk> {
    TestFramework::with(())
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn settings(name: &str, reopen_within_hours: u32) -> DeskSettings {
    DeskSettings {
        name: Name::new(name).unwrap(),
        default_language: Language::new("en").unwrap(),
        reopen_within_hours,
    }
}

fn opened() -> DeskEvent {
    Opened { settings: settings("Acme", 72) }.into()
}

fn choice(words: &[&str]) -> FieldKind {
    FieldKind::Choice { choices: words.iter().map(|word| key(word)).collect() }
}

fn defined(field: &str, kind: FieldKind) -> DeskEvent {
    FieldDefined { field: key(field), kind }.into()
}

fn define(field: &str, kind: FieldKind) -> DeskCommand {
    DefineField { field: key(field), kind }.into()
}

#[test]
fn a_desk_is_opened_with_its_settings() {
    let open = Open { settings: settings("Acme", 72) };
    desk().given_no_previous_events().when(open.into()).then_expect_events(vec![opened()]);
}

#[test]
fn a_desk_is_opened_only_once() {
    let open = Open { settings: settings("Other", 72) };
    desk().given(vec![opened()]).when(open.into()).then_expect_error(DeskRefusal::AlreadyOpen);
}

#[test]
fn nothing_can_be_asked_of_a_desk_that_nobody_opened() {
    let refused = desk().given_no_previous_events().when(define("colour", FieldKind::Text));
    refused.then_expect_error(DeskRefusal::NoSuchDesk);
}

#[test]
fn settings_that_stay_the_same_are_no_change() {
    let change = ChangeSettings { settings: settings("Acme", 72) };
    desk().given(vec![opened()]).when(change.into()).then_expect_events(vec![]);
    let settings = settings("Acme", 24);
    let changed = SettingsChanged { settings: settings.clone() };
    let change = ChangeSettings { settings };
    desk().given(vec![opened()]).when(change.into()).then_expect_events(vec![changed.into()]);
}

#[test]
fn a_message_may_reopen_within_a_year_at_most() {
    let year = Open { settings: settings("Acme", 8_760) };
    assert!(desk().given_no_previous_events().when(year.into()).inspect_result().is_ok());
    let longer = ChangeSettings { settings: settings("Acme", 8_761) };
    desk()
        .given(vec![opened()])
        .when(longer.into())
        .then_expect_error_message("a message may reopen within 8760 hours at most, not 8761");
}

#[test]
fn a_field_is_defined_once_and_its_choices_may_change() {
    let text = defined("colour", FieldKind::Text);
    desk()
        .given(vec![opened()])
        .when(define("colour", FieldKind::Text))
        .then_expect_events(vec![text.clone()]);
    desk()
        .given(vec![opened(), text.clone()])
        .when(define("colour", FieldKind::Text))
        .then_expect_events(vec![]);
    desk()
        .given(vec![opened(), defined("colour", choice(&["red", "blue"]))])
        .when(define("colour", choice(&["red", "green"])))
        .then_expect_events(vec![defined("colour", choice(&["red", "green"]))]);
}

#[test]
fn a_field_keeps_its_type_also_once_it_was_retired() {
    let (held, asked) = (FieldType::Integer, FieldType::Choice);
    let fixed = DeskRefusal::FieldTypeFixed { field: key("size"), held, asked };
    let used = vec![opened(), defined("size", FieldKind::Integer)];
    let other = || define("size", choice(&["small", "large"]));
    desk().given(used.clone()).when(other()).then_expect_error(fixed.clone());
    let retired = DeskEvent::from(FieldRetired { field: key("size") });
    let given = || desk().given(used.clone()).and(vec![retired.clone()]);
    given().when(other()).then_expect_error(fixed);
    given()
        .when(define("size", FieldKind::Integer))
        .then_expect_events(vec![defined("size", FieldKind::Integer)]);
    // Logs from before this rule hold such changes; what was defined last is what it takes.
    desk()
        .given(used)
        .and(vec![defined("size", FieldKind::Text)])
        .when(define("size", FieldKind::Text))
        .then_expect_events(vec![]);
}

#[test]
fn a_choice_offers_at_least_one_word_at_most_200_and_none_twice() {
    let refused = |kind| desk().given(vec![opened()]).when(define("colour", kind));
    refused(choice(&[])).then_expect_error(DeskRefusal::NoChoices);
    refused(choice(&["red", "red"]))
        .then_expect_error(DeskRefusal::ChoiceTwice { choice: key("red") });
    let many = FieldKind::Choice { choices: (0..201).map(|it| key(&format!("w{it}"))).collect() };
    refused(many).then_expect_error(DeskRefusal::TooManyChoices { choices: 201, choices_max: 200 });
}

#[test]
fn a_desk_has_200_fields_at_most_and_retiring_one_makes_room() {
    let mut history = vec![opened()];
    history.extend((0..200).map(|it| defined(&format!("f{it}"), FieldKind::Boolean)));
    let one_more = define("more", FieldKind::Boolean);
    desk()
        .given(history.clone())
        .when(one_more.clone())
        .then_expect_error(DeskRefusal::TooManyFields { fields_max: 200 });
    desk().given(history.clone()).when(define("f7", FieldKind::Boolean)).then_expect_events(vec![]);
    history.push(FieldRetired { field: key("f7") }.into());
    assert!(desk().given(history).when(one_more).inspect_result().is_ok());
}

#[test]
fn only_a_field_in_use_can_be_retired() {
    let retire = DeskCommand::from(RetireField { field: key("colour") });
    let retired = DeskEvent::from(FieldRetired { field: key("colour") });
    let used = vec![opened(), defined("colour", FieldKind::Text)];
    desk().given(used.clone()).when(retire.clone()).then_expect_events(vec![retired.clone()]);
    desk()
        .given(used)
        .and(vec![retired])
        .when(retire)
        .then_expect_error(DeskRefusal::NoSuchField { field: key("colour") });
}

fn export(form: &str, from_position: i64, to_position: i64, digest: &str) -> DeskCommand {
    let (form, manifest_sha256) = (key(form), key(digest));
    RecordExport { form, from_position, to_position, events: 3, manifest_sha256 }.into()
}

#[test]
fn an_export_is_recorded_each_time_with_whom_it_is_for_its_range_and_its_digest() {
    let digest = "ab".repeat(32);
    let exported = DeskEvent::from(Exported {
        form: "auditor".to_owned(),
        from_position: 1,
        to_position: 9,
        events: 3,
        manifest_sha256: digest.clone(),
    });
    desk()
        .given(vec![opened(), exported.clone()])
        .when(export("auditor", 1, 9, &digest))
        .then_expect_events(vec![exported]);
    let refused = |command| desk().given(vec![opened()]).when(command);
    refused(export("press", 1, 9, &digest))
        .then_expect_error(DeskRefusal::UnknownExportForm { form: key("press") });
    refused(export("auditor", 9, 1, &digest))
        .then_expect_error(DeskRefusal::NotARange { from_position: 9, to_position: 1 });
    refused(export("auditor", 1, 9, "short"))
        .then_expect_error(DeskRefusal::NotADigest { digest: key("short") });
}

#[test]
fn the_number_of_the_key_only_grows() {
    let rotated = DeskEvent::from(KeysRotated { generation: 2 });
    let rotate = |generation| DeskCommand::from(RecordKeyRotation { generation });
    desk().given(vec![opened()]).when(rotate(2)).then_expect_events(vec![rotated.clone()]);
    let given = || desk().given(vec![opened(), rotated.clone()]);
    given().when(rotate(2)).then_expect_events(vec![]);
    given().when(rotate(1)).then_expect_error(DeskRefusal::OlderKey { generation: 1, newest: 2 });
}

#[test]
fn a_refusal_carries_a_fixed_code() {
    assert_eq!(DeskRefusal::NoSuchDesk.code(), "NO_SUCH_DESK");
    assert_eq!(DeskRefusal::TooManyFields { fields_max: 1 }.code(), "TOO_MANY_FIELDS");
}

fn a_field() -> impl Strategy<Value = Key> {
    prop_oneof![Just("colour"), Just("size"), Just("due")].prop_map(key)
}

fn a_kind() -> impl Strategy<Value = FieldKind> {
    prop_oneof![
        Just(FieldKind::Text),
        Just(FieldKind::Date),
        vec(a_field(), 0..3).prop_map(|choices| FieldKind::Choice { choices }),
    ]
}

fn a_command() -> impl Strategy<Value = DeskCommand> {
    let some_settings = || ("[ab]", 0..9_000_u32).prop_map(|(name, hours)| settings(&name, hours));
    prop_oneof![
        some_settings().prop_map(|settings| Open { settings }.into()),
        some_settings().prop_map(|settings| ChangeSettings { settings }.into()),
        (a_field(), a_kind()).prop_map(|(field, kind)| DefineField { field, kind }.into()),
        a_field().prop_map(|field| RetireField { field }.into()),
        (0..9_i64, 0..9_i64).prop_map(|(from, to)| export("analyst", from, to, &"0".repeat(64))),
        (0..4_i32).prop_map(|generation| RecordKeyRotation { generation }.into()),
    ]
}

proptest! {
    #[test]
    fn a_desk_obeys_the_laws_of_aggregates(commands in vec(a_command(), 0..40)) {
        let always_records =
            |command: &DeskCommand| matches!(command, DeskCommand::RecordExport(_));
        let desk = obeys_the_laws::<Desk>(commands, always_records);
        prop_assert!(desk.fields().len() <= Desk::FIELDS_MAX);
        let hours_max = Desk::REOPEN_WITHIN_HOURS_MAX;
        prop_assert!(desk.settings().is_none_or(|it| it.reopen_within_hours <= hours_max));
    }
}
