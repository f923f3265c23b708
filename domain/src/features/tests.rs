//! What is true of churn features.

mod life;
mod oracle;
mod persons;

use jiff::Timestamp;
use proptest::prelude::*;

use self::{
    life::{Happened, LIFE, a_life, begin, conversation, day, of_stream},
    oracle::features_by_hand,
};
use super::{ChurnFeatures, CustomerHistory, LaterFacts, features};
use crate::{
    conversation::{
        ConversationEvent,
        event::{Opened, Resolved},
    },
    customer::event::{ConsentSet, Erased},
    words::{Channel, Priority, Purpose, ResolutionKind, Tier},
};

fn history(facts: &[Happened]) -> CustomerHistory {
    let mut history = CustomerHistory::default();
    for happened in facts {
        history.observe(happened.fact(), happened.at);
    }
    history
}

fn until(facts: &[Happened], as_of: Timestamp) -> CustomerHistory {
    CustomerHistory::until(facts.iter().map(|it| (it.fact(), it.at)), as_of)
}

fn as_of(facts: &[Happened], as_of: Timestamp) -> ChurnFeatures {
    features(&until(facts, as_of), as_of).unwrap()
}

fn opened(number: u128) -> ConversationEvent {
    Opened {
        conversation: conversation(number),
        customer: LIFE,
        channel: Channel::Chat,
        subject: None,
        language: None,
        tier: Tier::New,
        priority: Priority::Normal,
        team: None,
    }
    .into()
}

#[test]
fn of_nobody_nothing_is_known() {
    let nothing = features(&CustomerHistory::default(), day(0)).unwrap();
    assert_eq!(nothing, ChurnFeatures::default());
    assert_eq!((nothing.silence_days, nothing.first_wait_mean_seconds_90d), (None, None));
}

#[test]
fn a_contact_counts_in_a_window_from_its_day_until_the_last_day_of_the_window() {
    let facts = begin(10, &[life::message(0, Channel::Email)]);
    let counts = |at| {
        let it = as_of(&facts, at);
        (it.contacts_total, it.contacts_7d, it.contacts_30d, it.contacts_90d)
    };
    assert_eq!(counts(day(9)), (0, 0, 0, 0), "not before it came");
    assert_eq!(counts(day(16)), (1, 1, 1, 1), "the seventh day");
    assert_eq!(counts(day(17)), (1, 0, 1, 1));
    assert_eq!(counts(day(40)), (1, 0, 0, 1));
    assert_eq!(counts(day(99)), (1, 0, 0, 1), "the ninetieth day");
    assert_eq!(counts(day(100)), (1, 0, 0, 0));
    assert_eq!(as_of(&facts, day(20)).silence_days, Some(10.0));
}

#[test]
fn who_waits_counts_as_unanswered_until_the_first_answer_and_then_as_a_wait() {
    let facts = begin(0, &[life::message(0, Channel::Chat), life::reply(120), life::reply(999)]);
    let waiting = as_of(&facts, day(0));
    assert_eq!(
        (waiting.unanswered_share_90d, waiting.first_wait_max_seconds_90d),
        (Some(1.0), None)
    );
    let answered = as_of(&facts, day(1));
    assert_eq!(answered.unanswered_share_90d, Some(0.0));
    assert_eq!(answered.first_wait_mean_seconds_90d, Some(120.0), "a second answer is no wait");
    assert_eq!(answered.messages_per_conversation, Some(3.0));
    assert_eq!(as_of(&facts, day(95)).unanswered_share_90d, None, "too long ago");
}

#[test]
fn a_history_that_knows_the_future_is_refused() {
    let facts = begin(10, &[life::message(0, Channel::Email)]);
    let known = history(&facts);
    let refused = features(&known, day(9));
    assert_eq!(refused, Err(LaterFacts { last_at: day(10), as_of: day(9) }));
    assert!(features(&known, day(10)).is_ok());
}

#[test]
fn the_history_of_a_forgotten_customer_is_empty_for_good() {
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 1 };
    let mut facts = begin(0, &[life::message(0, Channel::Email)]);
    facts.push(Happened::customer(erased.into(), day(1)));
    facts.extend(begin(2, &[life::message(0, Channel::Email)]));
    let forgotten = history(&facts);
    assert!(!forgotten.may_be_used());
    assert_eq!(features(&forgotten, day(3)), Ok(ChurnFeatures::default()));
}

#[test]
fn who_forbids_analytics_is_not_used() {
    let mut known = history(&begin(0, &[]));
    assert!(known.may_be_used());
    for (purpose, granted, may_be_used) in [
        (Purpose::Surveys, false, true),
        (Purpose::Analytics, false, false),
        (Purpose::Analytics, true, true),
    ] {
        let said = Happened::customer(ConsentSet { purpose, granted }.into(), day(1));
        known.observe(said.fact(), said.at);
        assert_eq!(known.may_be_used(), may_be_used);
    }
}

#[test]
fn the_row_stays_small_however_much_happens() {
    let mut known = CustomerHistory::default();
    for number in 0..2_000_i64 {
        let id = number.unsigned_abs().into();
        let begun = Happened::conversation(id, opened(id), day(number / 5));
        let wrote = Happened::conversation(id, life::wrote(id, Channel::Chat), day(number / 5));
        known.observe(begun.fact(), begun.at);
        known.observe(wrote.fact(), wrote.at);
    }
    let row = serde_json::to_string(&known).unwrap();
    assert!(row.len() <= 20_000, "{} bytes", row.len());
    let now = features(&known, day(400)).unwrap();
    assert_eq!(now.conversations_open, 2_000, "those no longer told apart are counted on");
    for number in 0..2_000_i64 {
        let id = number.unsigned_abs().into();
        let kind = ResolutionKind::Assumed;
        let event = Resolved { kind, episode: 1, at: day(401) }.into();
        let resolved = Happened::conversation(id, event, day(401));
        known.observe(resolved.fact(), resolved.at);
    }
    assert_eq!(features(&known, day(401)).unwrap().conversations_open, 0);
}

#[test]
fn every_column_has_a_name_a_unit_and_a_number() {
    let facts = begin(0, &[life::message(0, Channel::Email), life::reply(60)]);
    let known = as_of(&facts, day(2));
    let (names, values) = (ChurnFeatures::names(), known.values());
    assert_eq!(names.len(), values.len());
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    assert!(ChurnFeatures::columns().iter().all(|column| !column.unit.is_empty()));
    let value = |name| {
        let found = names.iter().position(|it| *it == name).unwrap();
        values.get(found).copied().unwrap()
    };
    assert_eq!(
        (value("tenure_days").to_bits(), value("tier_new").to_bits()),
        (2_f64.to_bits(), 1_f64.to_bits())
    );
    assert_eq!(value("first_wait_max_seconds_90d").to_bits(), 60_f64.to_bits());
    assert!(value("resolved_confirmed_share").is_nan(), "nothing was resolved yet");
}

proptest! {
    #[test]
    fn what_came_later_changes_nothing(facts in a_life(), after in 0..400_i64) {
        let instant = day(after);
        let earlier: Vec<_> = facts.iter().filter(|it| it.at <= instant).cloned().collect();
        prop_assert_eq!(until(&facts, instant), history(&earlier));
        prop_assert_eq!(as_of(&facts, instant), features(&history(&earlier), instant).unwrap());
        let all = history(&facts);
        let leaks = all.last_at().is_some_and(|last_at| last_at > instant);
        prop_assert_eq!(features(&all, instant).is_err(), leaks);
    }

    #[test]
    fn the_fold_says_what_counting_by_hand_says(facts in a_life(), after in 0..400_i64) {
        prop_assert_eq!(as_of(&facts, day(after)), features_by_hand(&facts, day(after)));
    }

    #[test]
    fn streams_may_come_in_any_order_among_each_other(facts in a_life()) {
        let mut stream_by_stream = facts.clone();
        stream_by_stream.sort_by_key(of_stream);
        prop_assert_eq!(history(&stream_by_stream), history(&facts));
        stream_by_stream.sort_by_key(|it| std::cmp::Reverse(of_stream(it)));
        prop_assert_eq!(history(&stream_by_stream), history(&facts));
    }

    #[test]
    fn a_row_reads_back_and_goes_on_as_before(facts in a_life(), cut in 0..60_usize) {
        let (before, after) = facts.split_at(cut.min(facts.len()));
        let row = serde_json::to_string(&history(before)).unwrap();
        let mut read: CustomerHistory = serde_json::from_str(&row).unwrap();
        for happened in after {
            read.observe(happened.fact(), happened.at);
        }
        prop_assert_eq!(read, history(&facts));
    }
}
