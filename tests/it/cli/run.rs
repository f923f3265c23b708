//! A command that runs to its end, and what it said; the database behind a data folder.
#![expect(clippy::panic, reason = "what does not happen in time, or does not read, ends the test")]

use std::{path::Path, process::Stdio, time::Duration};

use allhours_eventstore::embedded::{EmbeddedOptions, Server};
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use crate::process::{Caller, program};

const ENDS_MAX: Duration = Duration::from_mins(2);
/// How long something may take that happens by itself.
pub const SOON: Duration = Duration::from_secs(30);

/// A command that ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it answered.
    pub out: String,
    /// What it said beside the answer.
    pub errors: String,
}

/// Runs a command on a data folder.
pub async fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, &[], arguments).await
}

/// Runs a command on a data folder with these variables in its environment.
pub async fn run_with(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = program(folder);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = tokio::time::timeout(ENDS_MAX, command.output()).await.expect("it ends in time");
    let output = output.expect("it runs");
    Ran {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8(output.stdout).expect("it writes text"),
        errors: String::from_utf8(output.stderr).expect("it writes text"),
    }
}

impl Ran {
    /// The answer of a command that did what it should.
    pub fn well(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.errors);
        self.out
    }

    /// The answer, read as one JSON object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection to the database of a data folder, and the server behind it.
pub struct Behind {
    /// The connection, with all rights.
    pub client: Client,
    server: Server,
}

impl Behind {
    /// Attaches to the private server, or starts it where nothing else runs.
    pub async fn of(folder: &Path) -> Self {
        let server = Server::start_or_attach(&EmbeddedOptions::new(folder)).await;
        let server = server.expect("the private server runs");
        let (client, connection) = server.config().connect(NoTls).await.expect("it connects");
        tokio::spawn(connection);
        Self { client, server }
    }

    /// How many events there are.
    pub async fn head(&self) -> i64 {
        let row = self.client.query_one("select coalesce(max(position), 0) from events", &[]).await;
        row.expect("a row").get(0)
    }

    /// Where its socket is, and who may connect.
    pub fn config(&self) -> tokio_postgres::Config {
        self.server.config()
    }

    /// Lets go.
    pub async fn close(self) {
        drop(self.client);
        self.server.stop().await.expect("it lets go");
    }
}

/// Looks again and again until something is so.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(SOON, looking).await;
    found.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A mutation that must be granted; its payload.
pub async fn mutate(caller: &Caller, name: &str, input: Value) -> Value {
    let mut kind = name.to_owned();
    kind[..1].make_ascii_uppercase();
    let query = format!(
        "mutation ($input: {kind}Input!) {{
            {name}(input: $input) {{ position userErrors {{ code message }} }}
        }}"
    );
    let variables = serde_json::json!({ "input": input });
    let answer = caller.ask(&query, &variables).await.expect("an answer");
    let payload = answer["data"][name].clone();
    let granted = payload["userErrors"].as_array().is_some_and(Vec::is_empty);
    assert!(granted, "{name}: {answer}");
    payload
}

/// The lines of a replay.
pub async fn replayed(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["replay"], arguments].concat();
    let lines = run(folder, &arguments).await.well();
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}
