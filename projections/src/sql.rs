//! Every statement of the read side, by name; a test prepares each of them.

macro_rules! statements {
    ($($name:literal,)+) => {
        /// Every statement: its name, which is its file below `sql/`, and its text.
        pub const ALL: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../sql/", $name, ".sql"))),)+];
    };
}

/// The text of a statement.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql"))
    };
}
pub(crate) use sql;

statements! {
    "agents/by_ids",
    "agents/copy",
    "agents/list",
    "agents/load",
    "agents/save",
    "agents/scan",
    "articles/by_ids",
    "articles/copy",
    "articles/list",
    "articles/load",
    "articles/save",
    "articles/scan",
    "assignments/copy",
    "assignments/current",
    "assignments/load",
    "assignments/loads",
    "assignments/loads_as_of",
    "assignments/save",
    "assignments/scan",
    "checkpoints/add",
    "checkpoints/generations",
    "checkpoints/guard",
    "checkpoints/live",
    "checkpoints/lock",
    "checkpoints/lock_all",
    "checkpoints/make_live",
    "checkpoints/move",
    "checkpoints/next_generation",
    "checkpoints/prepare_guard",
    "checkpoints/remove",
    "churn_features/by_ids",
    "churn_features/copy",
    "churn_features/export",
    "churn_features/load",
    "churn_features/save",
    "churn_features/scan",
    "churn_owners/copy",
    "churn_owners/load",
    "churn_owners/save",
    "churn_owners/scan",
    "conversation_counters/copy",
    "conversation_counters/load",
    "conversation_counters/save",
    "conversation_counters/scan",
    "conversations/by_customers",
    "conversations/by_ids",
    "conversations/copy",
    "conversations/counters",
    "conversations/due_snoozes",
    "conversations/list_by_activity",
    "conversations/list_by_opening",
    "conversations/load",
    "conversations/next_snooze",
    "conversations/save",
    "conversations/scan",
    "customers/by_ids",
    "customers/copy",
    "customers/list",
    "customers/load",
    "customers/save",
    "customers/scan",
    "dead_letters/counts",
    "dead_letters/list",
    "dead_letters/park",
    "dead_letters/remove",
    "presence/as_of",
    "presence/copy",
    "presence/load",
    "presence/save",
    "presence/scan",
    "queue/as_of",
    "queue/copy",
    "queue/current",
    "queue/length",
    "queue/load",
    "queue/save",
    "queue/scan",
    "teams/by_ids",
    "teams/copy",
    "teams/list",
    "teams/load",
    "teams/of_agents",
    "teams/save",
    "teams/scan",
}
