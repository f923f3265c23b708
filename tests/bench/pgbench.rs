//! The peer of the append benchmarks: PostgreSQL's own `pgbench`, one INSERT a transaction.
//!
//! Its table is as bare as a log can be: identity column, unique (stream, version), about
//! 420 bytes of JSON payload. It keeps no order, no heads, no command ids and seals nothing.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use allhours_api::clock;
use tokio_postgres::Config;

const SCHEMA: &str = "create table if not exists bare_events (
    position bigint generated always as identity primary key,
    stream_id uuid not null,
    version int not null,
    event_type text not null,
    payload jsonb not null,
    metadata jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    unique (stream_id, version)
)";

/// What `pgbench` saw.
pub struct Bare {
    /// Transactions, and so events, a second.
    pub events_per_s: f64,
    /// Median latency of a transaction, in milliseconds.
    pub p50_ms: f64,
}

/// A text of the length that both sides write.
pub fn body() -> String {
    "We have looked at your order; the replacement left our warehouse this morning. ".repeat(3)
}

fn script() -> String {
    let payload = format!(
        r#"{{"message": "0190c1f2-7c3a-7000-8000-00000000000a", "channel": "email", "body": "{}"}}"#,
        body()
    );
    let metadata = r#"{"actor": "person:0190c1f2-7c3a-7000-8000-00000000000b", "correlation": "0190c1f2-7c3a-7000-8000-000000000001"}"#;
    [
        r"\set v :v + 1",
        r"\set s :v / 10",
        r"\set n :v % 10 + 1",
        &format!(
            "insert into bare_events (stream_id, version, event_type, payload, metadata) values \
             (md5(:r || '-' || :client_id || '-' || :s)::uuid, :n, 'MessageAdded', '{payload}', '{metadata}');"
        ),
    ]
    .join("\n")
}

/// Runs `pgbench` with `clients` for `seconds` against the server of `config`.
///
/// `bin` is the folder of the server's programs.
pub async fn run(bin: &Path, config: &Config, clients: usize, seconds: u64) -> Bare {
    let (client, connection) =
        config.connect(tokio_postgres::NoTls).await.expect("the server answers");
    let driver = tokio::spawn(connection);
    client.batch_execute(SCHEMA).await.expect("the bare table can be made");
    drop(client);
    driver.await.expect("the driver ends").expect("the connection ends well");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("insert.sql");
    std::fs::write(&file, script()).expect("the script can be written");
    let prefix = folder.path().join("latency");
    let arguments = arguments(config, clients, seconds, &file, &prefix);
    let program = bin.join("pgbench");
    let output =
        tokio::task::spawn_blocking(move || Command::new(program).args(arguments).output())
            .await
            .expect("the task ends")
            .expect("pgbench starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let events_per_s = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| panic!("pgbench: {text} {}", String::from_utf8_lossy(&output.stderr)));
    Bare { events_per_s, p50_ms: median_ms(folder.path()) }
}

fn arguments(
    config: &Config,
    clients: usize,
    seconds: u64,
    file: &Path,
    prefix: &Path,
) -> Vec<String> {
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Unix(folder)) => folder.display().to_string(),
        Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
        None => panic!("the configuration names no host"),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let mut arguments: Vec<String> =
        ["-n", "-M", "prepared", "-j", "2", "-D", "v=0", "-l"].map(String::from).to_vec();
    arguments.extend([
        format!("--log-prefix={}", prefix.display()),
        format!("-c{clients}"),
        format!("-T{seconds}"),
        format!("-Dr={}", clock::new_id().simple()),
        format!("-f{}", file.display()),
        format!("-h{host}"),
        format!("-p{port}"),
        format!("-U{}", config.get_user().unwrap_or("postgres")),
        config.get_dbname().unwrap_or("postgres").to_owned(),
    ]);
    arguments
}

/// The median of the latencies that pgbench logged: third column, microseconds.
fn median_ms(folder: &Path) -> f64 {
    let mut latencies: Vec<f64> = Vec::new();
    let logs: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the entry can be read").path())
        .filter(|path| path.to_string_lossy().contains("latency"))
        .collect();
    for log in logs {
        let text = std::fs::read_to_string(log).expect("the log can be read");
        latencies
            .extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()));
    }
    latencies.sort_by(f64::total_cmp);
    latencies.get(latencies.len() / 2).copied().unwrap_or(f64::NAN) / 1_000.0
}
