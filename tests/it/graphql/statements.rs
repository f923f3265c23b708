//! What reads cost: every list of the schema, and everything that can be asked of its rows, found
//! by asking the schema itself, takes the same number of statements for 5 rows and for 50.

use std::{collections::BTreeSet, sync::Arc};

use allhours_api::{
    clock,
    graphql::{build, id::Kind, limits::Limits, viewer::Role},
};
use async_graphql::{Request, Variables};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    served::{Served, admin, viewer},
    tenants::{SCHEMA, list, text},
};

const TENANT: u128 = 1;
const FEW: usize = 5;
const MANY: usize = 50;
/// How far below a row is asked.
const HOPS: u32 = 2;
/// How often a document is tried that took more statements than it should: other parts of the
/// program read the log now and then, which only adds.
const TRIES: u32 = 5;

/// What has a global id, in the order in which a row is made.
const KINDS: &[&str] = &["Agent", "Team", "Customer", "Conversation", "Intake", "Article", "Event"];

/// Events that customers and programs caused.
const MESSAGES: &str = "filter: { names: [\"conversation.customer_message_received\"] }";

/// The named type within a type of the schema.
fn inner(of: &Value) -> &Value {
    let mut inner = of;
    while inner["ofType"].is_object() {
        inner = &inner["ofType"];
    }
    inner
}

fn is_list(of: &Value) -> bool {
    text(of, "kind") == "LIST" || (of["ofType"].is_object() && is_list(&of["ofType"]))
}

/// A question about one row, and which fields it goes through.
#[derive(Debug, Clone)]
struct Below {
    fields: Vec<String>,
    selection: String,
}

struct Schema {
    types: Vec<Value>,
}

impl Schema {
    fn named(&self, name: &str) -> &Value {
        self.types.iter().find(|it| it["name"] == name).expect("a type of the schema")
    }

    fn fields(&self, name: &str) -> &[Value] {
        list(self.named(name), "fields")
    }

    /// What stands in the rows of a list, and what of it leads there.
    fn rows<'s>(&'s self, of: &'s Value) -> Option<(&'static str, &'s str)> {
        let name = text(inner(of), "name");
        if text(inner(of), "kind") != "OBJECT" && text(inner(of), "kind") != "INTERFACE" {
            return None;
        }
        if name.ends_with("Connection") {
            let nodes = self.fields(name).iter().find(|it| it["name"] == "nodes");
            return Some(("nodes", text(inner(&nodes.expect("nodes")["type"]), "name")));
        }
        if is_list(of) {
            return Some(("", name));
        }
        let hits = self.fields(name).iter().find(|it| it["name"] == "hits")?;
        Some(("hits", text(inner(&hits["type"]), "name")))
    }

    /// All that a type says by itself.
    fn plain(&self, name: &str) -> String {
        let plain = self.fields(name).iter().filter(|it| {
            matches!(text(inner(&it["type"]), "kind"), "SCALAR" | "ENUM")
                && list(it, "args").iter().all(|it| text(&it["type"], "kind") != "NON_NULL")
        });
        let mut all = "__typename ".to_owned();
        all.extend(plain.map(|it| format!("{} ", text(it, "name"))));
        all
    }

    /// The ways to ask for a field: plainly, and as of a point in the past.
    fn ways(field: &Value, first: &str) -> Vec<String> {
        let names: Vec<&str> = list(field, "args").iter().map(|it| text(it, "name")).collect();
        let mut arguments = Vec::new();
        for name in &names {
            match *name {
                "first" => arguments.push(format!("first: {first}")),
                "text" => arguments.push("text: \"canary\", order: NEWEST".to_owned()),
                "mergedToo" | "retiredToo" => arguments.push(format!("{name}: true")),
                "filter" if text(field, "name") == "events" => arguments.push(MESSAGES.to_owned()),
                "filter" if text(field, "name") == "conversations" => {
                    arguments.push("filter: { mergedToo: true }".to_owned());
                }
                _ => {}
            }
        }
        let written = |more: Option<&str>| {
            let all: Vec<_> = arguments.iter().map(String::as_str).chain(more).collect();
            if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
        };
        if text(field, "name") == "search" {
            let kinds = ["MESSAGE", "ARTICLE", "CUSTOMER"];
            let kinds = kinds.map(|kind| format!("filter: {{ kinds: [{kind}] }}"));
            return kinds.iter().map(|filter| written(Some(filter))).collect();
        }
        let mut ways = vec![written(None)];
        if names.contains(&"asOf") {
            ways.push(written(Some("asOf: { position: $position }")));
            ways.push(written(Some("asOf: { instant: $instant }")));
        }
        ways
    }

    /// Every question about what one row leads to, one field at a time.
    fn below(&self, name: &str, hops: u32) -> Vec<Below> {
        if text(self.named(name), "kind") == "INTERFACE" {
            let kinds = list(self.named(name), "possibleTypes").iter();
            return kinds.flat_map(|kind| self.on(text(kind, "name"), hops)).collect();
        }
        let plain = Below { fields: Vec::new(), selection: self.plain(name) };
        let mut all = vec![plain];
        if hops == 0 {
            return all;
        }
        for field in self.fields(name) {
            let kind = text(inner(&field["type"]), "kind");
            if kind != "OBJECT" && kind != "INTERFACE" {
                for way in Self::ways(field, "4").into_iter().filter(|way| !way.is_empty()) {
                    let fields = vec![format!("{name}.{}", text(field, "name"))];
                    let selection = format!("{}{way} ", text(field, "name"));
                    all.push(Below { fields, selection });
                }
                continue;
            }
            let (wrap, of) = match self.rows(&field["type"]) {
                Some((wrap, of)) if wrap != "hits" => (wrap, of),
                _ => ("", text(inner(&field["type"]), "name")),
            };
            for below in self.below(of, hops - 1) {
                for way in Self::ways(field, "4") {
                    let mut fields = vec![format!("{name}.{}", text(field, "name"))];
                    fields.extend(below.fields.iter().cloned());
                    let inside = if wrap.is_empty() {
                        below.selection.clone()
                    } else {
                        format!("{wrap} {{ {} }}", below.selection)
                    };
                    let selection = format!("{}{way} {{ {inside} }} ", text(field, "name"));
                    all.push(Below { fields, selection });
                }
            }
        }
        all
    }

    fn on(&self, name: &str, hops: u32) -> Vec<Below> {
        let mut all = self.below(name, hops);
        for below in &mut all {
            below.selection = format!("... on {name} {{ {} }} ", below.selection);
        }
        all
    }

    /// Every question: a list at the root of the schema, and something about its rows.
    fn questions(&self) -> Vec<Below> {
        let mut questions = Vec::new();
        for field in self.fields("Query") {
            let name = text(field, "name");
            let Some((wrap, of)) = self.rows(&field["type"]) else { continue };
            for below in self.below(of, HOPS) {
                let mut ways = Self::ways(field, "$first");
                match name {
                    "nodes" => ways = vec!["(ids: $ids)".to_owned()],
                    "why" => ways = vec!["(eventId: $event)".to_owned()],
                    _ => {}
                }
                for way in ways {
                    let inside = if wrap.is_empty() {
                        below.selection.clone()
                    } else {
                        format!("{wrap} {{ {} }}", below.selection)
                    };
                    let mut fields = vec![format!("Query.{name}")];
                    fields.extend(below.fields.iter().cloned());
                    questions
                        .push(Below { fields, selection: format!("{name}{way} {{ {inside} }}") });
                }
            }
        }
        questions
    }
}

/// A desk with as many of everything.
struct Full {
    served: Served,
    /// Of each row the ids of what [`KINDS`] names.
    ids: Vec<Vec<Value>>,
    event: Value,
    position: Value,
}

impl Full {
    async fn new() -> Self {
        let mut served = Served::new().await;
        let field = json!({ "field": "cause", "kind": "TEXT", "choices": [] });
        served.granted(&admin(TENANT), "fieldDefine", "desk { name }", field).await;
        // One after the other, so that a few rows of a list hold what many do.
        let mut ids = Vec::new();
        for number in 0..MANY {
            ids.push(row(&served, number).await);
        }
        let head = served.data(&admin(TENANT), "{ position }", json!({})).await["position"].clone();
        let wait = "query($p: Position!) { viewer(minPosition: $p) { role } \
            search(text: \"canary\", first: 1, minPosition: $p) { totalCount } \
            events(last: 1) { nodes { id } } }";
        let seen = served.data(&admin(TENANT), wait, json!({ "p": head })).await;
        let event = seen["events"]["nodes"][0]["id"].clone();
        let limits = Limits { cost_max: u64::MAX, depth_max: 99, ..Limits::default() };
        let schema = build(served.services.clone(), limits);
        served.schema = schema;
        Self { served, ids, event, position: head }
    }

    /// The answer, and how many statements it took.
    async fn asked(&self, document: &str, rows: usize) -> (Value, u64) {
        let kind = KINDS.iter().position(|kind| document.contains(&format!("... on {kind} ")));
        let ids = self.ids[..rows].iter().map(|row| &row[kind.unwrap_or_default()]);
        let variables = json!({
            "first": rows, "ids": ids.collect::<Vec<_>>(), "event": self.event,
            "position": self.position, "instant": clock::now().to_string(),
        });
        let request =
            Request::new(document).variables(Variables::from_json(variables)).data(admin(TENANT));
        let before = self.served.services.statements();
        let answer = self.served.schema.execute(request).await;
        let took = self.served.services.statements() - before;
        assert!(answer.errors.is_empty(), "{document}: {:?}", answer.errors);
        (answer.data.into_json().expect("an answer is JSON"), took)
    }
}

/// One of everything; gives the global ids of all that can be read by them.
async fn row(served: &Served, number: usize) -> Vec<Value> {
    let boss = admin(TENANT);
    let (agent, agent_id) = served.agent(TENANT, 10_000 + number as u128).await;
    let team = json!({ "name": format!("Team {number}") });
    let team = served.granted(&boss, "teamCreate", "team { id }", team).await["team"]["id"].clone();
    let member = json!({ "teamId": team, "agentId": agent_id });
    served.granted(&boss, "teamAddMember", "team { id }", member).await;
    let skill = json!({ "agentId": agent_id, "skill": "returns", "level": 3 });
    served.granted(&boss, "agentSetSkill", "agent { id }", skill).await;

    let from = format!("a{number}@b.c");
    let first = served.message(TENANT, &from, &format!("m{number}"), "A canary").await;
    let second = served.message(TENANT, &from, &format!("n{number}"), "And a canary").await;
    let (customer, id) = (first["customerId"].clone(), first["conversationId"].clone());
    let on = |more: Value| {
        let mut input = json!({ "conversationId": id });
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("too"));
        input
    };
    let conversation = "conversation { id }";
    for (name, more) in [
        ("conversationSplit", json!({ "messageIds": [second["messageId"]] })),
        ("conversationMoveToTeam", json!({ "teamId": team })),
        ("conversationClaim", json!({})),
        ("conversationReply", json!({ "text": "It sings." })),
        ("conversationAddNote", json!({ "text": "an odd canary" })),
        ("conversationSetField", json!({ "field": "cause", "value": { "text": "a canary" } })),
    ] {
        served.granted(&agent, name, conversation, on(more)).await;
    }
    let elsewhere = format!("c{number}@b.c");
    let other = served.message(TENANT, &elsewhere, &format!("o{number}"), "A canary too").await;
    let merge = json!({ "sourceId": other["customerId"], "targetId": customer });
    served.granted(&boss, "customerMerge", "customer { id }", merge).await;
    let uuid = Kind::Customer.read(customer.as_str().expect("an id")).expect("a customer's id");
    let own = viewer(TENANT, Role::Customer, uuid);
    let text = json!({ "text": "Yet a canary" });
    let again = served.granted(&own, "messageSend", conversation, text).await;
    let merge = json!({ "sourceId": again["conversation"]["id"], "targetId": id });
    served.granted(&agent, "conversationMerge", conversation, merge).await;
    let consent = json!({ "customerId": customer, "purpose": "ANALYTICS", "granted": true });
    served.granted(&boss, "customerSetConsent", "customer { id }", consent).await;
    let delivery = json!({
        "channel": "EMAIL", "account": "support", "externalId": format!("p{number}"),
        "raw": "?canary", "why": "the charset is unknown",
    });
    let integration = viewer(TENANT, Role::Integration, Uuid::from_u128(5));
    let parked = served.granted(&integration, "intakePark", "intake { id }", delivery).await;
    let parked = parked["intake"]["id"].clone();
    let discard = json!({ "intakeId": parked, "reason": "spam" });
    served.granted(&boss, "intakeDiscard", "intake { id }", discard).await;

    let draft = json!({ "locale": "en", "title": format!("Canary {number}"), "body": "It sings." });
    let article = served.granted(&agent, "articleDraft", "article { id }", draft).await;
    let article = article["article"]["id"].clone();
    let on = json!({ "articleId": article, "locale": "en" });
    served.granted(&agent, "articleRequestReview", "article { id }", on.clone()).await;
    let review = json!({ "articleId": article, "locale": "en", "outcome": "APPROVED" });
    served.granted(&boss, "articleReview", "article { id }", review).await;
    served.granted(&boss, "articlePublish", "article { id }", on).await;
    let event = format!("{{ events(last: 1, filter: {{ streamId: {id} }}) {{ nodes {{ id }} }} }}");
    let event = served.data(&boss, &event, json!({})).await["events"]["nodes"][0]["id"].clone();
    vec![json!(agent_id), team, customer, id, parked, article, event]
}

/// Whether something stands at the end of these fields, somewhere in an answer.
fn shows(value: &Value, fields: &[String]) -> bool {
    let Some((field, rest)) = fields.split_first() else { return !value.is_null() };
    let name = field.split_once('.').map_or(field.as_str(), |(_, name)| name);
    match value {
        Value::Array(values) => values.iter().any(|value| shows(value, fields)),
        Value::Object(object) => match object.get(name) {
            Some(Value::Array(values)) if values.is_empty() => false,
            Some(found) => shows(found, rest),
            None => ["nodes", "hits"]
                .iter()
                .any(|inside| object.get(*inside).is_some_and(|it| shows(it, fields))),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_of_the_schema_takes_more_statements_for_more_rows() {
    let full = Arc::new(Full::new().await);
    let schema = full.served.data(&admin(TENANT), SCHEMA, json!({})).await;
    let schema = Schema { types: list(&schema["__schema"], "types").to_vec() };
    let questions = schema.questions();
    let (mut growing, mut shown, mut asked) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for question in &questions {
        let document = document(&question.selection);
        let (_, mut few) = full.asked(&document, FEW).await;
        let (answer, mut many) = full.asked(&document, MANY).await;
        for _ in 0..TRIES {
            if few == many {
                break;
            }
            few = few.min(full.asked(&document, FEW).await.1);
            many = many.min(full.asked(&document, MANY).await.1);
        }
        if few != many {
            growing.push(format!("{few} for {FEW}, {many} for {MANY}: {}", question.selection));
        }
        for number in 1..=question.fields.len() {
            let (path, last) = (&question.fields[..number], &question.fields[number - 1]);
            asked.insert(last.clone());
            if shows(&answer, path) {
                shown.insert(last.clone());
            }
        }
    }
    assert!(growing.is_empty(), "of {}: {growing:#?}", questions.len());
    let empty: Vec<_> = asked.difference(&shown).map(String::as_str).collect();
    assert_eq!(empty, [""; 0], "the desk shows nothing of these");
}

/// A document that declares the variables that it uses.
fn document(selection: &str) -> String {
    let used = [
        ("$first", "Int!"),
        ("$ids", "[ID!]!"),
        ("$event", "ID!"),
        ("$position", "Position!"),
        ("$instant", "DateTime!"),
    ];
    let used = used.into_iter().filter(|(name, _)| selection.contains(name));
    let used: Vec<_> = used.map(|(name, kind)| format!("{name}: {kind}")).collect();
    if used.is_empty() {
        return format!("{{ {selection} }}");
    }
    format!("query({}) {{ {selection} }}", used.join(", "))
}
