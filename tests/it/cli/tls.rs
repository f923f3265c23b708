//! A PostgreSQL of one's own behind TLS: trusted by its authority's certificate, else refused.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use allhours_eventstore::embedded::Binaries;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::run::{run, run_with, until};

const NOBODY: u32 = 65_534;

/// A server that takes connections through TLS alone, with a certificate for `localhost`.
struct Encrypted {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Encrypted {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        let path = folder.path();
        certificates(path).await;
        let data = path.join("data");
        let programs = Binaries::find(None, None).expect("a server is installed").folder;
        if is_root(path) {
            // PostgreSQL does not run as root.
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("opened");
            for name in ["server.key", "server.pem"] {
                std::os::unix::fs::chown(path.join(name), Some(NOBODY), Some(NOBODY))
                    .expect("handed over");
            }
        }
        let mut initdb = command(&programs.join("initdb"), path);
        initdb.arg("--pgdata").arg(&data).args(["--username", "allhours", "--auth", "trust"]);
        initdb.args(["--no-sync", "--encoding", "UTF8", "--locale", "C"]);
        assert!(initdb.status().await.expect("initdb runs").success());
        fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")
            .expect("the rules");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut postgres = command(&programs.join("postgres"), path);
        postgres.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", ""]);
        let file = |name: &str| path.join(name).display().to_string();
        for setting in [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.pem")),
            format!("ssl_key_file={}", file("server.key")),
            "fsync=off".to_owned(),
        ] {
            postgres.args(["-c", &setting]);
        }
        let child = postgres.kill_on_drop(true).spawn().expect("postgres starts");
        Self { folder, port, child }
    }

    fn url(&self, host: &str, mode: &str) -> String {
        format!("postgres://allhours@{host}:{}/postgres?sslmode={mode}", self.port)
    }

    fn ca(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(asked.expect("kill runs").success());
        self.child.wait().await.expect("it ends");
    }
}

fn is_root(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.metadata().expect("it is there").uid() == 0
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if is_root(folder) {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// An authority, and a certificate of it for `localhost`.
async fn certificates(folder: &Path) {
    let steps = [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile names -out server.pem",
    ];
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("a file");
    for step in steps {
        let mut openssl = Command::new("openssl");
        openssl.args(step.split_whitespace()).current_dir(folder).stdin(Stdio::null());
        let output = openssl.output().await.expect("openssl runs");
        assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let key: PathBuf = folder.join("server.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("closed to others");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_ones_own_is_reached_through_tls_that_its_authority_vouches_for() {
    let encrypted = Encrypted::start().await;
    let folder = tempfile::tempdir().expect("a folder of our own");
    let data = folder.path();
    let ca = encrypted.ca();
    let trusting = [("ALLHOURS_DATABASE_TLS_CA_FILE", ca.as_str())];
    let url = encrypted.url("localhost", "require");
    until("it takes connections", async || {
        let ran = run_with(data, &trusting, &["migrate", "--database-url", &url]).await;
        (ran.code == 0).then_some(())
    })
    .await;
    run_with(data, &trusting, &["demo", "--database-url", &url]).await.well();
    let said = run_with(data, &trusting, &["replay", "--database-url", &url]).await.well();
    assert!(said.lines().count() > 50);
    assert!(!data.join("postgres").exists(), "no private server beside it");

    let unknown = run(data, &["replay", "--database-url", &url]).await;
    assert_eq!(unknown.code, 1, "an authority that nobody vouches for: {unknown:?}");
    assert!(unknown.errors.contains("certificate"), "{}", unknown.errors);
    let other = encrypted.url("127.0.0.1", "require");
    let other = run_with(data, &trusting, &["replay", "--database-url", &other]).await;
    assert_eq!(other.code, 1, "a certificate for another name: {other:?}");
    let clear = encrypted.url("localhost", "disable");
    let clear = run_with(data, &trusting, &["replay", "--database-url", &clear]).await;
    assert_eq!(clear.code, 1, "this server takes nothing in the clear: {clear:?}");
    encrypted.stop().await;
}
