//! Whatever is sent to the served program, it answers by a code and lives on.

use allhours_api::{
    auth::{LocalKey, local::Grant},
    clock, config,
    graphql::viewer::Role,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::process::{Caller, Place, Served, home};

/// `{"alg":"none","typ":"JWT"}`.
const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
const MEMORY_GROWTH_MB_MAX: f64 = 200.0;

/// What is sent, and what is to come back.
struct Case {
    name: &'static str,
    token: Option<String>,
    content_type: &'static str,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
}

/// Cases of one bearer.
struct Table {
    token: String,
    cases: Vec<Case>,
}

impl Table {
    fn raw(&mut self, name: &'static str, body: impl Into<Vec<u8>>, status: u16) -> &mut Case {
        self.cases.push(Case {
            name,
            token: Some(self.token.clone()),
            content_type: "application/json",
            body: body.into(),
            status,
            code: "BAD_USER_INPUT",
        });
        self.cases.last_mut().expect("one was added")
    }

    /// A document that is refused before or while it is carried out.
    fn document(&mut self, name: &'static str, query: &str, code: &'static str) {
        let body = json!({ "query": query }).to_string();
        self.raw(name, body, 200).code = code;
    }

    fn token(&mut self, name: &'static str, token: Option<String>) {
        let case = self.raw(name, r#"{"query":"{ viewer { role } }"}"#, 401);
        (case.token, case.code) = (token, "UNAUTHENTICATED");
    }
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

fn malformed(table: &mut Table) {
    table.raw("no body", "", 400);
    table.raw("half a JSON", "{\"query\": \"{", 400);
    table.raw("a number", "7", 400);
    table.raw("no UTF-8", b"{\"query\": \"\xff\xfe\"}".as_slice(), 400);
    table.raw("a batch", r#"[{"query":"{ viewer { role } }"}]"#, 400);
    table.raw("no query", r#"{"variables":{}}"#, 400);
    table.raw("JSON nested deeply", nested("[", "]", 200_000), 400);
    let within =
        format!(r#"{{"query":"{{ a }}","variables":{{"a":{}}}}}"#, nested("[", "]", 9_999));
    table.raw("variables nested deeply", within, 400);
    table.raw("ten megabytes", vec![b' '; 10_000_000], 413);
    table.raw("a form", "query=%7Bviewer%7Brole%7D%7D", 415).content_type =
        "application/x-www-form-urlencoded";
}

fn oversized(table: &mut Table) {
    table.document("no GraphQL", "query {{{", "BAD_USER_INPUT");
    table.document("an unknown field", "{ passwords }", "BAD_USER_INPUT");
    table.document("nested", &nested("{a", "}", 60), "COST_EXCEEDED");
    for (name, open, close) in [
        ("fields nested abysmally", "{a", "}"),
        ("lists nested abysmally", "{a(b:[", "])}"),
        ("objects nested abysmally", "{a(b:{c:", "})}"),
    ] {
        let query = nested(open, close, 90_000);
        table.raw(name, json!({ "query": query }).to_string(), 400);
    }
    let (open, close) = ("customer { conversations(first: 1) { nodes { ", " } } }");
    let deep = nested(open, close, 6).replace("{  }", "{ id }");
    let deep = format!("{{ conversations(first: 1) {{ nodes {{ {deep} }} }} }}");
    table.document("nested over the limit", &deep, "COST_EXCEEDED");
    let aliases: Vec<String> = (0..200).map(|number| format!("a{number}: __typename")).collect();
    let aliases = aliases.join(" ");
    table.document("too many aliases", &format!("{{ viewer {{ {aliases} }} }}"), "COST_EXCEEDED");
    let wide = "conversations(first: 100) { nodes { timeline(first: 100) { nodes { name } } } }";
    table.document("too costly", &format!("{{ {wide} }}"), "COST_EXCEEDED");
    let (open, close) = ("interfaces { possibleTypes { ", " } }");
    let types = nested(open, close, 6).replace("{  }", "{ name }");
    let types = format!("{{ __type(name: \"Agent\") {{ {types} }} }}");
    table.document("introspection that multiplies", &types, "COST_EXCEEDED");
    let before = "queue(first: 1, asOf: { instant: \"-009999-01-02T01:59:59Z\" })";
    table.document("years before 0", &format!("{{ {before} {{ totalCount }} }}"), "BAD_USER_INPUT");
    let ahead = "{ queue(first: 1, asOf: { instant: \"2999-01-01T00:00:00Z\" }) { totalCount } }";
    table.document("a past that is still to come", ahead, "BAD_USER_INPUT");
    table.document("spread in a circle", "{ ...a } fragment a on Query { ...a }", "BAD_USER_INPUT");
    for (name, first) in [("a page over the limit", 101), ("a page of less than nothing", -1)] {
        let query = format!("{{ conversations(first: {first}) {{ nodes {{ id }} }} }}");
        table.document(name, &query, "BAD_USER_INPUT");
    }
    let huge = "x".repeat(100_000);
    for (name, cursor) in
        [("a bad cursor", "?"), ("a cursor of other rows", "AAAA"), ("a huge cursor", &huge)]
    {
        let list = format!("conversations(first: 1, after: \"{cursor}\") {{ nodes {{ id }} }}");
        table.document(name, &format!("{{ {list} }}"), "BAD_USER_INPUT");
    }
}

/// Of two mutations, the second of which can't be carried out, the first isn't either.
async fn half_of_it_is_done(caller: &Caller, conversation: &str) -> Vec<&'static str> {
    let two = |declared: &str, second: &str| {
        format!(
            "mutation ($id: ID!{declared}) {{ first: conversationAddNote(input: {{ \
             conversationId: $id, text: \"half\" }}) {{ position }} {second} {{ position }} }}"
        )
    };
    let note = |input: &str| format!("second: conversationAddNote(input: {input})");
    let text = note("{ conversationId: $id, text: $text }");
    let snooze = "second: conversationSnooze(input: { conversationId: $id, until: $until })";
    let input = ", $input: ConversationAddNoteInput!";
    let mut half_done = Vec::new();
    let text_of = ", $text: String!";
    for (name, document, variables) in [
        ("a variable left out", two(text_of, &text), json!({})),
        ("a variable that is null", two(text_of, &text), json!({ "text": null })),
        ("an input left out", two(input, &note("$input")), json!({})),
        ("an input that is a text", two(input, &note("$input")), json!({ "input": "x" })),
        ("an input that is a list", two(input, &note("$input")), json!({ "input": [] })),
        ("a number written as an input", two("", &note("7")), json!({})),
        ("a text for a number", two(", $text: Int!", &text), json!({ "text": "x" })),
        ("a text that need not be", two(", $text: String", &text), json!({ "text": "x" })),
        (
            "a text for a name",
            two(
                "",
                "second: conversationSetPriority(input: { conversationId: \
            $id, priority: \"LOW\" })",
            ),
            json!({}),
        ),
        (
            "a condition that is a text",
            two(
                ", $if: Boolean!",
                &(note(
                    "{ conversationId: $id, \
            text: \"x\" }) @include(if: $if",
                )),
            ),
            json!({ "if": "x" }),
        ),
        ("a day that there is not", two(", $until: DateTime!", snooze), json!({ "until": "soon" })),
    ] {
        let mut all = variables;
        all["id"] = json!(conversation);
        let answer = caller.ask(&document, &all).await.expect("an answer");
        let code = &answer["errors"][0]["extensions"]["code"];
        if *code != "BAD_USER_INPUT" || !answer["data"].is_null() {
            half_done.push(name);
        }
    }
    half_done
}

fn strangers(table: &mut Table, place: &Place) {
    let settings = config::load(&config::Overrides::default(), &[]).expect("the defaults fit");
    let grant = Grant {
        tenant: "demo".to_owned(),
        role: Role::Admin,
        subject: Uuid::from_u128(1),
        ttl_s: 60,
    };
    let ours = LocalKey::open(place.data()).expect("the server made it");
    let long_ago = clock::now() - jiff::SignedDuration::from_hours(1);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let theirs = LocalKey::open(elsewhere.path()).expect("a key of somebody else");
    let good = ours.sign(&settings.auth, &grant, clock::now());
    let parts: Vec<&str> = good.split('.').collect();
    table.token("no token", None);
    table.token("no token at all", Some("hello".to_owned()));
    table.token("a huge token", Some("a".repeat(20_000)));
    table.token("a token that expired", Some(ours.sign(&settings.auth, &grant, long_ago)));
    table.token("a token of another key", Some(theirs.sign(&settings.auth, &grant, clock::now())));
    table.token("an unsigned token", Some(format!("{UNSIGNED}.{}.", parts[1])));
    table.token(
        "a token said to be unsigned",
        Some(format!("{UNSIGNED}.{}.{}", parts[1], parts[2])),
    );
}

/// What came instead, where it is not what is to come.
async fn try_out(server: &Served, client: &reqwest::Client, case: Case) -> Option<String> {
    let mut request = client
        .post(format!("{}/graphql", server.address()))
        .header("content-type", case.content_type)
        .body(case.body);
    if let Some(token) = &case.token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await;
    let answer = answer.unwrap_or_else(|error| unreachable!("{}: {error:?}", case.name));
    let status = answer.status().as_u16();
    let said: Value = answer.json().await.expect("an answer is JSON");
    let (ready, _) = server.ready().await.expect("the server lives on");
    assert_eq!(ready, 200, "{}: {said}", case.name);
    let extensions = &said["errors"][0]["extensions"];
    let as_wanted = (status, extensions["code"].as_str()) == (case.status, Some(case.code));
    let is_right = as_wanted && extensions["requestId"].is_string();
    (!is_right).then(|| format!("{}: {status} {:.300}", case.name, said.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered_by_a_code_and_the_server_lives_on() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let memory_mb = server.memory_mb();
    let mut table = Table { token: caller.token().to_owned(), cases: Vec::new() };
    malformed(&mut table);
    oversized(&mut table);
    strangers(&mut table, &place);
    let client = reqwest::Client::new();
    let mut wrong = Vec::new();
    for case in table.cases {
        wrong.extend(try_out(&server, &client, case).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Another tenant's ids are nobody's ids, and huge ones as well.
    let theirs = place.run(&["token", "--tenant", "rival", "--role", "supervisor"]).await;
    let rival = server.caller_with(theirs.trim());
    let ours = caller.open_conversations(1).await.remove(0);
    let read = "query ($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } }";
    let note = "mutation ($id: ID!) { conversationAddNote(input: { conversationId: $id, \
        text: \"x\" }) { position userErrors { code } } }";
    for (who, id) in [(&rival, ours.as_str()), (&caller, "?"), (&caller, &"A".repeat(500_000))] {
        let answer = who.data(read, &json!({ "id": id })).await;
        assert_eq!(answer, json!({ "conversation": null, "node": null }));
        let answer = who.data(note, &json!({ "id": id })).await;
        assert_eq!(answer["conversationAddNote"]["userErrors"][0]["code"], "NOT_FOUND", "{answer}");
    }
    let half_done = half_of_it_is_done(&caller, &ours).await;
    assert!(half_done.is_empty(), "{half_done:?}");
    let optional = "query ($n: Int!, $after: String, $first: Int = 1) { \
        conversations(first: $n, after: $after) { nodes { timeline(first: $first) { nodes { \
        name } } } } }";
    let left_out = caller.ask(optional, &json!({ "n": 1 })).await.expect("an answer");
    let names = &left_out["data"]["conversations"]["nodes"][0]["timeline"]["nodes"];
    assert_eq!(names.as_array().map(Vec::len), Some(1), "{left_out}");
    // What stands for a variable that was left out has its own default.
    let optional = "query ($unassigned: Boolean, $filter: EventsFilter, $offset: Int, \
        $order: SearchOrder) { conversations(first: 1, filter: { unassigned: $unassigned }) { \
        nodes { id } } events(first: 1, filter: $filter) { nodes { id } } search(text: \"order\", \
        first: 1, offset: $offset, order: $order) { hits { __typename } } }";
    let admin = server.caller("admin").await;
    let left_out = admin.ask(optional, &json!({})).await.expect("an answer");
    assert!(left_out["errors"].is_null(), "{left_out}");
    assert_eq!(left_out["data"]["events"]["nodes"].as_array().map(Vec::len), Some(1));
    let grown = server.memory_mb() - memory_mb;
    assert!(grown < MEMORY_GROWTH_MB_MAX, "{grown} MB more");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    place.verify().await;
    server.stop().await;
}
