//! Given what happened to a delivery, this row.

use allhours_domain::{
    ids::{ConversationId, CustomerId, IntakeId, MessageId},
    intake::{
        IntakeEvent,
        event::{Discarded, DuplicateReceived, Parked, Parsed, Received},
    },
    personal::Personal,
    words::Channel,
};
use uuid::Uuid;

use super::{IntakeRow, IntakeStatus, Intakes};
use crate::fold::given::{ID, TENANT, after, at};

const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0xc));
const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(0x1001));
const MESSAGE: MessageId = MessageId(Uuid::from_u128(0x3e55));

fn about(text: &str) -> Personal {
    Personal::about(IntakeId(ID), text)
}

fn received() -> IntakeEvent {
    Received {
        channel: Channel::Email,
        account: "support".to_owned(),
        external_id: about("<1@mail>"),
        raw: about("From: somebody"),
    }
    .into()
}

fn parsed() -> IntakeEvent {
    Parsed { customer: CUSTOMER, conversation: CONVERSATION, message: MESSAGE }.into()
}

fn parked() -> IntakeEvent {
    Parked { why: "no sender".to_owned() }.into()
}

fn duplicate(deliveries: u32) -> IntakeEvent {
    DuplicateReceived { deliveries }.into()
}

fn discarded() -> IntakeEvent {
    Discarded { reason: about("spam") }.into()
}

fn row(events: Vec<IntakeEvent>) -> IntakeRow {
    let fold: Intakes = after("intake", events);
    fold.rows.get(&(TENANT, IntakeId(ID))).expect("a row").clone()
}

#[test]
fn what_was_received_names_its_channel_and_the_event_that_holds_its_text() {
    let row = row(vec![received()]);
    assert_eq!((row.status, row.channel), (IntakeStatus::Received, Channel::Email));
    assert_eq!((row.account.as_str(), row.deliveries), ("support", 1));
    assert_eq!((row.received_at, row.updated_at), (at(1), at(1)));
    assert_eq!((row.received_position, row.discarded_position), (1, None));
    assert_eq!((row.version, row.updated_position), (1, 1));
    assert_eq!((row.customer_id, row.conversation_id, row.message_id), (None, None, None));
}

#[test]
fn what_was_parked_says_why_for_ever_and_may_still_become_a_message() {
    let waits = row(vec![received(), parked()]);
    assert_eq!(waits.status, IntakeStatus::Parked);
    assert_eq!(waits.why_parked.as_deref(), Some("no sender"));
    let row = row(vec![received(), parked(), parsed()]);
    assert_eq!(row.status, IntakeStatus::Parsed);
    assert_eq!(row.why_parked.as_deref(), Some("no sender"));
    let became = (row.customer_id, row.conversation_id, row.message_id);
    assert_eq!(became, (Some(CUSTOMER), Some(CONVERSATION), Some(MESSAGE)));
    assert_eq!((row.received_position, row.version, row.updated_position), (1, 3, 3));
}

#[test]
fn a_delivery_that_comes_again_is_counted_and_stands_where_it_stood() {
    for (before, status) in [
        (vec![received()], IntakeStatus::Received),
        (vec![received(), parked()], IntakeStatus::Parked),
        (vec![received(), parsed()], IntakeStatus::Parsed),
        (vec![received(), discarded()], IntakeStatus::Discarded),
    ] {
        let again = row([before, vec![duplicate(2), duplicate(3)]].concat());
        assert_eq!((again.status, again.deliveries), (status, 3));
        assert_eq!(again.received_at, at(1));
        assert_eq!(again.updated_at, at(again.version.into()));
    }
}

#[test]
fn what_was_discarded_names_the_event_that_holds_the_reason() {
    let row = row(vec![received(), parked(), duplicate(2), discarded()]);
    assert_eq!((row.status, row.discarded_position), (IntakeStatus::Discarded, Some(4)));
    assert_eq!((row.received_at, row.updated_at), (at(1), at(4)));
}

#[test]
fn what_happens_to_a_delivery_that_was_never_received_makes_no_row() {
    let fold: Intakes = after("intake", vec![parked(), duplicate(2), discarded()]);
    assert!(fold.rows.get(&(TENANT, IntakeId(ID))).is_none());
}

#[test]
fn a_status_reads_back() {
    for status in IntakeStatus::ALL {
        assert_eq!(IntakeStatus::parse(status.as_str()), Some(*status));
    }
    assert_eq!(IntakeStatus::parse("lost"), None);
}
