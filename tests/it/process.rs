//! The program as a process: started, asked, killed.
#![expect(clippy::panic, reason = "a process that does not do what it should ends the test")]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::LazyLock,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

const READY_MAX: Duration = Duration::from_mins(1);
const ENDS_MAX: Duration = Duration::from_mins(2);

/// A command of the program on a data folder, to be completed and started.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_allhours-under-test"));
    command.arg("--data-dir").arg(folder).env_remove("DATABASE_URL").kill_on_drop(true);
    command
}

/// A serving process.
pub struct Served {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Served {
    /// Starts `serve` on a data directory, and waits until it is ready.
    pub async fn start(folder: &Path, more: &[&str]) -> Self {
        // The client wants one even where nothing is encrypted; another test may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
        let listen = format!("127.0.0.1:{}", port.expect("a port").port());
        let log = std::fs::File::create(folder.with_extension("log")).expect("a log file");
        let child = program(folder)
            .args(["serve", "--listen", &listen])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut served =
            Self { child, address: format!("http://{listen}"), folder: folder.to_owned() };
        served.wait_until_ready().await;
        served
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/readyz", self.address);
        let ready = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                    panic!("the server ended with {status}: {}", self.log());
                }
                if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ready = tokio::time::timeout(READY_MAX, ready).await;
        assert!(ready.is_ok(), "the server does not become ready: {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.with_extension("log")).unwrap_or_default()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it at once, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the process can be killed");
    }

    /// Asks it to end, and waits until it did so well.
    pub async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("kill runs").success());
        let ended = tokio::time::timeout(ENDS_MAX, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("it can be waited for");
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Runs a command on a data directory, which must succeed; gives what it wrote.
    pub async fn run(folder: &Path, arguments: &[&str]) -> String {
        let running = program(folder).args(arguments).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(ENDS_MAX, running).await.expect("it ends in time");
        let output = output.expect("it runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}: {errors}", output.status);
        String::from_utf8(output.stdout).expect("it writes text")
    }

    /// A token of the demo tenant.
    pub async fn token(&self, role: &str) -> String {
        let told = Self::run(&self.folder, &["token", "--tenant", "demo", "--role", role]).await;
        told.trim().to_owned()
    }

    /// The id of some open conversation of the demo.
    pub async fn open_conversation(&self, token: &str) -> String {
        let query = "{ conversations(first: 1, filter: {statuses: [OPEN]}) { nodes { id } } }";
        let answer =
            ask(&self.address, token, query, &json!({})).await.expect("the server answers");
        let id = answer["data"]["conversations"]["nodes"][0]["id"].as_str();
        id.unwrap_or_else(|| panic!("no open conversation: {answer}")).to_owned()
    }
}

/// One GraphQL request; an error where no whole answer came.
pub async fn ask(
    address: &str,
    token: &str,
    query: &str,
    variables: &Value,
) -> Result<Value, reqwest::Error> {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);
    let request = CLIENT
        .post(format!("{address}/graphql"))
        .bearer_auth(token)
        .timeout(Duration::from_secs(10))
        .json(&json!({ "query": query, "variables": variables }));
    request.send().await?.json().await
}
