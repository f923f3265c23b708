//! What is true of a customer's profile.

mod erasing;
mod history;
mod merging;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::{
    Customer, CustomerCommand, CustomerEvent, CustomerRefusal,
    command::{ChangeProfile, Identify, LinkIdentity, SetConsent, SetTier, UnlinkIdentity},
    event::{ConsentSet, Identified, IdentityLinked, IdentityUnlinked, ProfileChanged, TierSet},
};
use crate::{
    decider::Refusal,
    ids::{CustomerId, IdentityId},
    personal::Personal,
    text::{Address, Language, Name},
    words::{Channel, Purpose, Tier},
};

const MIA: CustomerId = CustomerId(Uuid::from_u128(0x31a));
const TWIN: CustomerId = CustomerId(Uuid::from_u128(0x214));

fn unknown() -> AggregateTestExecutor<Customer> {
    TestFramework::with(()).given_no_previous_events()
}

fn given(events: impl IntoIterator<Item = CustomerEvent>) -> AggregateTestExecutor<Customer> {
    TestFramework::with(()).given([identified()].into_iter().chain(events).collect())
}

fn name(text: &str) -> Option<Name> {
    Name::new(text).ok()
}

fn language(tag: &str) -> Option<Language> {
    Language::new(tag).ok()
}

fn identity(number: u128) -> IdentityId {
    IdentityId(Uuid::from_u128(number))
}

fn identified() -> CustomerEvent {
    Identified {
        customer: MIA,
        display_name: Some(Personal::about(MIA, "Mia")),
        language: language("en"),
        tier: Tier::New,
    }
    .into()
}

fn link(number: u128, verified: bool) -> CustomerCommand {
    let address = Address::new(format!("mia{number}@example.org")).unwrap();
    LinkIdentity { identity: identity(number), channel: Channel::Email, address, verified }.into()
}

fn linked(number: u128, verified: bool) -> CustomerEvent {
    IdentityLinked {
        identity: identity(number),
        channel: Channel::Email,
        address: Personal::about(MIA, format!("mia{number}@example.org")),
        verified,
    }
    .into()
}

fn unlink(number: u128) -> CustomerCommand {
    UnlinkIdentity { identity: identity(number) }.into()
}

#[test]
fn a_customer_becomes_known_once_and_the_name_is_about_them() {
    let identify = CustomerCommand::from(Identify {
        id: MIA,
        display_name: name("Mia"),
        language: language("en"),
        tier: Tier::New,
    });
    unknown().when(identify.clone()).then_expect_events(vec![identified()]);
    given([]).when(identify).then_expect_error(CustomerRefusal::AlreadyIdentified);
}

#[test]
fn nothing_can_be_asked_of_a_customer_nobody_knows() {
    unknown().when(link(1, true)).then_expect_error(CustomerRefusal::NoSuchCustomer);
    assert_eq!(CustomerRefusal::NoSuchCustomer.code(), "NO_SUCH_CUSTOMER");
}

#[test]
fn a_name_is_always_recorded_but_no_name_stays_no_name() {
    let change =
        |display_name, language| CustomerCommand::from(ChangeProfile { display_name, language });
    let changed = |display_name: Option<&str>, language| {
        let display_name = display_name.map(|text| Personal::about(MIA, text));
        CustomerEvent::from(ProfileChanged { display_name, language })
    };
    given([])
        .when(change(name("Mia"), language("en")))
        .then_expect_events(vec![changed(Some("Mia"), language("en"))]);
    let nameless = changed(None, language("de"));
    given([]).when(change(None, language("de"))).then_expect_events(vec![nameless.clone()]);
    given([nameless.clone()]).when(change(None, language("de"))).then_expect_events(vec![]);
    given([nameless]).when(change(None, None)).then_expect_events(vec![changed(None, None)]);
}

#[test]
fn an_address_is_linked_once_and_again_only_to_verify_it() {
    given([]).when(link(1, false)).then_expect_events(vec![linked(1, false)]);
    given([linked(1, false)]).when(link(1, false)).then_expect_events(vec![]);
    given([linked(1, false)]).when(link(1, true)).then_expect_events(vec![linked(1, true)]);
    given([linked(1, true)]).when(link(1, false)).then_expect_events(vec![]);
}

#[test]
fn a_customer_has_100_addresses_at_most() {
    let full = || (0..100).map(|number| linked(number, false));
    given(full())
        .when(link(100, true))
        .then_expect_error(CustomerRefusal::TooManyIdentities { identities_max: 100 });
    given(full()).when(link(99, true)).then_expect_events(vec![linked(99, true)]);
}

#[test]
fn only_a_linked_address_can_be_unlinked() {
    let unlinked = CustomerEvent::from(IdentityUnlinked { identity: identity(1) });
    given([linked(1, true)]).when(unlink(1)).then_expect_events(vec![unlinked.clone()]);
    given([linked(1, true), unlinked])
        .when(unlink(1))
        .then_expect_error(CustomerRefusal::NotLinked { identity: identity(1) });
}

#[test]
fn a_tier_that_stays_the_same_is_no_change() {
    let set = |tier| CustomerCommand::from(SetTier { tier });
    let promoted = CustomerEvent::from(TierSet { from: Tier::New, to: Tier::Vip });
    given([]).when(set(Tier::Vip)).then_expect_events(vec![promoted.clone()]);
    given([promoted]).when(set(Tier::Vip)).then_expect_events(vec![]);
}

#[test]
fn a_first_no_is_recorded_and_so_is_a_change_of_mind() {
    let say = |granted| CustomerCommand::from(SetConsent { purpose: Purpose::Surveys, granted });
    let said = |granted| CustomerEvent::from(ConsentSet { purpose: Purpose::Surveys, granted });
    given([]).when(say(false)).then_expect_events(vec![said(false)]);
    given([said(false)]).when(say(false)).then_expect_events(vec![]);
    given([said(false)]).when(say(true)).then_expect_events(vec![said(true)]);
}

#[test]
fn the_state_answers_what_other_rules_ask() {
    let mut customer = Customer::default();
    assert_eq!((customer.tier(), customer.language()), (None, None));
    for event in [identified(), linked(1, true), linked(2, false)] {
        customer.evolve(&event);
    }
    customer.evolve(&ConsentSet { purpose: Purpose::Assistant, granted: true }.into());
    assert_eq!((customer.tier(), customer.language()), (Some(Tier::New), language("en").as_ref()));
    assert_eq!(customer.identities().collect::<Vec<_>>(), [identity(1), identity(2)]);
    assert_eq!(customer.consent(Purpose::Assistant), Some(true));
    assert_eq!(customer.consent(Purpose::Marketing), None);
}
