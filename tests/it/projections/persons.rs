//! What belongs to a customer with several profiles, counted by hand from every row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allhours_domain::{
    ids::{CustomerId, TenantId},
    words::ConversationStatus,
};
use allhours_eventstore::log::Log;
use allhours_projections::{
    churn_features,
    conversations::{
        self, ConversationFilter, ConversationOrder, ConversationRow, CustomerContacts,
    },
    customers::{self, CustomerFilter, CustomerRow},
    page::Span,
    profiles::{Profile, profiles},
};
use allhours_tests::database::TestDatabase;

use super::{desk_with_history, follow};

/// Each profile with all that are merged into it.
fn persons(rows: &[CustomerRow]) -> BTreeMap<CustomerId, BTreeSet<CustomerId>> {
    let mut all: BTreeMap<CustomerId, BTreeSet<CustomerId>> = BTreeMap::new();
    let merged: HashMap<_, _> =
        rows.iter().filter_map(|row| Some((row.id, row.merged_into?))).collect();
    for row in rows {
        let mut target = Some(row.id);
        while let Some(id) = target {
            all.entry(id).or_default().insert(row.id);
            target = merged.get(&id).copied();
        }
    }
    all
}

/// Every customer and every conversation of a tenant.
async fn rows(
    database: &TestDatabase,
    tenant: TenantId,
) -> (Vec<CustomerRow>, Vec<ConversationRow>) {
    let reader = database.reader(tenant).await.expect("a reader");
    let all = CustomerFilter { merged_too: true, erased_too: true, ..CustomerFilter::default() };
    let customers = customers::list(&reader, &all, &Span::first(None, 1_000)).await;
    let all = ConversationFilter { merged_too: true, ..ConversationFilter::default() };
    let span = Span::first(None, 1_000);
    let order = ConversationOrder::Activity;
    let conversations = conversations::list(&reader, &all, order, &span).await;
    (customers.expect("a list").rows, conversations.expect("a list").rows)
}

fn contacts(customer_id: CustomerId, theirs: &[&ConversationRow]) -> CustomerContacts {
    let live = [ConversationStatus::Open, ConversationStatus::Waiting, ConversationStatus::Snoozed];
    let count = |number: usize| i64::try_from(number).expect("few");
    CustomerContacts {
        customer_id,
        live: count(theirs.iter().filter(|row| live.contains(&row.status)).count()),
        total: count(theirs.len()),
        reopenings: theirs.iter().map(|row| i64::from(row.episode - 1)).sum(),
        last_contact_at: theirs.iter().filter_map(|row| row.last_customer_message_at).max(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_customer_has_is_what_all_their_profiles_have() {
    let (database, log, mut history, _) = desk_with_history(41, 4_000).await;
    // As they come and go, since merges are undone again.
    let (mut several, mut deep) = (0, 0);
    for _ in 0..6 {
        let last = history.go_on(150).await;
        follow(&database, &log, last).await;
        assert_eq!(log.head().await.expect("the log"), last);
        for tenant in history.tenants() {
            let (customers, all) = rows(&database, tenant).await;
            let persons = persons(&customers);
            several += persons.values().filter(|profiles| profiles.len() > 1).count();
            deep += persons.values().filter(|profiles| profiles.len() > 2).count();
            let ids: Vec<CustomerId> = persons.keys().copied().collect();
            let reader = database.reader(tenant).await.expect("a reader");
            let found = profiles(&reader, &ids).await.expect("profiles");
            let mut by_hand: BTreeMap<CustomerId, BTreeSet<CustomerId>> = BTreeMap::new();
            for Profile { asked, id } in &found {
                assert!(by_hand.entry(*asked).or_default().insert(*id), "{id} twice");
            }
            assert_eq!(by_hand, persons);

            let theirs = |asked: CustomerId| -> Vec<&ConversationRow> {
                let own = |row: &&ConversationRow| {
                    row.merged_into.is_none() && persons[&asked].contains(&row.customer_id)
                };
                all.iter().filter(own).collect()
            };
            let mut counted = conversations::contacts(&reader, &found).await.expect("contacts");
            counted.sort_by_key(|it| it.customer_id);
            let expected = ids.iter().map(|id| contacts(*id, &theirs(*id)));
            let expected: Vec<_> = expected.filter(|it| it.total > 0).collect();
            assert_eq!(counted, expected);

            let span = Span::first(None, 3);
            let pages =
                conversations::of_customers(&reader, &found, false, &span).await.expect("pages");
            assert_eq!(pages.len(), expected.len());
            for (id, page) in pages {
                let theirs = theirs(id);
                let first: Vec<_> = theirs.iter().take(3).map(|row| (*row).clone()).collect();
                assert_eq!((page.rows, page.has_more), (first, theirs.len() > 3));
            }
            // Who was forgotten is nobody's profile any more as far as their history goes.
            let mut kept = customers.clone();
            for row in kept.iter_mut().filter(|row| row.erased) {
                row.merged_into = None;
            }
            for (id, expected) in self::persons(&kept) {
                let rows = churn_features::of_person(&reader, id).await.expect("histories");
                let found: BTreeSet<_> = rows.iter().map(|row| row.customer_id).collect();
                assert_eq!(found, expected);
            }
        }
    }
    assert!(several > 10 && deep > 0, "there was something to compare: {several}, {deep}");
}
