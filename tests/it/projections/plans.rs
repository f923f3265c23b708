//! One plan does for every page: it finds the page by its key, whatever is asked for.

use allhours_projections::generations::schema;
use allhours_tests::database::TestDatabase;
use tokio_postgres::{SimpleQueryMessage, types::Type};

use super::{desk_with_history, follow};

/// The statements that read a page in the order of an index, each with a part of that index's
/// condition.
const PAGES: [(&str, &str); 12] = [
    ("queue/current", "ROW(rank, waiting_since, conversation_id) >"),
    ("queue/current_back", "ROW(rank, waiting_since, conversation_id) <"),
    ("conversations/list_by_activity", "ROW(last_activity_at, id) <"),
    ("conversations/list_by_activity_back", "ROW(last_activity_at, id) >"),
    ("conversations/list_by_opening", "ROW(opened_at, id) <"),
    ("conversations/list_by_opening_back", "ROW(opened_at, id) >"),
    ("customers/list", "ROW(identified_at, id) <"),
    ("customers/list_back", "ROW(identified_at, id) >"),
    ("intakes/list", "ROW(received_at, id) <"),
    ("intakes/list_back", "ROW(received_at, id) >"),
    ("intakes/list_by_status", "ROW(received_at, id) <"),
    ("intakes/list_by_status_back", "ROW(received_at, id) >"),
];

fn statement(name: &str) -> &'static str {
    let found = allhours_projections::sql::ALL.iter().find(|(known, _)| *known == name);
    found.expect("there is such a statement").1
}

/// The plan of a connection for a statement that asks for a first page, with some parameters
/// given by number.
async fn plan(client: &tokio_postgres::Client, name: &str, given: &[(usize, &str)]) -> String {
    let text = statement(name);
    let parameters = client.prepare(text).await.expect("it prepares").params().to_vec();
    let value = |(number, kind): (usize, &Type)| {
        let given = given.iter().find(|(it, _)| *it == number);
        given.map_or(if *kind == Type::BOOL { "true" } else { "null" }, |(_, value)| value)
    };
    let values: Vec<_> = (1..).zip(&parameters).map(value).collect();
    let explained = format!(
        "prepare asked as {text}; explain (costs off) execute asked({}); deallocate asked",
        values.join(", ")
    );
    let answers = client.simple_query(&explained).await.expect("a plan");
    let line = |answer: &SimpleQueryMessage| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    answers.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn finds_by(plan: &str, condition: &str) -> bool {
    plan.lines().any(|line| line.contains("Index Cond") && line.contains(condition))
}

/// The tables of the lists: of which projection, with what id and what number.
const LISTS: [(&str, &str, &str, &str); 4] = [
    ("conversations", "conversations", "id", "version"),
    ("conversations", "queue", "conversation_id", "from_position"),
    ("customers", "customers", "id", "version"),
    ("intakes", "intakes", "id", "version"),
];

/// Every row again and again, under another id. Without the statistics of large tables every
/// plan looks as good as any other.
async fn grow_lists(database: &TestDatabase) {
    let owner = database.owner().await.expect("a connection");
    for (projection, table, id, number) in LISTS {
        let tables = schema(projection, 1);
        let grow = format!(
            "set search_path to {tables}, public;
            insert into {table}
            select grown.* from {table} as it
            cross join generate_series(1, 300) as number
            cross join lateral jsonb_populate_record(
                it, jsonb_build_object('{id}', gen_random_uuid(), '{number}', number)
            ) as grown;
            analyze {table}"
        );
        owner.batch_execute(&grow).await.expect("the table grows");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_found_by_its_key_with_one_plan_for_all_values() {
    let (database, log, history, last) = desk_with_history(3, 300).await;
    follow(&database, &log, last).await;
    grow_lists(&database).await;
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    for (name, condition) in PAGES {
        let plan = plan(&reader, name, &[]).await;
        assert!(plan.contains('$'), "{name} is not planned for all values:\n{plan}");
        assert!(!plan.contains("Sort"), "{name} sorts:\n{plan}");
        assert!(finds_by(&plan, condition), "{name} looks elsewhere:\n{plan}");
    }
}

/// Every profile again and again, each time merged into another one.
const GROW_PROFILES: &str = "insert into customers
    select grown.* from customers as it
    cross join generate_series(1, 1000) as number
    cross join lateral jsonb_populate_record(it, jsonb_build_object(
        'id', gen_random_uuid(), 'merged_into', gen_random_uuid(), 'version', number
    )) as grown";

/// The same of their histories.
const GROW_HISTORIES: &str = "insert into churn_features
    select grown.* from churn_features as it
    cross join generate_series(1, 1000) as number
    cross join lateral jsonb_populate_record(it, jsonb_build_object(
        'customer_id', gen_random_uuid(), 'merged_into', gen_random_uuid(),
        'updated_position', number
    )) as grown";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_merged_into_a_profile_is_found_by_the_profile() {
    let (database, log, history, last) = desk_with_history(4, 300).await;
    follow(&database, &log, last).await;
    let owner = database.owner().await.expect("a connection");
    for (projection, grow) in [("customers", GROW_PROFILES), ("churn_features", GROW_HISTORIES)] {
        let tables = schema(projection, 1);
        let grow = format!("set search_path to {tables}, public; {grow}; analyze {projection}");
        owner.batch_execute(&grow).await.expect("the table grows");
    }
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    for name in ["customers/profiles", "churn_features/of_person"] {
        let plan = plan(&reader, name, &[]).await;
        assert!(finds_by(&plan, "merged_into = profile"), "{name}:\n{plan}");
    }
}

/// Every conversation again and again, each time of somebody else.
const GROW: &str = "insert into conversations
    select grown.* from conversations as it
    cross join generate_series(1, 100) as number
    cross join lateral jsonb_populate_record(it, jsonb_build_object(
        'id', gen_random_uuid(), 'customer_id', gen_random_uuid(),
        'assignee_id', gen_random_uuid(), 'team_id', gen_random_uuid(), 'message_count', number
    )) as grown";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_person_has_is_found_by_the_person() {
    let (database, log, history, last) = desk_with_history(4, 300).await;
    follow(&database, &log, last).await;
    let owner = database.owner().await.expect("a connection");
    let tables = schema("conversations", 1);
    let grow = format!("set search_path to {tables}, public; {GROW}; analyze conversations");
    owner.batch_execute(&grow).await.expect("the table grows");
    let reader = database.planning_reader(history.tenants()[0]).await.expect("a reader");
    let page = "conversations/list_by_activity";
    let someone = "'00000000-0000-0000-0000-00000000000a'";
    let ones = "'{00000000-0000-0000-0000-00000000000a}'";
    let customers = plan(&reader, page, &[(1, "false"), (4, "false"), (9, ones)]).await;
    assert!(finds_by(&customers, "customer_id = ANY ('{0000"), "{customers}");
    let agents = plan(&reader, page, &[(1, "false"), (5, someone)]).await;
    assert!(finds_by(&agents, "assignee_id = '0000"), "{agents}");
    drop(reader);
    // Of many at once, with the plan that is kept.
    let reader = database.reader(history.tenants()[0]).await.expect("a reader");
    for name in ["conversations/of_customers", "conversations/of_customers_back"] {
        let pages = plan(&reader, name, &[]).await;
        assert!(finds_by(&pages, "customer_id = profile.id"), "{pages}");
        assert!(finds_by(&pages, "last_activity_at"), "{pages}");
    }
    let contacts = plan(&reader, "conversations/by_customers", &[]).await;
    assert!(finds_by(&contacts, "customer_id = profile.id"), "{contacts}");
    let theirs = plan(&reader, "conversations/of_profiles", &[]).await;
    assert!(finds_by(&theirs, "customer_id = ANY ($1)"), "{theirs}");
    let unattended = plan(&owner, "conversations/unattended", &[(1, "100")]).await;
    for condition in ["assignee_id = agents.id", "team_id = teams.id", "customer_id = customers.id"]
    {
        assert!(finds_by(&unattended, condition), "{condition}:\n{unattended}");
    }
}
