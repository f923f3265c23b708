//! The schema with all that it stands on, for one test.

use std::{sync::Arc, time::Duration};

use allhours_api::{
    desk::Desk,
    graphql::{
        Schema, build,
        limits::Limits,
        services::{Parts, Services},
        viewer::{Role, Viewer},
    },
};
use allhours_domain::ids::TenantId;
use allhours_eventstore::{
    keys::MasterKey,
    pg::{PgLog, PgLogOptions},
    tail::Tail,
};
use allhours_projections::{
    runner::{Runner, RunnerOptions},
    search::SearchIndex,
};
use allhours_tests::database::{TestDatabase, database_with};
use async_graphql::{Request, Variables};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The schema of one test; ends with it.
pub struct Served {
    pub schema: Schema,
    pub services: Services,
    _runner: Arc<Runner<PgLog>>,
    pub database: TestDatabase,
    _folder: TempDir,
    stop: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The tenants that have a desk.
const TENANTS: [u128; 2] = [1, 2];

/// Who asks.
pub fn viewer(tenant: u128, role: Role, id: Uuid) -> Viewer {
    Viewer { tenant: TenantId(Uuid::from_u128(tenant)), role, id }
}

/// An administrator of a tenant.
pub fn admin(tenant: u128) -> Viewer {
    viewer(tenant, Role::Admin, Uuid::from_u128(1_000 + tenant))
}

impl Served {
    pub async fn new() -> Self {
        let options = allhours_eventstore::database::DatabaseOptions {
            owner_connections_max: 24,
            reader_connections_max: 8,
            ..Default::default()
        };
        let database = database_with(options).await;
        let key = MasterKey::generate().expect("a random source");
        let options = PgLogOptions { durable: false, ..PgLogOptions::default() };
        let log = PgLog::start((*database).clone(), key, options).await.expect("the log starts");
        let runner = Runner::start((*database).clone(), log.clone(), RunnerOptions::default());
        let runner = runner.await.expect("the projections start");
        let folder = tempfile::tempdir().expect("a folder");
        let index = SearchIndex::open(folder.path()).expect("nobody else owns it");
        let search = index.reader();
        let stop = CancellationToken::new();
        tokio::spawn(index.run(log.clone(), stop.clone()));
        let services = Services::new(Parts {
            desk: Desk::new(log.clone()),
            tail: Tail::start(log.clone()).await.expect("the tail starts"),
            log,
            database: (*database).clone(),
            progress: runner.progress(),
            search,
            issuer: String::new(),
        });
        let schema = build(services.clone(), Limits::default());
        let runner = Arc::new(runner);
        let served = Self { schema, services, _runner: runner, database, _folder: folder, stop };
        for tenant in TENANTS {
            let open = json!({ "name": "Shoes", "defaultLanguage": "en", "reopenWithinHours": 72 });
            served.granted(&admin(tenant), "deskOpen", "desk { name }", open).await;
        }
        served
    }

    /// The whole answer.
    pub async fn answer(&self, viewer: &Viewer, document: &str, variables: Value) -> Value {
        let request =
            Request::new(document).variables(Variables::from_json(variables)).data(viewer.clone());
        let answer = self.schema.execute(request);
        let answer = tokio::time::timeout(Duration::from_mins(1), answer).await;
        serde_json::to_value(answer.expect("an answer in time")).expect("an answer is JSON")
    }

    /// The data of an answer without errors.
    pub async fn data(&self, viewer: &Viewer, document: &str, variables: Value) -> Value {
        let answer = self.answer(viewer, document, variables).await;
        assert!(answer.get("errors").is_none(), "{document}: {answer}");
        answer["data"].clone()
    }

    /// The payload of a mutation that takes one input; `fields` are asked of its object.
    pub async fn mutate(&self, viewer: &Viewer, name: &str, object: &str, input: Value) -> Value {
        let capital = name[..1].to_uppercase() + &name[1..];
        let document = format!(
            "mutation($input: {capital}Input!) {{ {name}(input: $input) {{ \
             {object} position version repeated userErrors {{ code message field \
             currentVersion changedAt changedBy {{ kind }} holder {{ id }} }} }} }}"
        );
        self.data(viewer, &document, json!({ "input": input })).await[name].clone()
    }

    /// The payload of a mutation that must be granted.
    pub async fn granted(&self, viewer: &Viewer, name: &str, object: &str, input: Value) -> Value {
        let payload = self.mutate(viewer, name, object, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{name}: {payload}");
        payload
    }

    /// An open desk with a supervised agent; gives the agent as a viewer and its global id.
    pub async fn agent(&self, tenant: u128, number: u128) -> (Viewer, String) {
        let person = Uuid::from_u128(number);
        let payload = self
            .granted(
                &admin(tenant),
                "agentRegister",
                "agent { id }",
                json!({
                    "personId": person, "displayName": format!("Agent {number} canary"),
                    "languages": ["en"], "capacityUnits": 10,
                }),
            )
            .await;
        let id = payload["agent"]["id"].as_str().expect("an id").to_owned();
        (viewer(tenant, Role::Agent, person), id)
    }

    /// A customer's message through an integration; gives the intake object.
    pub async fn message(&self, tenant: u128, from: &str, external: &str, text: &str) -> Value {
        let integration = viewer(tenant, Role::Integration, Uuid::from_u128(5));
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": external, "raw": text,
            "from": from, "displayName": "Ada canary", "subject": "About canary", "text": text,
            "language": "en",
        });
        let object = "intake { id status deliveries conversationId messageId customerId }";
        let payload = self.granted(&integration, "intakeReceive", object, input).await;
        let mut intake = payload["intake"].clone();
        intake["position"] = payload["position"].clone();
        intake
    }
}
