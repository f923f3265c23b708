//! The program as its users run it: a process of its own, release build, embedded PostgreSQL.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

const READY_MAX: Duration = Duration::from_mins(2);

/// A serving process.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from the start of the process to the first yes of `/readyz`.
    pub ready_after: Duration,
    folder: PathBuf,
}

/// The program beside this one, as `scripts/bench` builds both.
fn program(folder: &Path) -> Command {
    let bench = std::env::current_exe().expect("this program has a path");
    let program = bench.with_file_name("allhours");
    assert!(program.exists(), "{} is not built; run scripts/bench", program.display());
    let mut command = Command::new(program);
    command.arg("--data-dir").arg(folder).env_remove("DATABASE_URL").kill_on_drop(true);
    for limit in ["TOKEN", "TOKEN_COST", "TENANT", "ADDRESS"] {
        command.env(format!("ALLHOURS_LIMITS_{limit}_PER_MINUTE"), "0");
    }
    command
}

impl Served {
    /// Starts `serve`, and waits until it is ready.
    pub async fn start(folder: &Path, more: &[&str]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("a port");
        drop(free);
        let started = Instant::now();
        let child = program(folder)
            .args(["serve", "--listen", &address.to_string()])
            .args(more)
            .env("ALLHOURS_TELEMETRY_LOG_FILTER", "warn")
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts");
        let ready = format!("http://{address}/readyz");
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(started.elapsed() < READY_MAX, "the server does not become ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { child, address, ready_after: started.elapsed(), folder: folder.to_owned() }
    }

    /// A token of the demo tenant.
    pub async fn token(&self, role: &str) -> String {
        self.token_of("demo", role).await
    }

    /// A token of a tenant.
    pub async fn token_of(&self, tenant: &str, role: &str) -> String {
        let told = program(&self.folder)
            .args(["token", "--tenant", tenant, "--role", role])
            .output()
            .await
            .expect("the program runs");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).expect("a token is text").trim().to_owned()
    }

    /// The most memory it ever held, in MB, without PostgreSQL (`VmHWM` of the process).
    pub fn memory_mb_max(&self) -> f64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024.0
    }

    /// Asks it to end, and waits.
    pub async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("kill runs").success());
        self.child.wait().await.expect("it can be waited for");
    }
}
