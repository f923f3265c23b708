//! Two profiles of one customer.

use uuid::Uuid;

use super::{MIA, TWIN, given, identity, link, linked, unlink};
use crate::{
    customer::{
        CustomerCommand, CustomerEvent, CustomerRefusal,
        command::{Erase, MergeInto, ReceiveMerge, SetConsent, UndoMerge, Unmerge},
        event::{
            ConsentSet, Erased, IdentityUnlinked, MergeReceived, MergeUndone, MergedInto, Unmerged,
        },
    },
    decider::Refusal,
    ids::CustomerId,
    text::Key,
    words::Purpose,
};

fn merge_into(target: CustomerId) -> CustomerCommand {
    MergeInto { target }.into()
}

fn merged() -> CustomerEvent {
    MergedInto { target: TWIN }.into()
}

fn received(source: CustomerId) -> CustomerEvent {
    MergeReceived { source }.into()
}

#[test]
fn a_profile_is_merged_into_another_one_but_not_into_itself() {
    given([]).when(merge_into(TWIN)).then_expect_events(vec![merged()]);
    given([]).when(merge_into(MIA)).then_expect_error(CustomerRefusal::MergeWithItself);
    let itself = given([]).when(ReceiveMerge { source: MIA }.into());
    itself.then_expect_error(CustomerRefusal::MergeWithItself);
}

#[test]
fn a_profile_is_not_merged_into_one_that_was_merged_into_it() {
    given([received(TWIN)])
        .when(merge_into(TWIN))
        .then_expect_error(CustomerRefusal::MergeInCircle { target: TWIN });
}

#[test]
fn a_merged_profile_points_to_the_one_that_goes_on() {
    let refused = CustomerRefusal::MergedInto { target: TWIN };
    assert_eq!(refused.code(), "MERGED_INTO");
    given([merged()]).when(link(1, true)).then_expect_error(refused.clone());
    given([merged()]).when(merge_into(TWIN)).then_expect_error(refused.clone());
    given([merged()]).when(ReceiveMerge { source: TWIN }.into()).then_expect_error(refused);
}

#[test]
fn a_merged_profile_still_gives_and_takes_back_its_own_consents() {
    let say = |granted| CustomerCommand::from(SetConsent { purpose: Purpose::Assistant, granted });
    let said = |granted| CustomerEvent::from(ConsentSet { purpose: Purpose::Assistant, granted });
    given([said(true), merged()]).when(say(false)).then_expect_events(vec![said(false)]);
    given([said(true), merged()]).when(say(true)).then_expect_events(vec![]);
    given([merged()]).when(say(true)).then_expect_events(vec![said(true)]);
}

#[test]
fn a_merged_profile_still_lets_its_own_addresses_go_and_gets_no_new_ones() {
    let unlinked = CustomerEvent::from(IdentityUnlinked { identity: identity(1) });
    let before = || [linked(1, true), merged()];
    given(before()).when(unlink(1)).then_expect_events(vec![unlinked.clone()]);
    given(before().into_iter().chain([unlinked]))
        .when(unlink(1))
        .then_expect_error(CustomerRefusal::NotLinked { identity: identity(1) });
    let no = CustomerRefusal::MergedInto { target: TWIN };
    given(before()).when(link(2, true)).then_expect_error(no.clone());
    assert!(!no.to_string().contains(&TWIN.0.to_string()), "{no}");
}

#[test]
fn a_merged_profile_that_was_erased_takes_no_consent() {
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 3 };
    let say = SetConsent { purpose: Purpose::Assistant, granted: false };
    given([merged(), erased.into()]).when(say.into()).then_expect_error(CustomerRefusal::Erased);
}

#[test]
fn a_merge_can_be_undone_and_then_the_profile_lives_again() {
    let undone = CustomerEvent::from(Unmerged { target: TWIN });
    given([merged()]).when(Unmerge {}.into()).then_expect_events(vec![undone.clone()]);
    given([merged(), undone]).when(merge_into(TWIN)).then_expect_events(vec![merged()]);
    given([]).when(Unmerge {}.into()).then_expect_error(CustomerRefusal::NotMerged);
}

#[test]
fn a_merged_profile_can_be_erased() {
    let erase = Erase { legal_basis: Key::new("gdpr-17").unwrap(), texts_deleted: 3 };
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 3 };
    given([merged()]).when(erase.into()).then_expect_events(vec![erased.clone().into()]);
    given([merged(), erased.into()])
        .when(Unmerge {}.into())
        .then_expect_error(CustomerRefusal::Erased);
}

#[test]
fn the_other_side_receives_a_profile_once_and_lets_it_go_once() {
    let receive = CustomerCommand::from(ReceiveMerge { source: TWIN });
    given([]).when(receive.clone()).then_expect_events(vec![received(TWIN)]);
    given([received(TWIN)]).when(receive).then_expect_events(vec![]);
    let undo = CustomerCommand::from(UndoMerge { source: TWIN });
    let undone = CustomerEvent::from(MergeUndone { source: TWIN });
    given([received(TWIN)]).when(undo.clone()).then_expect_events(vec![undone]);
    given([]).when(undo).then_expect_error(CustomerRefusal::NotMergedHere { profile: TWIN });
}

#[test]
fn at_most_100_profiles_are_merged_into_one() {
    let profile = |number| CustomerId(Uuid::from_u128(number));
    given((0..100).map(|number| received(profile(number))))
        .when(ReceiveMerge { source: profile(100) }.into())
        .then_expect_error(CustomerRefusal::TooManyMerges { merged_max: 100 });
}
