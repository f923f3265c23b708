//! Persons with several profiles.

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    history,
    life::{self, Happened, LIFE, What, a_life, begin, day},
    until,
};
use crate::{
    conversation::ConversationEvent,
    customer::{
        CustomerEvent,
        event::{ConsentSet, Erased, MergeUndone, MergedInto, TierSet, Unmerged},
    },
    features::{CustomerHistory, Persons, features},
    ids::{ConversationId, CustomerId},
    words::{Channel, Purpose, Tier},
};

const TWIN: CustomerId = CustomerId(Uuid::from_u128(0x7717));
const THIRD: CustomerId = CustomerId(Uuid::from_u128(0x3333));

/// The same life, with conversations of other ids.
fn elsewhere(facts: Vec<Happened>, by: u128) -> Vec<Happened> {
    let shifted = |it: Happened| match it.what {
        What::Customer(_) => it,
        What::Conversation(ConversationId(id), event) => {
            Happened::conversation(id.as_u128() + by, event, it.at)
        }
    };
    facts.into_iter().map(shifted).collect()
}

fn with(mut facts: Vec<Happened>, event: impl Into<CustomerEvent>, at: Timestamp) -> Vec<Happened> {
    let place = facts.partition_point(|it| it.at <= at);
    facts.insert(place, Happened::customer(event.into(), at));
    facts
}

/// What conversations say, and when anything was said of the profile.
fn without_profile(facts: &[Happened]) -> Vec<Happened> {
    let silent = |it: &Happened| match it.what {
        What::Customer(_) => Happened::customer(MergeUndone { source: LIFE }.into(), it.at),
        What::Conversation(..) => it.clone(),
    };
    facts.iter().map(silent).collect()
}

fn together(profiles: &[(CustomerId, CustomerHistory)]) -> Option<CustomerHistory> {
    let persons = Persons::of(profiles.iter().map(|(id, history)| (*id, history)));
    persons.history(LIFE).map(std::borrow::Cow::into_owned)
}

fn who_goes_on(profiles: &[(CustomerId, CustomerHistory)]) -> Vec<CustomerId> {
    let persons = Persons::of(profiles.iter().map(|(id, history)| (*id, history)));
    persons.each().map(|(id, _)| id).collect()
}

fn a_message_a_day(days: i64) -> Vec<Happened> {
    let write = |_| life::message(86_400, Channel::Email);
    begin(0, &(0..days).map(write).collect::<Vec<_>>())
}

#[test]
fn a_merge_counts_from_its_instant_until_it_is_undone() {
    let own = a_message_a_day(1);
    let twin = elsewhere(a_message_a_day(3), 100);
    let twin = with(twin, MergedInto { target: LIFE }, day(10));
    let twin = with(twin, Unmerged { target: LIFE }, day(20));
    for (at, contacts, persons) in [(9, 1, 2), (10, 4, 1), (19, 4, 1), (20, 1, 2)] {
        let profiles = [(LIFE, until(&own, day(at))), (TWIN, until(&twin, day(at)))];
        let person = together(&profiles).unwrap();
        assert_eq!(features(&person, day(at)).unwrap().contacts_total, contacts, "on day {at}");
        assert_eq!(who_goes_on(&profiles).len(), persons, "on day {at}");
    }
}

#[test]
fn a_person_is_served_as_the_profile_that_goes_on() {
    let up = TierSet { from: Tier::New, to: Tier::Vip };
    let twin = with(elsewhere(begin(0, &[]), 100), up, day(1));
    let twin = with(twin, MergedInto { target: LIFE }, day(2));
    let person = together(&[(LIFE, history(&begin(0, &[]))), (TWIN, history(&twin))]).unwrap();
    let known = features(&person, day(3)).unwrap();
    assert_eq!((known.tier, known.tier_changes_total), (Some(Tier::New), 0));
    assert_eq!((known.tier_last_direction, known.conversations_total), (0, 2));
}

#[test]
fn who_forbids_analytics_by_one_profile_forbids_it() {
    let forbid = ConsentSet { purpose: Purpose::Analytics, granted: false };
    let twin = with(elsewhere(begin(0, &[]), 100), forbid.clone(), day(1));
    let apart = [(LIFE, history(&begin(0, &[]))), (TWIN, history(&twin))];
    assert!(together(&apart).unwrap().may_be_used());
    let twin = with(twin, MergedInto { target: LIFE }, day(2));
    let merged = [(LIFE, history(&begin(0, &[]))), (TWIN, history(&twin))];
    assert!(!together(&merged).unwrap().may_be_used());
    // Said later, it holds for what was known before.
    let twin = with(elsewhere(begin(0, &[]), 100), MergedInto { target: LIFE }, day(2));
    let since = history(&[Happened::customer(forbid.into(), day(3))]);
    let allowed = history(&twin).as_allowed_since(&since).into_owned();
    let merged = [(LIFE, history(&begin(0, &[]))), (TWIN, allowed)];
    assert!(!together(&merged).unwrap().may_be_used());
}

#[test]
fn a_profile_that_was_forgotten_says_nothing_of_its_person() {
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 1 };
    let twin = with(elsewhere(a_message_a_day(3), 100), MergedInto { target: LIFE }, day(10));
    let since = history(&[Happened::customer(erased.clone().into(), day(20))]);
    let own = (LIFE, history(&a_message_a_day(1)));
    for forgotten in [
        history(&with(twin.clone(), erased, day(20))),
        history(&twin).as_allowed_since(&since).into_owned(),
    ] {
        let person = together(&[own.clone(), (TWIN, forgotten)]).unwrap();
        assert_eq!(person, own.1);
    }
    assert_eq!(together(&[(TWIN, history(&twin))]), None, "of nobody nothing is known");
}

/// A life in which nobody is forgotten.
fn a_kept_life() -> impl Strategy<Value = Vec<Happened>> {
    let kept = |it: &Happened| !matches!(it.what, What::Customer(CustomerEvent::Erased(_)));
    a_life().prop_map(move |facts| facts.into_iter().filter(kept).collect())
}

proptest! {
    #[test]
    fn all_profiles_together_say_what_one_profile_with_all_their_conversations_would(
        own in a_kept_life(), twin in a_kept_life(), third in a_kept_life(), after in 0..400_i64,
        merges in (0..200_i64, 0..200_i64),
    ) {
        let (twin, third) = (elsewhere(twin, 100), elsewhere(third, 200));
        let third = with(third, MergedInto { target: TWIN }, day(merges.0));
        let twin = with(twin, MergedInto { target: LIFE }, day(merges.1));
        let instant = day(after);
        let profiles = [
            (LIFE, until(&own, instant)),
            (TWIN, until(&twin, instant)),
            (THIRD, until(&third, instant)),
        ];
        let mut expected = own;
        if merges.1 <= after {
            expected.extend(without_profile(&twin));
            if merges.0 <= after {
                expected.extend(without_profile(&third));
            }
        }
        let person = together(&profiles).unwrap();
        prop_assert_eq!(&person, &until(&expected, instant));
        let merged = [merges.0, merges.1].iter().filter(|at| **at <= after).count();
        prop_assert_eq!(who_goes_on(&profiles).len(), 3 - merged);
        let wrote = |it: &&Happened| matches!(
            it.what,
            What::Conversation(_, ConversationEvent::CustomerMessageReceived(_))
        );
        let wrote = expected.iter().filter(|it| it.at <= instant).filter(wrote).count() as u64;
        prop_assert_eq!(features(&person, instant).unwrap().contacts_total, wrote);
    }
}
