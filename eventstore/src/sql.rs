//! Every statement of this package, with the name of its file.

macro_rules! statements {
    ($($NAME:ident = $file:literal;)+) => {
        $(pub(crate) const $NAME: &str = include_str!(concat!("../sql/", $file, ".sql"));)+

        /// Every statement with its name; a test prepares them all.
        pub const ALL: &[(&str, &str)] = &[$(($file, $NAME),)+];
    };
}

statements! {
    CHECKPOINTS_AFTER = "checkpoints/after";
    CHECKPOINTS_KEEP = "checkpoints/keep";
    CHECKPOINTS_UP_TO = "checkpoints/up_to";
    DATABASE_HOLDS_A_LOG = "database/holds_a_log";
    DATABASE_MIGRATION_LOCK = "database/migration_lock";
    DATABASE_PROBE_LOOK = "database/probe_look";
    DATABASE_PROBE_MARK = "database/probe_mark";
    DATABASE_SESSION = "database/session";
    DATABASE_TENANT = "database/tenant";
    DATABASE_UNREADABLE_TABLE = "database/unreadable_table";
    KEYS_ALL_TENANT_KEYS = "keys/all_tenant_keys";
    KEYS_KEEP_SUBJECT_KEY = "keys/keep_subject_key";
    KEYS_KEEP_TENANT_KEY = "keys/keep_tenant_key";
    KEYS_NEWEST_TENANT_KEY = "keys/newest_tenant_key";
    KEYS_RETIRE_TENANT_KEYS = "keys/retire_tenant_keys";
    KEYS_REWRAP_SUBJECT_KEYS = "keys/rewrap_subject_keys";
    KEYS_REWRAP_TENANT_KEY = "keys/rewrap_tenant_key";
    KEYS_STALE_SUBJECT_KEYS = "keys/stale_subject_keys";
    KEYS_SUBJECT_KEYS = "keys/subject_keys";
    KEYS_TENANT_KEY = "keys/tenant_key";
    LOG_ANSWERED = "log/answered";
    LOG_APPEND = "log/append";
    LOG_APPENDER_SESSION = "log/appender_session";
    LOG_AT_POSITIONS = "log/at_positions";
    LOG_BARRIER = "log/barrier";
    LOG_BY_IDS = "log/by_ids";
    LOG_CIPHERTEXTS = "log/ciphertexts";
    LOG_CONVERSATIONS_ABOUT = "log/conversations_about";
    LOG_DESKS = "log/desks";
    LOG_HAS_DESK = "log/has_desk";
    LOG_HEAD = "log/head";
    LOG_LAST_OF_STREAM = "log/last_of_stream";
    LOG_LEAVES = "log/leaves";
    LOG_LISTEN = "log/listen";
    LOG_LOAD = "log/load";
    LOG_NOTIFY = "log/notify";
    LOG_PAGE_ALL_NEWEST = "log/page_all_newest";
    LOG_PAGE_ALL_OLDEST = "log/page_all_oldest";
    LOG_PAGE_CORRELATION_NEWEST = "log/page_correlation_newest";
    LOG_PAGE_CORRELATION_OLDEST = "log/page_correlation_oldest";
    LOG_PAGE_STREAM_NEWEST = "log/page_stream_newest";
    LOG_PAGE_STREAM_OLDEST = "log/page_stream_oldest";
    LOG_PARTS_NEWEST = "log/parts_newest";
    LOG_PARTS_OLDEST = "log/parts_oldest";
    LOG_POSITION_AT = "log/position_at";
    LOG_POSITIONS_ABOUT = "log/positions_about";
    LOG_READ = "log/read";
    LOG_STREAMS_OF_TENANT = "log/streams_of_tenant";
    LOG_TEXTS_ABOUT = "log/texts_about";
    VERIFY_BEGIN = "verify/begin";
    VERIFY_COMMANDS = "verify/commands";
    VERIFY_END = "verify/end";
    VERIFY_EVENT_IDS = "verify/event_ids";
    VERIFY_HEADS = "verify/heads";
    VERIFY_LOST_KEYS = "verify/lost_keys";
    VERIFY_REDACTED = "verify/redacted";
    VERIFY_STRAYS = "verify/strays";
    VERIFY_SUBJECT_KEYS = "verify/subject_keys";
    VERIFY_UNFORGOTTEN = "verify/unforgotten";
    VERIFY_VERSIONS = "verify/versions";
}
