//! Following the log: exactly once, in batches of any size, by any number of processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use allhours_domain::{ids::TenantId, words::Channel};
use allhours_projections::{
    agents, conversations,
    conversations::{ConversationFilter, ConversationOrder, TeamScope},
    customers,
    intakes::{self, IntakeFilter, IntakeStatus},
    page::Span,
    runner::RunState,
    teams,
};
use uuid::Uuid;

use super::{LONG, desk, desk_with_history, follow, holds, runner};
use allhours_tests::history::History;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_say_what_the_log_says_however_it_is_cut_into_batches() {
    for (seed, batch_events_max) in [(1, 1), (2, 7), (3, 64)] {
        let (database, log, _, position) = desk_with_history(seed, 400).await;
        let runner = runner(&database, &log, batch_events_max).await;
        assert!(runner.wait_for(position, LONG).await.expect("progress"));
        runner.stop().await;
        holds(&database, &log, position).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_work_and_apply_nothing_twice() {
    let (database, log) = desk().await;
    let one = runner(&database, &log, 5).await;
    let other = runner(&database, &log, 3).await;
    let mut history = History::new(log.clone(), 11);
    let position = history.go_on(600).await;
    assert!(one.wait_for(position, LONG).await.expect("progress"));
    assert!(other.wait_for(position, LONG).await.expect("progress"));
    one.stop().await;
    other.stop().await;
    holds(&database, &log, position).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_waits_for_its_own_write_sees_it() {
    let (database, log) = desk().await;
    let runner = runner(&database, &log, 1_000).await;
    let progress = runner.progress();
    let mut history = History::new(log.clone(), 5);
    for _ in 0..60 {
        let position = history.go_on(1).await;
        assert!(progress.wait_for(position, LONG).await.expect("progress"));
        let status = runner.status(history.now()).await.expect("a status");
        assert!(status.iter().all(|it| it.position >= position), "{status:?}");
    }
    let position = history.go_on(1).await;
    let beyond = progress.wait_for(position + 1_000, Duration::from_millis(80)).await;
    assert!(!beyond.expect("progress"), "nobody waits longer than they may");
    assert!(progress.wait_for_these(&["nonsense"], 1, LONG).await.is_err());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_nothing_concerns_is_there_at_once_and_its_checkpoint_soon() {
    const STEPS: usize = 80;
    let (database, log, mut history, position) = desk_with_history(12, 200).await;
    let runner = runner(&database, &log, 1_000).await;
    assert!(runner.wait_for(position, LONG).await.expect("progress"));
    let owner = database.owner().await.expect("a connection");
    let checkpoint = "select position, xmin::text from read.checkpoints where projection = 'teams'";
    let noted = async || {
        let row = owner.query_one(checkpoint, &[]).await.expect("a row");
        (row.get::<_, i64>(0), row.get::<_, String>(1))
    };
    let mut head = position;
    let mut writes = BTreeSet::new();
    for _ in 0..STEPS {
        head = history.go_on(1).await;
        let there = runner.progress().wait_for_these(&["teams"], head, LONG).await;
        assert!(there.expect("progress"));
        writes.insert(noted().await.1);
    }
    assert!(writes.len() < STEPS / 2, "{} of {STEPS} steps were written down", writes.len());
    let follows = async {
        while noted().await.0 < head {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, follows).await.expect("the checkpoint follows");
    runner.stop().await;
    holds(&database, &log, head).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_tells_position_and_lag() {
    let (database, log, mut history, position) = desk_with_history(6, 100).await;
    let running = runner(&database, &log, 1_000).await;
    assert!(running.wait_for(position, LONG).await.expect("progress"));
    for status in running.status(history.now()).await.expect("a status") {
        assert_eq!((status.position, status.head), (position, position), "{status:?}");
        assert_eq!((status.lag_events, status.generation, status.parked), (0, 1, 0));
        assert!(matches!(status.state, RunState::Following), "{status:?}");
    }
    let progress = running.progress();
    running.stop().await;
    let head = history.go_on(50).await;
    for status in progress.status(&log, history.now()).await.expect("a status") {
        assert_eq!(status.state, RunState::Stopped);
        assert_eq!(status.lag_events, head - position);
        assert!(status.lag_seconds > 0.0, "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_equal_a_recount() {
    let (database, log, history, position) = desk_with_history(7, 900).await;
    follow(&database, &log, position).await;
    for tenant in history.tenants() {
        let reader = database.reader(tenant).await.expect("a reader");
        let mut recounted = BTreeMap::new();
        let filter = ConversationFilter::default();
        let order = ConversationOrder::Opening;
        let all = conversations::list(&reader, &filter, order, &Span::first(None, 1_000))
            .await
            .expect("a list");
        assert!(!all.has_more && !all.rows.is_empty());
        for row in all.rows {
            let team = row.team_id.map_or(Uuid::nil(), |team| team.0);
            let key = (team, row.status, row.tier, row.priority);
            *recounted.entry(key).or_insert(0_i64) += 1;
        }
        let counters = conversations::counters(&reader, TeamScope::Any).await.expect("counters");
        let counters: BTreeMap<_, _> = counters
            .into_iter()
            .map(|row| ((row.team_id, row.status, row.tier, row.priority), row.conversations))
            .collect();
        assert_eq!(counters, recounted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_paged_without_a_gap_and_filtered() {
    let (database, log, history, position) = desk_with_history(8, 600).await;
    follow(&database, &log, position).await;
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    let filter = ConversationFilter { merged_too: true, ..ConversationFilter::default() };
    for order in [ConversationOrder::Activity, ConversationOrder::Opening] {
        let list = async |after, limit| {
            conversations::list(&reader, &filter, order, &Span::first(after, limit))
                .await
                .expect("a list")
        };
        let whole = list(None, 1_000).await;
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = list(after, 7).await;
            after = page.rows.last().map(|row| order.key(row));
            paged.extend(page.rows);
            if !page.has_more {
                break;
            }
        }
        assert_eq!(paged, whole.rows);
        let one = &whole.rows[0];
        let filter = ConversationFilter {
            profiles: Some(vec![one.customer_id]),
            channel: Some(one.channel),
            statuses: vec![one.status],
            tier: Some(one.tier),
            priority: Some(one.priority),
            language: one.language.clone(),
            tag: one.tags.first().cloned(),
            team: one.team_id.map_or(TeamScope::Common, TeamScope::Team),
            ..ConversationFilter::default()
        };
        let found = conversations::list(&reader, &filter, order, &Span::first(None, 100))
            .await
            .expect("a list");
        assert!(found.rows.contains(one));
        assert!(found.rows.iter().all(|row| row.customer_id == one.customer_id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_of_one_kind_are_those_of_the_whole_list_in_its_order() {
    let (database, log, history, position) = desk_with_history(10, 1_500).await;
    follow(&database, &log, position).await;
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    let list = async |status, channel, span| {
        let filter = IntakeFilter { status, channel };
        intakes::list(&reader, filter, &span).await.expect("a list")
    };
    let whole = list(None, None, Span::first(None, 1_000)).await.rows;
    assert!(whole.is_sorted_by(|a, b| (a.received_at, a.id) > (b.received_at, b.id)));
    let statuses = IntakeStatus::ALL.iter().copied().map(Some).chain([None]);
    for status in statuses {
        for channel in Channel::ALL.iter().copied().map(Some).chain([None]) {
            let mut expected = whole.clone();
            expected.retain(|row| status.is_none_or(|status| row.status == status));
            assert!(!expected.is_empty(), "{status:?}");
            expected.retain(|row| channel.is_none_or(|channel| row.channel == channel));
            let (mut on, mut back) = (Vec::new(), Vec::new());
            loop {
                let after = on.last().map(Into::into);
                let page = list(status, channel, Span::first(after, 4)).await;
                on.extend(page.rows);
                if !page.has_more {
                    break;
                }
            }
            loop {
                let before = back.first().map(Into::into);
                let page = list(status, channel, Span::last(before, 4)).await;
                back.splice(0..0, page.rows);
                if !page.has_more {
                    break;
                }
            }
            assert_eq!((&on, &back), (&expected, &expected), "{status:?} {channel:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_reads_its_own_rows_only() {
    let (database, log, history, position) = desk_with_history(9, 400).await;
    follow(&database, &log, position).await;
    let tenants = history.tenants();
    let mut ids = Vec::new();
    for tenant in &tenants {
        let reader = database.reader(*tenant).await.expect("a reader");
        let filter = ConversationFilter::default();
        let order = ConversationOrder::Activity;
        let list = conversations::list(&reader, &filter, order, &Span::first(None, 100))
            .await
            .expect("a list");
        assert!(list.rows.iter().all(|row| row.tenant_id == *tenant));
        let agents =
            agents::list(&reader, &agents::AgentFilter::default(), &Span::first(None, 100)).await;
        let agents = agents.expect("a list").rows;
        assert!(!agents.is_empty() && agents.iter().all(|row| row.tenant_id == *tenant));
        let customers = customers::list(
            &reader,
            &customers::CustomerFilter::default(),
            &Span::first(None, 100),
        )
        .await;
        assert!(customers.expect("a list").rows.iter().all(|row| row.tenant_id == *tenant));
        let teams = teams::list(&reader, true, &Span::first(None, 100)).await.expect("a list").rows;
        assert!(teams.iter().all(|row| row.tenant_id == *tenant));
        let intakes =
            intakes::list(&reader, IntakeFilter::default(), &Span::first(None, 100)).await;
        let intakes = intakes.expect("a list").rows;
        assert!(!intakes.is_empty() && intakes.iter().all(|row| row.tenant_id == *tenant));
        ids.push(list.rows.iter().map(|row| row.id).collect::<Vec<_>>());
    }
    let reader = database.reader(tenants[0]).await.expect("a reader");
    assert_eq!(conversations::by_ids(&reader, &ids[0]).await.expect("rows").len(), ids[0].len());
    assert_eq!(conversations::by_ids(&reader, &ids[1]).await.expect("rows"), vec![]);
    drop(reader);
    let nobody = database.reader(TenantId(Uuid::from_u128(9))).await.expect("a reader");
    let none = conversations::counters(&nobody, TeamScope::Any).await.expect("counters");
    assert_eq!(none, vec![]);
}
