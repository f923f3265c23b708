//! Random histories of a profile, and the snapshot of one.

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use super::{MIA, TWIN, identified, identity, language, link, linked, name, unlink};
use crate::{
    customer::{
        Customer, CustomerCommand, CustomerEvent, CustomerSnapshot,
        command::{
            ChangeProfile, Erase, Identify, MergeInto, ReceiveMerge, SetConsent, SetTier,
            UndoMerge, Unmerge,
        },
        event::{
            ConsentSet, Erased, IdentityUnlinked, MergeReceived, MergeUndone, MergedInto,
            ProfileChanged, TierSet, Unmerged,
        },
        snapshot::Consent,
    },
    ids::CustomerId,
    laws::obeys_the_laws,
    personal::Personal,
    text::Key,
    words::{Purpose, Tier},
};

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn snapshot_of(events: &[CustomerEvent]) -> CustomerSnapshot {
    let mut snapshot = CustomerSnapshot::default();
    for (at, event) in (1..).zip(events) {
        snapshot.apply(event, second(at));
    }
    snapshot
}

#[test]
fn a_snapshot_shows_a_customer_with_since_when() {
    let snapshot = snapshot_of(&[
        identified(),
        linked(1, false),
        linked(2, false),
        linked(1, true),
        IdentityUnlinked { identity: identity(2) }.into(),
        TierSet { from: Tier::New, to: Tier::Vip }.into(),
        ConsentSet { purpose: Purpose::Surveys, granted: false }.into(),
        MergeReceived { source: TWIN }.into(),
        ProfileChanged { display_name: None, language: language("de") }.into(),
    ]);
    assert_eq!(snapshot.identified_at, Some(second(1)));
    assert_eq!((snapshot.display_name.as_ref(), &snapshot.language), (None, &language("de")));
    assert_eq!((snapshot.tier, snapshot.tier_since), (Some(Tier::Vip), Some(second(6))));
    let address = snapshot.identities.get(&identity(1)).unwrap();
    assert_eq!((address.verified, address.since), (true, second(2)), "theirs since it was linked");
    assert_eq!(snapshot.identities.len(), 1);
    let consent = Consent { granted: false, since: second(7) };
    assert_eq!(snapshot.consents, [(Purpose::Surveys, consent)].into());
    assert_eq!(snapshot.merged, [TWIN].into());
    assert_eq!(snapshot.changed_at, Some(second(9)));
}

#[test]
fn a_snapshot_follows_a_merge_and_its_undoing() {
    let mut events = vec![identified(), MergedInto { target: TWIN }.into()];
    assert_eq!(snapshot_of(&events).merged_into, Some(TWIN));
    events.push(Unmerged { target: TWIN }.into());
    assert_eq!(snapshot_of(&events).merged_into, None);
    events.push(MergeReceived { source: TWIN }.into());
    events.push(MergeUndone { source: TWIN }.into());
    assert!(snapshot_of(&events).merged.is_empty());
}

#[test]
fn a_snapshot_of_a_forgotten_customer_holds_no_text() {
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 2 };
    let snapshot = snapshot_of(&[identified(), linked(1, true), erased.into()]);
    assert_eq!(snapshot.erased_at, Some(second(3)));
    let marker = Personal::Erased { subject: MIA.into(), erased: true };
    assert!(snapshot.language.is_none() && snapshot.consents.is_empty());
    assert_eq!(snapshot.display_name, Some(marker));
    assert!(snapshot.identities.is_empty());
    assert!(!serde_json::to_string(&snapshot).unwrap().contains("Mia"));
}

#[test]
fn a_snapshot_reads_back() {
    let consent = ConsentSet { purpose: Purpose::Marketing, granted: true };
    let snapshot = snapshot_of(&[identified(), linked(1, true), consent.into()]);
    let stored = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<CustomerSnapshot>(&stored).unwrap(), snapshot);
}

fn a_profile() -> impl Strategy<Value = CustomerId> {
    prop_oneof![
        Just(MIA),
        Just(TWIN),
        (0..3_u128).prop_map(|number| CustomerId(Uuid::from_u128(number))),
    ]
}

fn a_name() -> impl Strategy<Value = Option<crate::text::Name>> {
    prop_oneof![Just(None), "[ab]".prop_map(|it| name(&it))]
}

fn a_command() -> impl Strategy<Value = CustomerCommand> {
    let a_language = || prop_oneof![Just(None), Just(language("en")), Just(language("th"))];
    let a_tier = || select(Tier::ALL);
    prop_oneof![
        4 => (a_name(), a_language(), a_tier()).prop_map(|(display_name, language, tier)| {
            Identify { id: MIA, display_name, language, tier }.into()
        }),
        4 => (a_name(), a_language()).prop_map(|(display_name, language)| {
            ChangeProfile { display_name, language }.into()
        }),
        8 => (0..4_u128, any::<bool>()).prop_map(|(number, verified)| link(number, verified)),
        4 => (0..4_u128).prop_map(unlink),
        4 => a_tier().prop_map(|tier| SetTier { tier }.into()),
        4 => (select(Purpose::ALL), any::<bool>())
            .prop_map(|(purpose, granted)| SetConsent { purpose, granted }.into()),
        2 => a_profile().prop_map(|target| MergeInto { target }.into()),
        4 => a_profile().prop_map(|source| ReceiveMerge { source }.into()),
        6 => Just(Unmerge {}.into()),
        4 => a_profile().prop_map(|source| UndoMerge { source }.into()),
        1 => Just(Erase { legal_basis: Key::new("x").unwrap(), texts_deleted: 1 }.into()),
    ]
}

/// A name can't be compared, so that a change of it is recorded each time.
fn always_records(command: &CustomerCommand) -> bool {
    matches!(command, CustomerCommand::ChangeProfile(change) if change.display_name.is_some())
}

proptest! {
    #[test]
    fn a_profile_obeys_the_laws_and_is_never_both_merged_and_erased(
        commands in vec(a_command(), 0..60),
    ) {
        let customer = obeys_the_laws::<Customer>(commands, always_records);
        prop_assert!(customer.merged_into().is_none() || !customer.is_erased());
        prop_assert_ne!(customer.merged_into(), Some(MIA));
    }

    #[test]
    fn the_snapshot_and_the_state_agree(commands in vec(a_command(), 0..60)) {
        let (mut customer, mut snapshot) = (Customer::default(), CustomerSnapshot::default());
        for (at, command) in (1..).zip(commands) {
            for event in customer.decide(command).unwrap_or_default() {
                snapshot.apply(&event, second(at));
                customer.evolve(&event);
            }
        }
        prop_assert_eq!(snapshot.tier, customer.tier());
        prop_assert_eq!(snapshot.language.as_ref(), customer.language());
        prop_assert_eq!(snapshot.erased_at.is_some(), customer.is_erased());
        if !customer.is_erased() {
            prop_assert_eq!(snapshot.merged_into, customer.merged_into());
            prop_assert!(snapshot.identities.keys().copied().eq(customer.identities()));
        }
    }
}
