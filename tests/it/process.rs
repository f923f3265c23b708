//! The program as a process: started, asked, signalled, killed.
#![expect(clippy::panic, reason = "a process that does not do what it should ends the test")]

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const READY_MAX: Duration = Duration::from_mins(1);
const ENDS_MAX: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);

/// A command of the program on a data folder, with its usual settings, to be completed and started.
pub fn program(folder: &Path) -> Command {
    Place { environment: Vec::new(), ..Place::new(folder) }.program()
}

/// A folder of one test, that PostgreSQL's user may pass through.
pub fn home() -> TempDir {
    let open = fs::Permissions::from_mode(0o711);
    tempfile::Builder::new().permissions(open).tempdir().expect("a folder of our own")
}

/// Waits until something is so; what was seen last is told where it never is.
pub async fn wait_until<F: Future<Output = Result<(), String>>>(
    most: Duration,
    mut looked: impl FnMut() -> F,
) {
    let mut last = String::new();
    let so = async {
        while let Err(why) = looked().await {
            last = why;
            tokio::time::sleep(POLL).await;
        }
    };
    let so = tokio::time::timeout(most, so).await;
    assert!(so.is_ok(), "not so after {} s: {last}", most.as_secs());
}

/// What the program works on, and with which settings.
#[derive(Debug, Clone)]
pub struct Place {
    data: PathBuf,
    url: Option<String>,
    environment: Vec<(&'static str, String)>,
    /// What starts the program, where that is not we ourselves.
    starter: Vec<String>,
}

impl Place {
    /// A data directory, with a PostgreSQL of its own inside.
    pub fn new(data: &Path) -> Self {
        let limits = [
            "ALLHOURS_LIMITS_TOKEN_PER_MINUTE",
            "ALLHOURS_LIMITS_TOKEN_COST_PER_MINUTE",
            "ALLHOURS_LIMITS_TENANT_PER_MINUTE",
            "ALLHOURS_LIMITS_ADDRESS_PER_MINUTE",
        ];
        let environment = limits.map(|limit| (limit, "0".to_owned())).to_vec();
        Self { data: data.to_owned(), url: None, environment, starter: Vec::new() }
    }

    /// On this database instead.
    pub fn on(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// With this setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Started by this program, which ends up as ours.
    pub fn started_by(mut self, starter: Vec<String>) -> Self {
        self.starter = starter;
        self
    }

    /// Another data directory with the same keys.
    pub fn beside(&self, data: &Path) -> Self {
        fs::create_dir(data).expect("a folder for the other process");
        for key in ["master.key", "token-key.p8", "checkpoint-key.p8"] {
            fs::copy(self.data.join(key), data.join(key)).expect("the first process made its keys");
        }
        Self { data: data.to_owned(), ..self.clone() }
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn program(&self) -> Command {
        let ours = env!("CARGO_BIN_EXE_allhours-under-test").to_owned();
        let words: Vec<&String> = self.starter.iter().chain([&ours]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg("--data-dir").arg(&self.data);
        command.env_remove("DATABASE_URL").kill_on_drop(true);
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end, however that is.
    pub async fn output(&self, arguments: &[&str]) -> Output {
        let running = self.program().args(arguments).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(ENDS_MAX, running).await.expect("it ends in time");
        output.expect("it runs")
    }

    /// Runs a command, which must succeed; gives what it wrote.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        let (said, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}: {said}{errors}", output.status);
        said
    }

    /// Everything holds: the log, the projections, the index.
    pub async fn verify(&self) {
        let said = self.run(&["verify"]).await;
        assert!(said.contains("All holds."), "{said}");
    }

    /// The positions of all notes that people wrote.
    pub async fn notes(&self) -> Vec<i64> {
        self.written("conversation.note_added").await
    }

    /// The positions of all events with such a name that people caused.
    pub async fn written(&self, name: &str) -> Vec<i64> {
        let events = self.replay(&format!("type={name},tenant=demo")).await;
        let of_people = events.iter().filter(|event| {
            event.whole["actor"].as_str().is_some_and(|it| it.starts_with("person:"))
        });
        of_people.map(|event| event.position).collect()
    }

    /// The events that fit, oldest first.
    pub async fn replay(&self, filter: &str) -> Vec<Event> {
        let lines = self.run(&["replay", "--where", filter]).await;
        let events = lines.lines().map(|line| {
            let whole: Value = serde_json::from_str(line).expect("a line of JSON");
            Event { position: whole["position"].as_i64().expect("a position"), whole }
        });
        events.collect()
    }

    /// A token for somebody of a tenant.
    pub async fn token(&self, tenant: &str, role: &str) -> String {
        let token = self.run(&["token", "--tenant", tenant, "--role", role]).await;
        token.trim().to_owned()
    }

    /// Starts `serve`, and waits until it is ready.
    pub async fn serve(&self, more: &[&str]) -> Served {
        let mut served = self.begin_to_serve(more);
        served.wait_until_ready().await;
        served
    }

    /// Starts `serve`.
    pub fn begin_to_serve(&self, more: &[&str]) -> Served {
        // The client wants one even where nothing is encrypted; another test may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
        let listen = format!("127.0.0.1:{}", port.expect("a port").port());
        let log = fs::File::create(self.data.with_extension("log")).expect("a log file");
        let child = self
            .program()
            .args(["serve", "--listen", &listen])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let client = reqwest::Client::new();
        Served { child, client, address: format!("http://{listen}"), place: self.clone() }
    }
}

/// An event as `replay` writes it.
#[derive(Debug)]
pub struct Event {
    /// Where it stands.
    pub position: i64,
    /// All of it.
    pub whole: Value,
}

impl Event {
    /// Its stored name.
    pub fn name(&self) -> &str {
        self.whole["type"].as_str().expect("a name")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A serving process.
pub struct Served {
    child: Child,
    client: reqwest::Client,
    address: String,
    place: Place,
}

impl Served {
    /// Starts `serve` on a data directory with a PostgreSQL inside, and waits until it is ready.
    pub async fn start(data: &Path, more: &[&str]) -> Self {
        Place::new(data).serve(more).await
    }

    /// Waits until it is ready.
    pub async fn wait_until_ready(&mut self) {
        let ready = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                    panic!("the server ended with {status}: {}", self.log());
                }
                let told = self.ready().await;
                if told.is_ok_and(|(status, _)| status == 200) {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let ready = tokio::time::timeout(READY_MAX, ready).await;
        assert!(ready.is_ok(), "the server does not become ready: {}", self.log());
    }

    /// What `/readyz` says.
    pub async fn ready(&self) -> Result<(u16, Value), reqwest::Error> {
        let answer = self.client.get(format!("{}/readyz", self.address)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// A figure of `/metrics`, summed over its labels that hold `label`.
    pub async fn figure(&self, name: &str, label: &str) -> f64 {
        let answer = self.client.get(format!("{}/metrics", self.address)).send().await;
        let text = answer.expect("metrics").text().await.expect("metrics are text");
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.place.data.with_extension("log")).unwrap_or_default()
    }

    /// What it works on.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The memory that it holds just now, in MB, without PostgreSQL.
    pub fn memory_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024.0
    }

    /// Sends it a signal.
    pub async fn signal(&self, name: &str) {
        signal(self.process(), name).await;
    }

    /// Ends it at once, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the process can be killed");
    }

    /// Asks it to end, and waits until it did so well.
    pub async fn stop(self) {
        self.signal("TERM").await;
        self.ends_well().await;
    }

    /// Waits until it has ended well.
    pub async fn ends_well(mut self) {
        let ended = tokio::time::timeout(ENDS_MAX, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("it can be waited for");
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Somebody of the demo tenant who asks this server.
    pub async fn caller(&self, role: &str) -> Caller {
        self.caller_with(&self.place.token("demo", role).await)
    }

    /// Somebody who asks this server with this token.
    pub fn caller_with(&self, token: &str) -> Caller {
        let (client, address) = (self.client.clone(), self.address.clone());
        Caller { client, address, token: token.to_owned() }
    }
}

/// Sends a signal to a process.
pub async fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.await.expect("kill runs").success(), "{name} to {process}");
}

/// Somebody who asks a server.
#[derive(Debug, Clone)]
pub struct Caller {
    client: reqwest::Client,
    address: String,
    token: String,
}

impl Caller {
    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// One GraphQL request; an error where no whole answer came.
    pub async fn ask(&self, query: &str, variables: &Value) -> Result<Value, reqwest::Error> {
        let request = self
            .client
            .post(format!("{}/graphql", self.address))
            .bearer_auth(&self.token)
            // Over the server's own deadline, so that it is the one to give up.
            .timeout(Duration::from_secs(20))
            .json(&json!({ "query": query, "variables": variables }));
        request.send().await?.json().await
    }

    /// The data of an answer without errors.
    pub async fn data(&self, query: &str, variables: &Value) -> Value {
        let mut answer = self.ask(query, variables).await.expect("the server answers");
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// The ids of open conversations of the demo, as many as are wanted.
    pub async fn open_conversations(&self, count: usize) -> Vec<String> {
        let query = "query ($first: Int!) { conversations(first: $first, \
            filter: {statuses: [OPEN]}) { nodes { id } } }";
        let data = self.data(query, &json!({ "first": count })).await;
        let nodes = data["conversations"]["nodes"].as_array().expect("a list");
        let ids = nodes.iter().filter_map(|node| node["id"].as_str()).map(str::to_owned);
        let ids: Vec<String> = ids.collect();
        assert_eq!(ids.len(), count, "the demo has too few open conversations");
        ids
    }
}
