//! A desk to ask: the schema with all that it stands on, on a database of its own.

use allhours_api::{
    clock,
    desk::Desk,
    graphql::{
        Schema, build,
        id::Kind,
        limits::Limits,
        services::{Parts, Services},
        viewer::{Role, Viewer},
    },
};
use allhours_domain::ids::TenantId;
use allhours_eventstore::{
    keys::MasterKey,
    log::Log as _,
    pg::{PgLog, PgLogOptions},
    recorded::Position,
    tail::Tail,
    verify::verify,
};
use allhours_projections::{
    runner::{Runner, RunnerOptions},
    search::SearchIndex,
};
use allhours_tests::database::{TestDatabase, database};
use async_graphql::{Request, Response, Variables};
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Who signs people in at every such desk.
pub const ISSUER: &str = "https://id.example.com";
/// What is asked of every payload.
const PAYLOAD: &str = "position version repeated userErrors {
    code message field holder { id displayName { text } } currentVersion
    changedBy { kind agent { id } } changedAt
}";

/// A desk with one admin, a supervisor and two agents, all of them registered.
pub struct TestDesk {
    schema: Schema,
    log: PgLog,
    pub database: TestDatabase,
    pub tenant: TenantId,
    pub admin: Viewer,
    pub supervisor: Viewer,
    pub ada: Viewer,
    pub bob: Viewer,
    pub integration: Viewer,
    _runner: Runner<PgLog>,
    _index: (SearchIndex, TempDir),
}

/// The global id of what an agent is known by.
pub fn agent_id(viewer: &Viewer) -> String {
    Kind::Agent.id(viewer.id).to_string()
}

/// The code of the only user error.
pub fn code(payload: &Value) -> &str {
    assert_eq!(payload["userErrors"].as_array().map(Vec::len), Some(1), "{payload}");
    payload["userErrors"][0]["code"].as_str().expect("a code")
}

impl TestDesk {
    /// Opens it.
    pub async fn open() -> Self {
        let database = database().await;
        let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
        let key = MasterKey::generate().expect("a key");
        let log = PgLog::start((*database).clone(), key, options).await.expect("a log");
        let options = RunnerOptions::default();
        let runner = Runner::start((*database).clone(), log.clone(), options).await;
        let runner = runner.expect("projections");
        let folder = TempDir::new().expect("a folder");
        let index = SearchIndex::open(folder.path()).expect("an index");
        let services = Services::new(Parts {
            desk: Desk::new(log.clone()),
            log: log.clone(),
            tail: Tail::start(log.clone()).await.expect("a tail"),
            database: (*database).clone(),
            progress: runner.progress(),
            search: index.reader(),
            issuer: ISSUER.to_owned(),
        });
        let schema = build(services, Limits::default());
        let tenant = TenantId(clock::new_id());
        let viewer = |role| Viewer { tenant, role, id: clock::new_id() };
        let desk = Self {
            schema,
            log,
            database,
            tenant,
            admin: viewer(Role::Admin),
            supervisor: viewer(Role::Supervisor),
            ada: viewer(Role::Agent),
            bob: viewer(Role::Agent),
            integration: viewer(Role::Integration),
            _runner: runner,
            _index: (index, folder),
        };
        desk.set_up().await;
        desk
    }

    async fn set_up(&self) {
        let settings = json!({ "name": "Shoes", "defaultLanguage": "en", "reopenWithinHours": 72 });
        self.granted(&self.admin, "deskOpen", settings, "desk { name }").await;
        let people = [
            (&self.admin, "Grace"),
            (&self.supervisor, "Edsger"),
            (&self.ada, "Ada"),
            (&self.bob, "Bob"),
        ];
        for (person, name) in people {
            let input = json!({
                "personId": person.id, "displayName": name, "languages": ["en"], "capacityUnits": 5,
            });
            self.granted(&self.admin, "agentRegister", input, "agent { id }").await;
        }
    }

    /// Asks a document and gives the whole response.
    pub async fn ask(&self, viewer: &Viewer, document: &str, variables: Value) -> Value {
        let request = Request::new(document).variables(Variables::from_json(variables));
        let response = self.schema.execute(request.data(viewer.clone())).await;
        serde_json::to_value(response).expect("a response is JSON")
    }

    /// Begins a subscription.
    pub fn follow(&self, viewer: &Viewer, document: &str) -> BoxStream<'static, Response> {
        self.schema.execute_stream(Request::new(document).data(viewer.clone()))
    }

    /// Asks for a mutation and gives the whole response.
    pub async fn try_mutation(
        &self,
        viewer: &Viewer,
        mutation: &str,
        input: Value,
        object: &str,
    ) -> Value {
        let (first, rest) = mutation.split_at(1);
        let type_name = format!("{}{rest}Input", first.to_uppercase());
        let document = format!(
            "mutation($input: {type_name}!) {{ {mutation}(input: $input) {{ {object} {PAYLOAD} }} }}"
        );
        self.ask(viewer, &document, json!({ "input": input })).await
    }

    /// Carries out a mutation that is answered, granted or not, and gives its payload.
    pub async fn answered(
        &self,
        viewer: &Viewer,
        mutation: &str,
        input: Value,
        object: &str,
    ) -> Value {
        let response = self.try_mutation(viewer, mutation, input, object).await;
        assert_eq!(response.get("errors"), None, "{mutation}: {response:#}");
        response["data"][mutation].clone()
    }

    /// Carries out a mutation that is granted, and gives its payload.
    pub async fn granted(
        &self,
        viewer: &Viewer,
        mutation: &str,
        input: Value,
        object: &str,
    ) -> Value {
        let payload = self.answered(viewer, mutation, input, object).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
        payload
    }

    /// Carries out a mutation that a rule refuses, and gives the user error.
    pub async fn refused(
        &self,
        viewer: &Viewer,
        mutation: &str,
        input: Value,
        object: &str,
    ) -> Value {
        let payload = self.answered(viewer, mutation, input, object).await;
        code(&payload);
        payload["userErrors"][0].clone()
    }

    /// The code of the top-level error of a mutation that is not even looked at.
    pub async fn denied(&self, viewer: &Viewer, mutation: &str, input: Value) -> String {
        let response = self.try_mutation(viewer, mutation, input, "").await;
        let code = response["errors"][0]["extensions"]["code"].as_str();
        assert_ne!(code, None, "{mutation} was not denied: {response:#}");
        code.unwrap_or_default().to_owned()
    }

    /// The desk as another process has it: on the same log, with a memory of its own.
    pub fn elsewhere(&self) -> Desk<PgLog> {
        Desk::new(self.log.clone())
    }

    /// The positions of all events that verifying the log finds something about.
    pub async fn findings(&self) -> Vec<Option<Position>> {
        let verified = verify(&self.database, |_| ()).await.expect("the log can be read");
        verified.findings.iter().map(|finding| finding.position).collect()
    }

    /// The position of the last event.
    pub async fn head(&self) -> Position {
        self.log.head().await.expect("the log answers")
    }

    /// A customer, as the viewer they are when they sign in, with their global id.
    pub async fn customer(&self, name: &str) -> (Viewer, String) {
        let input = json!({ "displayName": name });
        let payload = self.granted(&self.ada, "customerIdentify", input, "customer { id }").await;
        let id = payload["customer"]["id"].as_str().expect("an id").to_owned();
        let uuid: Uuid = Kind::Customer.read(&id).expect("a customer's id");
        (Viewer { tenant: self.tenant, role: Role::Customer, id: uuid }, id)
    }

    /// A conversation that a customer began: its global id.
    pub async fn conversation(&self, customer: &Viewer, text: &str) -> String {
        let input = json!({ "text": text });
        let payload = self.granted(customer, "messageSend", input, "conversation { id }").await;
        payload["conversation"]["id"].as_str().expect("an id").to_owned()
    }

    /// What a conversation's messages say, oldest first: id, kind and text, for a viewer.
    pub async fn messages(&self, viewer: &Viewer, conversation: &str) -> Vec<[String; 3]> {
        let document = "query($id: ID!) { conversation(id: $id) {
            timeline(first: 100, messagesOnly: true) {
                nodes { message { id kind text { text state } } }
            }
        } }";
        let response = self.ask(viewer, document, json!({ "id": conversation })).await;
        assert_eq!(response.get("errors"), None, "{response:#}");
        let nodes = response["data"]["conversation"]["timeline"]["nodes"].clone();
        let message = |node: &Value| {
            let message = &node["message"];
            let text = match message["text"]["text"].as_str() {
                Some(text) => text.to_owned(),
                None => message["text"]["state"].as_str().unwrap_or_default().to_owned(),
            };
            let word = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            [word("id"), word("kind"), text]
        };
        nodes.as_array().expect("nodes").iter().map(message).collect()
    }
}
