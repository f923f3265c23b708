//! The whole desk over HTTP, as the audit suite, real clients and a real browser see it.

mod conventions;

use std::{process::Stdio, sync::Arc, time::Duration};

use allhours_api::{
    auth::{LocalKey, local::Grant},
    clock,
    config::{self, Overrides, Settings},
    demo,
    graphql::viewer::Role,
    server::{Listeners, Server},
    telemetry,
};
use serde_json::Value;
use tokio::{net::TcpListener, process::Command, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long one program of the clients may take.
const CLIENT_MAX: Duration = Duration::from_mins(2);

/// A server with the demo tenant, in this process, on a database of its own.
pub(crate) struct Desk {
    pub(crate) address: String,
    settings: Arc<Settings>,
    stop: CancellationToken,
    served: JoinHandle<()>,
    folder: tempfile::TempDir,
}

pub(crate) async fn desk() -> Desk {
    desk_with(&[]).await
}

/// With these settings as well.
pub(crate) async fn desk_with(more: &[(&'static str, &str)]) -> Desk {
    let database = allhours_tests::database::database().await;
    let folder = tempfile::tempdir().expect("a folder of our own");
    let host = database.config().get_hosts().iter().find_map(|host| match host {
        tokio_postgres::config::Host::Unix(path) => Some(path.display().to_string()),
        tokio_postgres::config::Host::Tcp(_) => None,
    });
    let host = host.expect("the test server has a socket");
    let name = database.config().get_dbname().expect("the database has a name");
    let user = database.config().get_user().expect("the database has a user");
    let mut settings = vec![
        ("database.url", format!("host='{host}' dbname='{name}' user='{user}'")),
        ("data.dir", folder.path().display().to_string()),
    ];
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let overrides = Overrides { file: None, settings };
    let settings = Arc::new(config::load(&overrides, &environment()).expect("the settings fit"));
    let metrics = telemetry::count().expect("metrics are counted");
    let opened = Server::open(Arc::clone(&settings), metrics).await.expect("the desk opens");
    demo::make(&opened.program().desk).await.expect("the demo is made");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of our own");
    let address = format!("http://{}", listener.local_addr().expect("the port is known"));
    let stop = CancellationToken::new();
    let asked = stop.clone().cancelled_owned();
    let served = tokio::spawn(async move {
        opened
            .serve(Listeners { main: listener, admin: None }, asked)
            .await
            .expect("the server ends well");
    });
    Desk { address, settings, stop, served, folder }
}

/// Only what says where files are fetched to.
fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name == "HOME" || name == "XDG_CACHE_HOME").collect()
}

impl Desk {
    pub(crate) fn token(&self, role: Role) -> String {
        let key = LocalKey::open(self.folder.path()).expect("the key was made");
        let tenant = allhours_api::tenant::tenant_id(demo::TENANT);
        let subject = demo::subject_of(tenant, role);
        let grant = Grant { tenant: demo::TENANT.to_owned(), role, subject, ttl_s: 600 };
        key.sign(&self.settings.auth, &grant, clock::now())
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.served.await.expect("the server did not panic");
    }

    /// Runs one of the programs in `tests/clients`, and gives what it wrote to stdout.
    async fn client(&self, program: &str, arguments: &[&str]) -> String {
        let folder = said(&mut Command::new("../scripts/clients")).await;
        let mut node = Command::new("node");
        node.current_dir(folder.trim()).arg(program).arg(&self.address);
        said(node.arg(self.token(Role::Admin)).args(arguments)).await
    }

    pub(crate) async fn ask(&self, role: Role, query: &str) -> Value {
        let answer = self.post(role, &serde_json::json!({"query": query}), &[]).await;
        answer.json().await.expect("the answer is JSON")
    }

    /// The answer to a body sent with these headers.
    pub(crate) async fn post(
        &self,
        role: Role,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        let mut request = reqwest::Client::new().post(format!("{}/graphql", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.bearer_auth(self.token(role)).json(body).send().await;
        answer.expect("the server answers")
    }
}

async fn said(command: &mut Command) -> String {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(CLIENT_MAX, running).await.expect("it ends in time");
    let output = output.expect("it runs");
    let (out, err) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    );
    String::from_utf8_lossy(out).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_audit_of_graphql_over_http_passes() {
    let desk = desk().await;
    let said = desk.client("audit.mjs", &[]).await;
    let counts: Value = serde_json::from_str(&said).expect("the audit counts");
    assert_eq!((&counts["audits"], &counts["ok"]), (&61.into(), &61.into()), "{said}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_clients_ask_and_are_told_what_happens() {
    let desk = desk().await;
    let query = "{ viewer { __typename } }";
    let subscription = "subscription { events { position } }";
    let mutation = "mutation($key: String!) { teamCreate(input: { name: $key, \
                    idempotencyKey: $key }) { userErrors { message } } }";
    let told = desk.client("clients.mjs", &[query, subscription, mutation]).await;
    assert_eq!(told.lines().filter(|line| line.ends_with(": ok")).count(), 4, "{told}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_explorer_works_in_a_real_browser_without_anything_from_elsewhere() {
    let desk = desk().await;
    said(&mut Command::new("../scripts/explorer")).await;
    let find = ". scripts/lib.sh && need_chromium";
    let chromium = said(Command::new("bash").args(["-c", find]).current_dir("..")).await;
    let chromium = said(Command::new("which").arg(chromium.trim())).await;
    let told = desk.client("explore.mjs", &[chromium.trim()]).await;
    assert!(told.contains("the explorer answers"), "{told}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_with_data_is_ready_and_answers_each_role() {
    let desk = desk().await;
    let ready = format!("{}/readyz", desk.address);
    let mut last = String::new();
    for _ in 0..200 {
        let answer = reqwest::get(&ready).await.expect("the server answers");
        let well = answer.status().is_success();
        last = answer.text().await.expect("the reasons are told");
        if well {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(last.contains(r#""status":"ready""#), "{last}");
    for role in Role::ALL {
        let answer = desk.ask(*role, "{ __typename }").await;
        assert_eq!(answer["data"]["__typename"], "Query", "{role:?}: {answer}");
    }
    desk.stop().await;
}

/// What breaks callers of the released schema in another one, a line for each change.
async fn broken(folder: &std::path::Path, served: &str) -> Vec<String> {
    let clients = said(&mut Command::new("../scripts/clients")).await;
    let file = folder.join("served.graphql");
    std::fs::write(&file, served).expect("the schema can be written");
    let mut node = Command::new("node");
    node.arg(format!("{}/breaking.mjs", clients.trim()));
    let told = said(node.arg("../api/schema.released.graphql").arg(&file)).await;
    told.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn nothing_that_callers_of_the_released_schema_stand_on_is_taken_away() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let served = allhours_api::graphql::sdl();
    assert_eq!(broken(folder.path(), &served).await, [""; 0]);

    // The gate closes for what goes, for what changes its kind, and for what is newly asked.
    for (what, with, change) in [
        ("\tmergedInto: Customer\n", "\tnowIn: Customer\n", "FIELD_REMOVED: Customer.mergedInto"),
        ("\tmessageCount: Int!", "\tmessageCount: Int", "FIELD_CHANGED_KIND: Conversation."),
        ("\tSNOOZED\n", "\tDOZING\n", "VALUE_REMOVED_FROM_ENUM: SNOOZED"),
        ("\tmessagesOnly: Boolean", "\twrittenOnly: Boolean", "ARG_REMOVED: Conversation.timeline"),
        ("\tteamId: ID!\n", "\tteamId: ID!\n\tmore: Int!\n", "REQUIRED_INPUT_FIELD_ADDED"),
    ] {
        assert!(served.contains(what), "{what} is not in the schema");
        let found = broken(folder.path(), &served.replace(what, with)).await;
        assert!(found.iter().any(|it| it.starts_with(change)), "{change}: {found:?}");
    }
}
