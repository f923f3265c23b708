//! The past: queues, loads and presence as of any position are what they were then.

use std::collections::BTreeMap;

use allhours_domain::ids::TenantId;
use allhours_eventstore::{
    log::Log,
    recorded::{Position, Recorded},
};
use allhours_projections::{
    agents::{Agents, presence_as_of},
    conversations::{Conversations, QueueFilter, QueueKey, loads, queue, queue_length},
    fold::Fold,
    page::Span,
};

use super::{desk_with_history, follow};

/// What a fold holds after the events up to a position.
fn folded<F: Fold + Default>(events: &[Recorded], position: Position) -> F {
    let mut fold = F::default();
    for table in fold.tables() {
        table.set_complete(true);
    }
    for recorded in events.iter().filter(|it| it.position <= position) {
        fold.apply(recorded, &recorded.event().expect("it reads"));
    }
    fold
}

fn positions(last: Position) -> impl Iterator<Item = Position> {
    (0..12).map(move |part| 1 + part * (last - 1) / 11)
}

fn expected_queue(then: &Conversations, tenant: TenantId) -> Vec<QueueKey> {
    let mut keys: Vec<QueueKey> = then
        .queue
        .iter()
        .filter(|row| row.tenant_id == tenant && row.to_position.is_none())
        .map(QueueKey::from)
        .collect();
    keys.sort_by_key(|key| (key.rank, key.waiting_since, key.id));
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_as_of_a_position_is_the_queue_that_was() {
    let (database, log, history, last) = desk_with_history(21, 900).await;
    follow(&database, &log, last).await;
    let events = log.read(0, 100_000).await.expect("the log");
    let mut queued = 0;
    for position in positions(last) {
        let then: Conversations = folded(&events, position);
        for tenant in history.tenants() {
            let reader = database.reader(tenant).await.expect("a reader");
            let expected = expected_queue(&then, tenant);
            let filter = QueueFilter::default();
            let page = queue(&reader, filter, Some(position), &Span::first(None, 1_000))
                .await
                .expect("the queue");
            let found: Vec<_> = page.rows.iter().map(QueueKey::from).collect();
            assert_eq!(found, expected, "as of {position}");
            let length = queue_length(&reader, QueueFilter::default(), Some(position)).await;
            let expected_length = i64::try_from(expected.len()).expect("few");
            assert_eq!(length.expect("a length").conversations, expected_length);
            if position == last {
                let now = queue(&reader, filter, None, &Span::first(None, 1_000))
                    .await
                    .expect("the queue");
                assert_eq!(now, page);
            }
            queued += found.len();
        }
    }
    assert!(queued > 20, "there was something to compare");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_worked_by_priority_then_tier_then_waiting_time_page_by_page() {
    let (database, log, history, last) = desk_with_history(22, 900).await;
    follow(&database, &log, last).await;
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    let filter = QueueFilter::default();
    let whole =
        queue(&reader, filter, None, &Span::first(None, 1_000)).await.expect("the queue").rows;
    assert!(whole.len() > 3);
    assert!(whole.is_sorted_by_key(|row| {
        (std::cmp::Reverse(row.priority), row.tier, row.waiting_since)
    }));
    let mut paged = Vec::new();
    while paged.len() < whole.len() {
        let after = paged.last().map(QueueKey::from);
        let page = queue(&reader, filter, None, &Span::first(after, 2)).await.expect("a page");
        assert_eq!(page.has_more, paged.len() + page.rows.len() < whole.len());
        paged.extend(page.rows);
    }
    let mut back = Vec::new();
    while back.len() < whole.len() {
        let before = back.first().map(QueueKey::from);
        let page = queue(&reader, filter, None, &Span::last(before, 2)).await.expect("a page");
        assert_eq!(page.has_more, back.len() + page.rows.len() < whole.len());
        back.splice(0..0, page.rows);
    }
    assert_eq!(back, paged);
    assert_eq!(paged, whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_and_presence_as_of_a_position_are_what_they_were() {
    let (database, log, history, last) = desk_with_history(23, 900).await;
    follow(&database, &log, last).await;
    let events = log.read(0, 100_000).await.expect("the log");
    let mut carried = 0;
    for position in positions(last) {
        let conversations: Conversations = folded(&events, position);
        let agents: Agents = folded(&events, position);
        for tenant in history.tenants() {
            let ids: Vec<_> =
                agents.rows.iter().filter(|it| it.tenant_id == tenant).map(|it| it.id).collect();
            let reader = database.reader(tenant).await.expect("a reader");
            let mut expected = BTreeMap::new();
            for row in conversations.assignments.iter().filter(|row| row.tenant_id == tenant) {
                if row.to_position.is_none() {
                    *expected.entry(row.agent_id).or_insert(0_i64) += 1;
                }
            }
            let found = loads(&reader, &ids, Some(position)).await.expect("loads");
            let found: BTreeMap<_, _> = found
                .into_iter()
                .map(|load| (load.agent_id, load.open + load.waiting + load.snoozed))
                .collect();
            assert_eq!(found, expected, "as of {position}");
            carried += found.len();
            let present = presence_as_of(&reader, &ids, position).await.expect("presence");
            let present: BTreeMap<_, _> =
                present.into_iter().map(|row| (row.agent_id, row.presence)).collect();
            let expected: BTreeMap<_, _> = agents
                .rows
                .iter()
                .filter(|row| row.tenant_id == tenant)
                .map(|row| (row.id, row.presence))
                .collect();
            assert_eq!(present, expected, "as of {position}");
        }
    }
    assert!(carried > 10, "there was something to compare");
}
