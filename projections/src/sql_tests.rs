//! The statements of every table name its columns in the order of its row.

use crate::{
    agents::{AgentRow, PresenceRow},
    articles::ArticleRow,
    churn_features::HistoryRow,
    conversations::{AssignmentRow, ConversationRow, CounterRow, QueueRow},
    customers::CustomerRow,
    fold::ALL,
    intakes::IntakeRow,
    rows::Row,
    sql,
    teams::TeamRow,
};

fn words(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names_its_columns<R: Row>() {
    let columns = R::COLUMNS.join(", ");
    let saved = words(R::STATEMENTS.save);
    assert!(saved.starts_with(&format!("insert into {} as it ( {columns} )", R::TABLE)), "{saved}");
    let parameters = saved.matches('$').count();
    assert_eq!(parameters, R::COLUMNS.len(), "{saved}");
    let copied = words(R::STATEMENTS.copy);
    assert_eq!(copied, format!("copy {} ( {columns} ) from stdin binary", R::TABLE));
    let scanned = words(R::STATEMENTS.scan);
    assert_eq!(scanned, format!("select {columns} from {}", R::TABLE));
    assert!(ALL.iter().any(|it| it.tables.contains(&R::TABLE)), "{} is registered", R::TABLE);
}

#[test]
fn every_table_is_written_and_read_column_by_column() {
    names_its_columns::<AgentRow>();
    names_its_columns::<PresenceRow>();
    names_its_columns::<ArticleRow>();
    names_its_columns::<HistoryRow>();
    names_its_columns::<ConversationRow>();
    names_its_columns::<CounterRow>();
    names_its_columns::<QueueRow>();
    names_its_columns::<AssignmentRow>();
    names_its_columns::<CustomerRow>();
    names_its_columns::<IntakeRow>();
    names_its_columns::<TeamRow>();
}

#[test]
fn every_key_begins_with_the_tenant() {
    for projection in ALL {
        for line in projection.index.lines().filter(|line| line.contains("primary key")) {
            assert!(line.contains("primary key (tenant_id"), "{line}");
        }
        assert_eq!(projection.index.matches("primary key").count(), projection.tables.len());
    }
}

#[test]
fn no_statement_is_listed_twice() {
    let mut names: Vec<_> = sql::ALL.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
