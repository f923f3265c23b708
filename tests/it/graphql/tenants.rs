//! Tenants apart: every query, mutation and subscription of the schema, found by asking the
//! schema itself, is tried with another tenant's ids.

use std::time::Duration;

use allhours_api::graphql::{
    permissions,
    viewer::{Role, Viewer},
};
use async_graphql::{Request, Variables};
use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::served::{Served, admin, viewer};

const OURS: u128 = 1;
const THEIRS: u128 = 2;

pub const SCHEMA: &str = "{ __schema { types { name kind fields { name args { name type { ...T } } \
    type { ...T } } inputFields { name type { ...T } } enumValues { name } possibleTypes { name } \
    } } } fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind \
    name } } } }";

/// What the other tenant has.
pub struct Theirs {
    pub ids: Vec<(&'static str, String)>,
}

impl Theirs {
    pub fn id(&self, field: &str, argument: &str) -> String {
        let named = |word: &str| argument.to_lowercase().contains(word);
        let kind = match argument {
            _ if ["agent", "assignee", "author", "mention"].into_iter().any(named) => "agent",
            _ if named("team") => "team",
            _ if named("customer") => "customer",
            _ if named("article") => "article",
            _ if named("event") => "event",
            _ if named("intake") => "intake",
            _ if named("message") => "message",
            _ if named("address") => "identity",
            _ if named("conversation") || named("stream") => "conversation",
            _ => ["customer", "agent", "team", "article"]
                .into_iter()
                .find(|kind| field.starts_with(kind))
                .unwrap_or("conversation"),
        };
        let found = self.ids.iter().find(|(name, _)| *name == kind);
        found.expect("an id of every kind").1.clone()
    }
}

pub fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

pub fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

pub struct Asked<'a> {
    pub role: Role,
    pub types: &'a [Value],
    pub theirs: &'a Theirs,
    pub field: &'a str,
}

impl Asked<'_> {
    fn named(&self, name: &str) -> &Value {
        self.types.iter().find(|it| it["name"] == name).expect("a type of the schema")
    }

    /// A value of a type, with the other tenant's ids wherever an id fits.
    fn value(&self, of: &Value, argument: &str) -> Value {
        match text(of, "kind") {
            "NON_NULL" => self.value(&of["ofType"], argument),
            "LIST" => json!([self.value(&of["ofType"], argument)]),
            "ENUM" => self.named(text(of, "name"))["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => self.input(text(of, "name")),
            _ => match text(of, "name") {
                "ID" => json!(self.theirs.id(self.field, argument)),
                // Enough to find something of everybody.
                "Int" if self.field == "search" && argument == "first" => json!(20),
                "Int" | "Long" | "Float" => json!(1),
                "Position" => json!(0),
                "Boolean" => json!(true),
                "DateTime" => json!("2099-01-01T00:00:00Z"),
                "Date" => json!("2026-01-01"),
                "Language" => json!("en"),
                _ => json!("canary"),
            },
        }
    }

    fn input(&self, name: &str) -> Value {
        let fields = list(self.named(name), "inputFields");
        if name == "AsOf" || name == "FieldValueInput" {
            let first = &fields[0];
            return json!({ text(first, "name"): self.value(&first["type"], text(first, "name")) });
        }
        let needed = |it: &&Value| {
            // Customers may not ask by team, and find nothing of their own by an agent.
            let staffs = it["name"] == "teamId" || it["name"] == "authorId";
            if self.role == Role::Customer && staffs {
                return false;
            }
            let id = it["type"].to_string().contains("\"ID\"");
            it["type"]["kind"] == "NON_NULL" || id
        };
        let pairs = fields
            .iter()
            .filter(needed)
            .map(|it| (text(it, "name").to_owned(), self.value(&it["type"], text(it, "name"))));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    /// Everything of a type that needs no arguments, two levels deep.
    fn selection(&self, of: &Value, depth: u32) -> String {
        let mut inner = of;
        while inner["ofType"].is_object() {
            inner = &inner["ofType"];
        }
        match text(inner, "kind") {
            "INTERFACE" | "UNION" => {
                let kinds = list(self.named(text(inner, "name")), "possibleTypes");
                let spread = |it: &Value| {
                    let name = text(it, "name");
                    let own = json!({ "kind": "OBJECT", "name": name });
                    format!("... on {name} {}", self.selection(&own, depth.saturating_sub(1)))
                };
                format!("{{ __typename {} }}", kinds.iter().map(spread).collect::<String>())
            }
            "OBJECT" => {
                let of = text(inner, "name");
                let fields = list(self.named(of), "fields").iter();
                let fields = fields.filter(|it| {
                    let name = text(it, "name");
                    let may = || permissions::may(self.role, &format!("{of}.{name}"));
                    (permissions::is_open(of, name) || may())
                        && list(it, "args").iter().all(|it| it["type"]["kind"] != "NON_NULL")
                        && !list(it, "args").iter().any(|it| it["name"] == "first")
                });
                let part = |it: &Value| {
                    let kinds = it["type"].to_string();
                    let deep = kinds.contains("\"OBJECT\"") || kinds.contains("\"INTERFACE\"");
                    if deep && depth == 0 {
                        return String::new();
                    }
                    let below = self.selection(&it["type"], depth.saturating_sub(1));
                    format!("{} {below} ", text(it, "name"))
                };
                format!("{{ __typename {} }}", fields.map(part).collect::<String>())
            }
            _ => String::new(),
        }
    }

    pub fn document(&self, operation: &str, field: &Value) -> (String, Value) {
        let (mut declared, mut passed, mut variables) = (Vec::new(), Vec::new(), Map::new());
        for argument in list(field, "args") {
            let name = text(argument, "name");
            let is_id = argument["type"].to_string().contains("\"ID\"");
            // From the beginning, a subscription has something to say at once.
            let resumes = operation == "subscription" && name == "after";
            if argument["type"]["kind"] == "NON_NULL" || is_id || name == "first" || resumes {
                declared.push(format!("${name}: {}", written(&argument["type"])));
                passed.push(format!("{name}: ${name}"));
                variables.insert(name.to_owned(), self.value(&argument["type"], name));
            }
        }
        let arguments =
            if passed.is_empty() { String::new() } else { format!("({})", passed.join(", ")) };
        let heading =
            if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let selection = self.selection(&field["type"], 2);
        let name = text(field, "name");
        let document = format!("{operation}{heading} {{ {name}{arguments} {selection} }}");
        (document, Value::Object(variables))
    }
}

fn written(of: &Value) -> String {
    match text(of, "kind") {
        "NON_NULL" => format!("{}!", written(&of["ofType"])),
        "LIST" => format!("[{}]", written(&of["ofType"])),
        _ => text(of, "name").to_owned(),
    }
}

pub async fn theirs(served: &Served) -> Theirs {
    let boss = admin(THEIRS);
    let (_, agent) = served.agent(THEIRS, 21).await;
    let intake = served.message(THEIRS, "eve@example.org", "t1", "their canary").await;
    let get = |value: &Value| value.as_str().expect("an id").to_owned();
    let team = served.granted(&boss, "teamCreate", "team { id }", json!({ "name": "Canaries" }));
    let team = get(&team.await["team"]["id"]);
    let member = json!({ "teamId": team, "agentId": agent });
    served.granted(&boss, "teamAddMember", "team { id }", member).await;
    let to = json!({ "conversationId": intake["conversationId"], "teamId": team });
    served.granted(&boss, "conversationMoveToTeam", "conversation { id }", to).await;
    let draft = json!({ "locale": "en", "title": "A canary", "body": "canary" });
    let article = served.granted(&boss, "articleDraft", "article { id }", draft).await;
    let events = "{ events(first: 1) { nodes { id } } }";
    let event = served.data(&boss, events, json!({})).await;
    let customer = "query($id: ID!) { customer(id: $id) { addresses { id } } }";
    let address = served.data(&boss, customer, json!({ "id": intake["customerId"] })).await;
    Theirs {
        ids: vec![
            ("agent", agent),
            ("team", team),
            ("customer", get(&intake["customerId"])),
            ("conversation", get(&intake["conversationId"])),
            ("message", get(&intake["messageId"])),
            ("intake", get(&intake["id"])),
            ("article", get(&article["article"]["id"])),
            ("event", get(&event["events"]["nodes"][0]["id"])),
            ("identity", get(&address["customer"]["addresses"][0]["id"])),
        ],
    }
}

async fn their_events(served: &Served) -> Value {
    let newest = "{ events(last: 1) { nodes { position } } }";
    served.data(&admin(THEIRS), newest, json!({})).await
}

/// The owner's first frame of a subscription to this field, while things happen at their desk.
async fn own_frame(
    served: &Served,
    theirs: &Theirs,
    field: &str,
    document: &str,
    variables: Value,
) -> Value {
    let variables = Variables::from_json(variables);
    let request = Request::new(document).variables(variables).data(admin(THEIRS));
    let mut frames = served.schema.execute_stream(request);
    for number in 0_u32..200 {
        if let Ok(frame) = tokio::time::timeout(Duration::from_millis(50), frames.next()).await {
            return serde_json::to_value(frame.expect(document)).expect("a frame is JSON");
        }
        // Each is waited for: what is under way when the frame comes would be written after it.
        let external = format!("{field} {number}");
        served.message(THEIRS, "eve@example.org", &external, "And another thing.").await;
        let presence = if number % 2 == 0 { "AWAY" } else { "ONLINE" };
        let there = json!({ "agentId": theirs.id("", "agentId"), "presence": presence });
        served.granted(&admin(THEIRS), "agentSetPresence", "agent { id }", there).await;
    }
    unreachable!("no frame came for {document}")
}

async fn first_frame(served: &Served, who: &Viewer, document: &str, variables: Value) -> String {
    let request =
        Request::new(document).variables(Variables::from_json(variables)).data(who.clone());
    let mut frames = served.schema.execute_stream(request);
    match tokio::time::timeout(Duration::from_millis(300), frames.next()).await {
        Ok(Some(frame)) => serde_json::to_string(&frame).expect("a frame is JSON"),
        Ok(None) | Err(_) => String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_schema_reaches_another_tenant() {
    let served = Served::new().await;
    let theirs = theirs(&served).await;
    let schema = served.data(&admin(OURS), SCHEMA, json!({})).await;
    let types = list(&schema["__schema"], "types");
    let mut before = their_events(&served).await;
    let (mut tried, mut answered) = (0, 0);
    for (operation, root) in
        [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")]
    {
        let root = types.iter().find(|it| it["name"] == root).expect("a root");
        for field in list(root, "fields") {
            let name = text(field, "name");
            if operation == "subscription" {
                // The others see nothing of what its owner is told of.
                let asked = Asked { role: Role::Admin, types, theirs: &theirs, field: name };
                let (document, variables) = asked.document(operation, field);
                let frame = own_frame(&served, &theirs, name, &document, variables);
                let frame = Box::pin(frame).await;
                assert!(frame["data"].is_object(), "{document}: {frame}");
                before = their_events(&served).await;
            }
            for role in Role::ALL {
                let asked = Asked { role: *role, types, theirs: &theirs, field: name };
                let (document, variables) = asked.document(operation, field);
                let who = viewer(OURS, *role, Uuid::from_u128(900));
                let answer = if operation == "subscription" {
                    first_frame(&served, &who, &document, variables.clone()).await
                } else {
                    let answer = served.answer(&who, &document, variables.clone()).await;
                    answered += u32::from(answer.get("errors").is_none());
                    answer.to_string()
                };
                tried += 1;
                assert!(!answer.contains("Unknown"), "{document}: {answer}");
                let leaks = ["their canary", "Canaries", "A canary", "Ada canary", "21 canary"];
                let leak = leaks.iter().find(|leak| answer.contains(*leak));
                assert!(leak.is_none(), "{leak:?} by {document} as {role:?}: {answer}");
                let id = theirs.ids.iter().find(|(_, id)| answer.contains(id.as_str()));
                assert!(id.is_none(), "{id:?} by {document} as {role:?}: {answer}");
            }
        }
    }
    assert!(tried > 500 && answered > 100, "{answered} of {tried}");
    assert_eq!(their_events(&served).await, before, "something was written for them");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_global_id_of_any_kind_leads_to_another_tenant() {
    let served = Served::new().await;
    let theirs = theirs(&served).await;
    let ids = json!(theirs.ids.iter().map(|(_, id)| id).collect::<Vec<_>>());
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let found = served.data(&admin(THEIRS), nodes, json!({ "ids": ids })).await;
    let found = list(&found, "nodes").iter().filter(|it| it.is_object()).count();
    assert!(found >= 7, "their own see {found} of {}", theirs.ids.len());
    for role in Role::ALL {
        let who = viewer(OURS, *role, Uuid::from_u128(900));
        let answer = served.answer(&who, nodes, json!({ "ids": ids })).await;
        let seen = list(&answer["data"], "nodes").iter().any(Value::is_object);
        assert!(!seen, "{answer} as {role:?}");
        for (kind, id) in &theirs.ids {
            let one = "query($id: ID!) { node(id: $id) { __typename id } }";
            let answer = served.answer(&who, one, json!({ "id": id })).await;
            assert!(!answer["data"]["node"].is_object(), "{kind} as {role:?}: {answer}");
            let follow = "subscription($ids: [ID!]!) { nodesChanged(ids: $ids, after: 0) { id } }";
            let frame = first_frame(&served, &who, follow, json!({ "ids": [id] })).await;
            assert!(frame.contains("errors"), "{kind} as {role:?}: {frame}");
        }
    }
}
