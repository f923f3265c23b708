//! Given what happened, when something is asked, then what happens.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Identity, IdentityCommand, IdentityEvent, IdentityRefusal,
    command::{Claim, Release},
    event::{Claimed, Released},
};
use crate::{
    decider::{Decider, Refusal},
    ids::CustomerId,
    laws::obeys_the_laws,
    words::Channel,
};

const MEI: CustomerId = CustomerId(Uuid::from_u128(1));
const TOM: CustomerId = CustomerId(Uuid::from_u128(2));

fn given<const N: usize>(events: [IdentityEvent; N]) -> AggregateTestExecutor<Identity> {
    TestFramework::<Identity>::with(()).given(events.into())
}

fn claim(customer: CustomerId) -> IdentityCommand {
    Claim { customer, channel: Channel::Email }.into()
}

fn claimed(customer: CustomerId) -> IdentityEvent {
    Claimed { customer, channel: Channel::Email }.into()
}

fn release(customer: CustomerId) -> IdentityCommand {
    Release { customer }.into()
}

fn released(customer: CustomerId) -> IdentityEvent {
    Released { customer }.into()
}

#[test]
fn an_address_has_one_holder_and_others_learn_who() {
    given([]).when(claim(MEI)).then_expect_events(vec![claimed(MEI)]);
    given([claimed(MEI)]).when(claim(MEI)).then_expect_events(vec![]);
    given([claimed(MEI)])
        .when(claim(TOM))
        .then_expect_error(IdentityRefusal::AlreadyClaimed { by: MEI });
}

#[test]
fn only_for_its_holder_is_an_address_freed() {
    given([claimed(MEI)]).when(release(MEI)).then_expect_events(vec![released(MEI)]);
    given([claimed(MEI)])
        .when(release(TOM))
        .then_expect_error(IdentityRefusal::BelongsTo { customer: MEI });
    given([]).when(release(MEI)).then_expect_events(vec![]);
    assert_eq!(IdentityRefusal::BelongsTo { customer: MEI }.code(), "BELONGS_TO");
}

#[test]
fn a_freed_address_can_be_claimed_by_another() {
    given([claimed(MEI), released(MEI)]).when(claim(TOM)).then_expect_events(vec![claimed(TOM)]);
}

fn asked_for(claims: bool, for_mei: bool) -> IdentityCommand {
    let customer = if for_mei { MEI } else { TOM };
    if claims { claim(customer) } else { release(customer) }
}

proptest! {
    #[test]
    fn an_identity_obeys_the_laws(
        asked in prop::collection::vec((any::<bool>(), any::<bool>()), 0..30),
    ) {
        let commands = asked.into_iter().map(|(claims, for_mei)| asked_for(claims, for_mei));
        obeys_the_laws::<Identity>(commands.collect(), |_| false);
    }

    #[test]
    fn an_address_never_changes_hands_without_being_freed(
        asked in prop::collection::vec((any::<bool>(), any::<bool>()), 0..30),
    ) {
        let mut identity = Identity::default();
        let mut holder = None;
        for (claims, for_mei) in asked {
            let command = asked_for(claims, for_mei);
            for event in identity.decide(command).into_iter().flatten() {
                match &event {
                    IdentityEvent::Claimed(event) => {
                        prop_assert_eq!(holder.replace(event.customer), None);
                    }
                    IdentityEvent::Released(event) => {
                        prop_assert_eq!(holder.take(), Some(event.customer));
                    }
                }
                identity.evolve(&event);
            }
            prop_assert_eq!(identity.holder(), holder);
        }
    }
}
