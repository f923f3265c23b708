//! Who may what: every root field and every field that is guarded below, tried by each role on
//! a real desk, and compared with the table in `docs/permissions.md`.

use std::{fmt::Write as _, time::Duration};

use allhours_api::{
    clock,
    graphql::{
        id::Kind,
        permissions::BELOW as BELOW_RULES,
        viewer::{Role, Viewer},
    },
};
use async_graphql::{Request, Variables};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    served::{Served, admin, viewer},
    tenants::{Asked, SCHEMA, Theirs, list, text, theirs},
};

const TENANT: u128 = 1;
const HEADING: &str = "# Who may what

Each cell was tried on a running desk (`tests/it/graphql/rights.rs`); the test compares, and writes
this page anew with `ALLHOURS_WRITE_PERMISSIONS=1`. An empty cell: refused with `FORBIDDEN`.
Customers ask as one of two customers.
";
const ROOTS: &str = "
## Root fields

`all`: of the whole tenant. `own`: only what is the viewer's. `yes`: nothing of a customer's in
the answer. `no texts`: personal texts read as `HIDDEN`.
";
const BELOW: &str = "
## Below them

What a viewer gets who asks for a conversation and its people. `nothing`: null or an empty list.
`hidden`: that there is a text, and not what it says. An empty cell: the whole document is refused.
";

/// What one customer has.
struct Own {
    ids: Theirs,
    customer: Uuid,
}

async fn own(
    served: &Served,
    from: &str,
    external: &str,
    shared: &[(&'static str, String)],
) -> Own {
    let intake = served.message(TENANT, from, external, "Where is my canary?").await;
    let id = |name: &str| intake[name].as_str().expect("an id").to_owned();
    let mut ids = vec![
        ("customer", id("customerId")),
        ("conversation", id("conversationId")),
        ("message", id("messageId")),
        ("intake", id("id")),
    ];
    ids.extend(shared.iter().cloned());
    let customer = Kind::Customer.read(&id("customerId")).expect("a customer's id");
    Own { ids: Theirs { ids }, customer }
}

/// A desk with two customers, each with a conversation.
async fn desk(served: &Served) -> (Own, Own) {
    let boss = admin(TENANT);
    let (author, agent) = served.agent(TENANT, 11).await;
    let (reviewer, _) = served.agent(TENANT, 12).await;
    let get = |value: &Value| value.as_str().expect("an id").to_owned();
    let team = served.granted(&boss, "teamCreate", "team { id }", json!({ "name": "One" })).await;
    let team = get(&team["team"]["id"]);
    let member = json!({ "teamId": team, "agentId": agent });
    served.granted(&boss, "teamAddMember", "team { id }", member).await;
    let draft = json!({ "locale": "en", "title": "Sizes", "body": "Order one up." });
    let article = served.granted(&author, "articleDraft", "article { id }", draft).await;
    let article = get(&article["article"]["id"]);
    let on = json!({ "articleId": article, "locale": "en" });
    served.granted(&author, "articleRequestReview", "article { id }", on.clone()).await;
    let review = json!({ "articleId": article, "locale": "en", "outcome": "APPROVED" });
    served.granted(&reviewer, "articleReview", "article { id }", review).await;
    served.granted(&boss, "articlePublish", "article { id }", on).await;
    let registered =
        "{ events(first: 1, filter: { names: [\"agent.registered\"] }) { nodes { id } } }";
    let event = served.data(&boss, registered, json!({})).await;
    let event = get(&event["events"]["nodes"][0]["id"]);
    let shared = [("agent", agent), ("team", team), ("article", article), ("event", event)];
    let first = own(served, "ada@example.org", "m1", &shared).await;
    let second = own(served, "eve@example.org", "m2", &shared).await;
    for own in [&first, &second] {
        work(served, &author, own).await;
    }
    (first, second)
}

/// What agents do with a conversation, so that there is something of everything.
async fn work(served: &Served, agent: &Viewer, own: &Own) {
    let id = own.ids.id("conversation", "conversationId");
    let conversation = "conversation { id }";
    let on = |more: Value| {
        let mut input = json!({ "conversationId": id });
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("too"));
        input
    };
    let team = json!({ "teamId": own.ids.id("team", "teamId") });
    served.granted(agent, "conversationMoveToTeam", conversation, on(team)).await;
    served.granted(agent, "conversationClaim", conversation, on(json!({}))).await;
    let reply = json!({ "text": "A canary is coming." });
    served.granted(agent, "conversationReply", conversation, on(reply)).await;
    let note = json!({ "text": "an odd canary" });
    served.granted(agent, "conversationAddNote", conversation, on(note)).await;
    served.granted(agent, "conversationAddTag", conversation, on(json!({ "tag": "bird" }))).await;
    let until = clock::now() + jiff::SignedDuration::from_hours(24);
    let snooze = json!({ "until": until.to_string() });
    served.granted(agent, "conversationSnooze", conversation, on(snooze)).await;
}

fn who(role: Role, own: &Own) -> Viewer {
    match role {
        Role::Customer => viewer(TENANT, role, own.customer),
        Role::Agent => viewer(TENANT, role, Uuid::from_u128(11)),
        Role::Supervisor | Role::Admin | Role::Analyst | Role::Auditor | Role::Integration => {
            viewer(TENANT, role, Uuid::from_u128(900))
        }
    }
}

fn mentions(answer: &str, own: &Own) -> bool {
    ["customer", "conversation"].into_iter().any(|kind| answer.contains(&own.ids.id(kind, kind)))
}

/// What a viewer sees in the answers to the same question with either customer's ids.
fn cell(answers: &str, first: &Own, second: &Own) -> String {
    if answers.contains("FORBIDDEN") {
        return String::new();
    }
    for broken in ["Unknown", "COST_EXCEEDED", "INTERNAL", "UNAVAILABLE"] {
        assert!(!answers.contains(broken), "{answers}");
    }
    let scope = match (mentions(answers, first), mentions(answers, second)) {
        (_, true) => "all",
        (true, false) => "own",
        (false, false) => "yes",
    };
    let hidden = answers.contains("HIDDEN") || answers.contains("\"hidden\":true");
    assert!(!(hidden && answers.contains("canary")), "half hidden: {answers}");
    if hidden { format!("{scope}, no texts") } else { scope.to_owned() }
}

/// The first thing that a subscription says.
async fn first_frame(served: &Served, who: &Viewer, document: &str, variables: Value) -> String {
    let variables = Variables::from_json(variables);
    let request = Request::new(document).variables(variables).data(who.clone());
    let mut frames = served.schema.execute_stream(request);
    let frame = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
    let frame = frame.expect("a frame in time").expect("a frame");
    serde_json::to_string(&frame).expect("a frame is JSON")
}

/// A conversation as it is followed.
const THREAD: &str = "subscription($id: ID!) { conversationEvents(id: $id, after: 0) {
    entry { conversationId message { kind text { state text } } }
} }";

/// What following a conversation says, up to the first reply: the customer wrote before.
async fn followed(served: &Served, who: &Viewer, own: &Theirs) -> String {
    let variables = json!({ "id": own.id("conversation", "conversationId") });
    let request = Request::new(THREAD).variables(Variables::from_json(variables));
    let mut frames = served.schema.execute_stream(request.data(who.clone()));
    let mut said = String::new();
    loop {
        let frame = tokio::time::timeout(Duration::from_mins(1), frames.next()).await;
        let frame = frame.expect("a frame in time").expect("a frame");
        said += &serde_json::to_string(&frame).expect("a frame is JSON");
        if !frame.errors.is_empty() {
            return said;
        }
        if said.contains("\"kind\":\"REPLY\"") {
            assert!(said.contains("\"kind\":\"CUSTOMER\""), "{said}");
            return said;
        }
    }
}

fn row(table: &mut String, name: &str, cells: &[String]) {
    writeln!(table, "| {name} | {} |", cells.join(" | ")).expect("a text takes all");
}

fn begun(table: &mut String, of: &str) {
    let names: Vec<String> = Role::ALL.iter().map(|role| role.as_str().to_owned()).collect();
    table.push('\n');
    row(table, of, &names);
    row(table, "---", &vec!["---".to_owned(); names.len()]);
}

async fn roots(served: &Served, first: &Own, second: &Own, table: &mut String) {
    let schema = served.data(&admin(TENANT), SCHEMA, json!({})).await;
    let types = list(&schema["__schema"], "types");
    // Mutations are tried with what is not there: what is granted then changes nothing.
    let foreign = theirs(served).await;
    for (operation, root) in
        [("query", "Query"), ("subscription", "Subscription"), ("mutation", "Mutation")]
    {
        begun(table, root);
        let fields = types.iter().find(|it| it["name"] == root).expect("a root");
        for field in list(fields, "fields") {
            let name = text(field, "name");
            let mut cells = Vec::new();
            for role in Role::ALL {
                let who = who(*role, first);
                let mut answers = String::new();
                let owners = if operation == "mutation" {
                    vec![&foreign]
                } else {
                    vec![&first.ids, &second.ids]
                };
                for ids in owners {
                    let asked = Asked { role: *role, types, theirs: ids, field: name };
                    let (document, variables) = asked.document(operation, field);
                    answers += &if operation == "subscription" {
                        first_frame(served, &who, &document, variables).await
                    } else {
                        served.answer(&who, &document, variables).await.to_string()
                    };
                    if name == "conversationEvents" {
                        answers += &followed(served, &who, ids).await;
                    }
                }
                let granted = operation == "mutation" && !answers.contains("FORBIDDEN");
                cells.push(if granted { "yes".into() } else { cell(&answers, first, second) });
            }
            row(table, name, &cells);
        }
    }
}

/// A guarded field: what it is called, and where it is in the answer to [`BELOW_ALL`].
const GUARDED: &[(&str, &str)] = &[
    ("Conversation.subject", "/conversation/subject/state"),
    ("Conversation.lastMessage", "/conversation/lastMessage/state"),
    ("Conversation.tags", "/conversation/tags/0"),
    ("Conversation.team", "/conversation/team/name"),
    ("Conversation.snoozedUntil", "/conversation/snoozedUntil"),
    ("Conversation.timeline, the customer's message", "CUSTOMER"),
    ("Conversation.timeline, a reply", "REPLY"),
    ("Conversation.timeline, a note", "NOTE"),
    ("Customer.tier", "/conversation/customer/tier"),
    ("Customer.displayName", "/conversation/customer/displayName/state"),
    ("Customer.addresses", "/conversation/customer/addresses/0/address/state"),
    ("Agent.displayName", "/conversation/assignee/displayName/state"),
    ("Agent.presence", "/conversation/assignee/presence"),
    ("Agent.capacityUnits", "/conversation/assignee/capacityUnits"),
    ("Agent.load", "/conversation/assignee/load/open"),
    ("Agent.teams", "/conversation/assignee/teams/0/id"),
    ("Team.members", "/conversation/team/members/0/id"),
];

const BELOW_ALL: &str = "query($id: ID!) { conversation(id: $id) {
    subject { state } lastMessage { state } tags snoozedUntil
    timeline(first: 100) { nodes { message { kind text { state } } } }
    customer { tier displayName { state } addresses { address { state } } }
    assignee { displayName { state } presence capacityUnits load { open } teams { id } }
    team { name members { id } }
} }";

async fn below(served: &Served, own: &Own, table: &mut String) {
    begun(table, "field");
    let variables = json!({ "id": own.ids.id("conversation", "conversationId") });
    let mut answers = Vec::new();
    for role in Role::ALL {
        let who = who(*role, own);
        answers.push(served.answer(&who, BELOW_ALL, variables.clone()).await);
    }
    for (name, place) in GUARDED {
        let read = |answer: &Value| {
            if answer.to_string().contains("FORBIDDEN") {
                return String::new();
            }
            assert!(answer.get("errors").is_none(), "{answer}");
            let data = &answer["data"];
            let found = if place.starts_with('/') {
                data.pointer(place)
            } else {
                let nodes = data["conversation"]["timeline"]["nodes"].as_array().expect("nodes");
                let written = nodes.iter().map(|node| &node["message"]);
                written.into_iter().find(|it| it["kind"] == *place).map(|it| &it["text"]["state"])
            };
            match found {
                None | Some(Value::Null) => "nothing".to_owned(),
                Some(Value::String(word)) if word == "HIDDEN" => "hidden".to_owned(),
                Some(_) => "yes".to_owned(),
            }
        };
        row(table, name, &answers.iter().map(read).collect::<Vec<_>>());
    }
    for (line, _) in BELOW_RULES {
        let name = line.strip_prefix("Conversation.").expect("a field of a conversation");
        let document = format!("query($id: ID!) {{ conversation(id: $id) {{ {name} }} }}");
        let mut cells = Vec::new();
        for role in Role::ALL {
            let answer = served.answer(&who(*role, own), &document, variables.clone()).await;
            let refused = answer["errors"][0]["extensions"]["code"] == "FORBIDDEN";
            assert_ne!(refused, answer["data"]["conversation"][name].is_string(), "{answer}");
            cells.push(if refused { "" } else { "yes" }.to_owned());
        }
        row(table, line, &cells);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_and_does_what_the_table_says_and_nothing_else() {
    let served = Served::new().await;
    let (first, second) = desk(&served).await;
    let head = served.data(&admin(TENANT), "{ position }", json!({})).await["position"].clone();
    let wait = "query($p: Position!) { viewer(minPosition: $p) { role } \
        search(text: \"canary\", first: 1, minPosition: $p) { totalCount } }";
    served.data(&admin(TENANT), wait, json!({ "p": head })).await;
    let mut page = HEADING.to_owned();
    page.push_str(BELOW);
    below(&served, &first, &mut page).await;
    page.push_str(ROOTS);
    roots(&served, &first, &second, &mut page).await;
    let path = "../docs/permissions.md";
    if std::env::var_os("ALLHOURS_WRITE_PERMISSIONS").is_some() {
        std::fs::write(path, &page).expect("the page can be written");
    }
    let stored = std::fs::read_to_string(path).expect("docs/permissions.md is there");
    let differs = stored.lines().zip(page.lines()).find(|(stored, tried)| stored != tried);
    assert!(stored == page, "docs/permissions.md differs: {differs:#?}");
}

/// The code of the first error of an answer.
fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_can_not_tell_by_asking_how_the_desk_files_their_conversation() {
    let served = Served::new().await;
    let (first, _) = desk(&served).await;
    let (own, staff) = (who(Role::Customer, &first), who(Role::Agent, &first));
    let head = served.data(&admin(TENANT), "{ position }", json!({})).await["position"].clone();
    let team = first.ids.id("team", "team");
    let listed = async |who: &Viewer, filter: &str| {
        let document = format!(
            "query($p: Position) {{ conversations(first: 9, minPosition: $p, \
             filter: {{ {filter} }}) {{ nodes {{ id status snoozedUntil }} }} }}"
        );
        served.answer(who, &document, json!({ "p": head })).await
    };
    let by_team = format!("teamId: \"{team}\"");
    for filter in
        ["tier: NEW", "priority: NORMAL", "tag: \"bird\"", "statuses: [SNOOZED]", &by_team]
    {
        let answer = listed(&own, filter).await;
        assert_eq!(code(&answer), "FORBIDDEN", "{filter}: {answer}");
        let answer = listed(&staff, filter).await;
        let nodes = answer["data"]["conversations"]["nodes"].as_array();
        assert_eq!(nodes.map(Vec::len), Some(2), "{filter}: {answer}");
    }
    let search = "query($team: ID!) { \
        search(text: \"canary\", first: 1, filter: { teamId: $team }) { totalCount } }";
    let asked = json!({ "team": team });
    assert_eq!(code(&served.answer(&own, search, asked.clone()).await), "FORBIDDEN");
    served.data(&staff, search, asked).await;
    // What is put aside is open to them, in lists as in a conversation.
    let seen = json!({
        "id": first.ids.id("conversation", "id"), "status": "OPEN", "snoozedUntil": null,
    });
    for filter in ["", "statuses: [OPEN]", "channel: EMAIL"] {
        let answer = listed(&own, filter).await;
        assert_eq!(answer["data"]["conversations"]["nodes"], json!([seen]), "{filter}: {answer}");
    }
    let open = listed(&staff, "statuses: [OPEN]").await;
    assert_eq!(open["data"]["conversations"]["nodes"], json!([]), "{open}");
    let one = "query($id: ID!) { conversation(id: $id) { id status snoozedUntil } }";
    let one = served.data(&own, one, json!({ "id": seen["id"] })).await;
    assert_eq!(one["conversation"], seen);
}
