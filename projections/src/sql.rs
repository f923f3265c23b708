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
