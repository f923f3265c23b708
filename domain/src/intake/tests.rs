//! Given what happened, when something is asked, then what happens.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Intake, IntakeCommand, IntakeEvent, IntakeRefusal,
    command::{Discard, MarkParsed, Park, Receive},
    event::{Discarded, DuplicateReceived, Parked, Parsed, Received},
};
use crate::{
    decider::{Decider, Refusal},
    ids::{ConversationId, CustomerId, IntakeId, MessageId},
    laws::obeys_the_laws,
    personal::Personal,
    text::{ExternalId, Key, RawMessage, Reason},
    words::Channel,
};

const INTAKE: IntakeId = IntakeId(Uuid::from_u128(0x17));
const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0xc));
const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(0x1001));
const MESSAGE: MessageId = MessageId(Uuid::from_u128(0x3e55));

fn given<const N: usize>(events: [IntakeEvent; N]) -> AggregateTestExecutor<Intake> {
    TestFramework::<Intake>::with(()).given(events.into())
}

fn receive() -> IntakeCommand {
    Receive {
        channel: Channel::Email,
        account: Key::new("support").expect("a key fits"),
        external_id: ExternalId::new("<1@mail>").expect("an id fits"),
        raw: RawMessage::new("From: somebody").expect("a message fits"),
        subject: INTAKE.into(),
    }
    .into()
}

fn received() -> IntakeEvent {
    Received {
        channel: Channel::Email,
        account: "support".to_owned(),
        external_id: Personal::about(INTAKE, "<1@mail>"),
        raw: Personal::about(INTAKE, "From: somebody"),
    }
    .into()
}

fn mark_parsed(message: MessageId) -> IntakeCommand {
    MarkParsed { customer: CUSTOMER, conversation: CONVERSATION, message }.into()
}

fn parsed() -> IntakeEvent {
    Parsed { customer: CUSTOMER, conversation: CONVERSATION, message: MESSAGE }.into()
}

fn park() -> IntakeCommand {
    Park { why: Reason::new("no sender").expect("a reason fits") }.into()
}

fn parked() -> IntakeEvent {
    Parked { why: "no sender".to_owned() }.into()
}

fn discard() -> IntakeCommand {
    Discard { reason: Reason::new("spam").expect("a reason fits") }.into()
}

fn discarded() -> IntakeEvent {
    Discarded { reason: Personal::about(INTAKE, "spam") }.into()
}

fn duplicate(deliveries: u32) -> IntakeEvent {
    DuplicateReceived { deliveries }.into()
}

fn already_parsed() -> IntakeRefusal {
    IntakeRefusal::AlreadyParsed { conversation: CONVERSATION, message: MESSAGE }
}

fn folded(events: &[IntakeEvent]) -> Intake {
    let mut intake = Intake::default();
    for event in events {
        intake.evolve(event);
    }
    intake
}

#[test]
fn a_first_delivery_is_taken_in() {
    given([]).when(receive()).then_expect_events(vec![received()]);
}

#[test]
fn every_further_delivery_is_a_duplicate_however_the_first_one_ended() {
    given([received()]).when(receive()).then_expect_events(vec![duplicate(2)]);
    given([received(), duplicate(2)]).when(receive()).then_expect_events(vec![duplicate(3)]);
    given([received(), parsed()]).when(receive()).then_expect_events(vec![duplicate(2)]);
    given([received(), parked()]).when(receive()).then_expect_events(vec![duplicate(2)]);
    given([received(), discarded()]).when(receive()).then_expect_events(vec![duplicate(2)]);
}

#[test]
fn a_received_or_parked_delivery_becomes_a_message_once() {
    given([received()]).when(mark_parsed(MESSAGE)).then_expect_events(vec![parsed()]);
    given([received(), parked()]).when(mark_parsed(MESSAGE)).then_expect_events(vec![parsed()]);
    given([received(), parsed()]).when(mark_parsed(MESSAGE)).then_expect_events(vec![]);
}

#[test]
fn a_delivery_never_becomes_a_second_message() {
    let second = MessageId(Uuid::from_u128(2));
    given([received(), parsed()]).when(mark_parsed(second)).then_expect_error(already_parsed());
}

#[test]
fn a_delivery_is_parked_once_and_not_after_it_was_understood() {
    given([received()]).when(park()).then_expect_events(vec![parked()]);
    given([received(), parked()]).when(park()).then_expect_events(vec![]);
    given([received(), parsed()]).when(park()).then_expect_error(already_parsed());
}

#[test]
fn what_was_discarded_stays_so() {
    given([received(), parked()]).when(discard()).then_expect_events(vec![discarded()]);
    let history = || [received(), discarded()];
    given(history()).when(discard()).then_expect_events(vec![]);
    given(history()).when(park()).then_expect_error(IntakeRefusal::Discarded);
    given(history()).when(mark_parsed(MESSAGE)).then_expect_error(IntakeRefusal::Discarded);
}

#[test]
fn what_became_a_message_is_not_discarded() {
    given([received(), parsed()]).when(discard()).then_expect_error(already_parsed());
}

#[test]
fn nothing_is_done_with_what_was_never_delivered() {
    for command in [mark_parsed(MESSAGE), park(), discard()] {
        given([]).when(command).then_expect_error(IntakeRefusal::NoSuchIntake);
    }
    assert_eq!(IntakeRefusal::NoSuchIntake.code(), "NO_SUCH_INTAKE");
}

#[test]
fn a_delivery_says_how_far_it_has_come() {
    assert!(folded(&[]).is_new());
    assert!(!folded(&[received()]).is_new());
    assert!(folded(&[received(), parked()]).is_parked());
    assert!(folded(&[received(), discarded()]).is_discarded());
    assert_eq!(folded(&[received(), parsed()]).parsed(), Some((CONVERSATION, MESSAGE)));
    assert_eq!(folded(&[received(), duplicate(2)]).deliveries(), 2);
}

fn any_command() -> impl Strategy<Value = IntakeCommand> {
    prop_oneof![
        Just(receive()),
        (0_u128..3).prop_map(|id| mark_parsed(MessageId(Uuid::from_u128(id)))),
        Just(park()),
        Just(discard()),
    ]
}

proptest! {
    #[test]
    fn an_intake_obeys_the_laws(commands in prop::collection::vec(any_command(), 0..30)) {
        obeys_the_laws::<Intake>(commands, |it| matches!(it, IntakeCommand::Receive(_)));
    }

    #[test]
    fn one_provider_key_yields_at_most_one_message(
        commands in prop::collection::vec(any_command(), 0..30),
    ) {
        let mut intake = Intake::default();
        let (mut first_deliveries, mut ends) = (0, 0);
        for command in commands {
            for event in intake.decide(command).into_iter().flatten() {
                match event {
                    IntakeEvent::Received(_) => first_deliveries += 1,
                    IntakeEvent::Parsed(_) | IntakeEvent::Discarded(_) => ends += 1,
                    IntakeEvent::Parked(_) => prop_assert_eq!(ends, 0),
                    IntakeEvent::DuplicateReceived(_) => prop_assert_eq!(first_deliveries, 1),
                }
                intake.evolve(&event);
            }
            prop_assert!(first_deliveries <= 1 && ends <= first_deliveries);
        }
    }
}
