//! Forgetting a customer is final.

use super::{MIA, TWIN, given, link, linked, unknown, unlink};
use crate::{
    customer::{
        Customer, CustomerCommand, CustomerEvent, CustomerRefusal,
        command::{ChangeProfile, Erase, Identify, MergeInto, SetConsent, SetTier, Unmerge},
        event::Erased,
    },
    decider::Refusal,
    text::Key,
    words::{Purpose, Tier},
};

fn erase() -> CustomerCommand {
    Erase { legal_basis: Key::new("gdpr-17").unwrap(), texts_deleted: 12 }.into()
}

fn erased() -> CustomerEvent {
    Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 12 }.into()
}

#[test]
fn a_known_customer_can_be_forgotten() {
    given([]).when(erase()).then_expect_events(vec![erased()]);
    unknown().when(erase()).then_expect_error(CustomerRefusal::NoSuchCustomer);
}

#[test]
fn whoever_is_forgotten_is_not_forgotten_twice() {
    given([erased()]).when(erase()).then_expect_events(vec![]);
}

#[test]
fn afterwards_everything_else_is_refused() {
    let identify = Identify { id: MIA, display_name: None, language: None, tier: Tier::New };
    let commands: [CustomerCommand; 8] = [
        identify.into(),
        ChangeProfile { display_name: None, language: None }.into(),
        link(1, true),
        unlink(1),
        SetTier { tier: Tier::Vip }.into(),
        SetConsent { purpose: Purpose::Marketing, granted: true }.into(),
        MergeInto { target: TWIN }.into(),
        Unmerge {}.into(),
    ];
    for command in commands {
        let refused = given([linked(1, true), erased()]).when(command);
        refused.then_expect_error(CustomerRefusal::Erased);
    }
    assert_eq!(CustomerRefusal::Erased.code(), "ERASED");
}

#[test]
fn the_state_knows_that_they_were_forgotten_and_which_addresses_to_release() {
    let mut customer = Customer::default();
    assert!(!customer.is_erased());
    for event in [super::identified(), linked(1, true), erased()] {
        customer.evolve(&event);
    }
    assert!(customer.is_erased());
    assert_eq!(customer.identities().count(), 1);
}
