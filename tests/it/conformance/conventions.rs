//! What `docs/api.md` promises to callers, over HTTP.

use allhours_api::graphql::viewer::Role;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::{desk, desk_with};

const RESPONSE_JSON: (&str, &str) = ("accept", "application/graphql-response+json");

#[tokio::test(flavor = "multi_thread")]
async fn who_has_spent_what_documents_may_cost_is_told_when_there_is_more() {
    // A store of 50 that fills up by 1 a second.
    let settings = [("limits.token_cost_per_minute", "60"), ("graphql.cost_max", "50")];
    let desk = desk_with(&settings).await;
    let token = desk.token(Role::Analyst);
    let ask = async |token: &str, rows: u32| {
        let query = format!("{{ events(first: {rows}) {{ nodes {{ position }} }} }}");
        let request = reqwest::Client::new().post(format!("{}/graphql", desk.address));
        let request = request.bearer_auth(token).json(&json!({ "query": query }));
        let answer = request.header(RESPONSE_JSON.0, RESPONSE_JSON.1).send().await;
        let answer = answer.expect("the server answers");
        let status = answer.status().as_u16();
        let wait = answer.headers().get(RETRY_AFTER).map(|it| it.to_str().expect("text"));
        let wait = wait.map(|it| it.parse::<u64>().expect("a number"));
        (status, wait, answer.json::<Value>().await.expect("the answer is JSON"))
    };
    // Twenty events and their page are 21 objects, of 40 that were asked for.
    let (status, wait, answer) = ask(&token, 20).await;
    let cost = &answer["extensions"]["cost"];
    assert_eq!((status, wait), (200, None), "{answer}");
    assert_eq!((&cost["requested"], &cost["actual"]), (&json!(40), &json!(21)), "{answer}");
    let throttle = &cost["throttleStatus"];
    assert_eq!(throttle["maximumAvailable"], 50, "{answer}");
    assert_eq!(throttle["restoreRate"], 1.0, "{answer}");
    let left = throttle["currentlyAvailable"].as_u64().expect("a number");
    assert!((29..39).contains(&left), "{answer}");

    let (status, wait, answer) = ask(&token, 25).await;
    assert_eq!(status, 429, "{answer}");
    assert!((11..=21).contains(&wait.expect("it says when")), "{wait:?}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{answer}");
    let cost = &answer["extensions"]["cost"];
    assert_eq!((&cost["requested"], &cost["actual"]), (&json!(50), &json!(0)), "{answer}");
    let (status, wait, answer) = ask(&token, 26).await;
    assert_eq!((status, wait), (400, None), "what costs too much always does: {answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "COST_EXCEEDED", "{answer}");
    assert_eq!(ask(&desk.token(Role::Auditor), 25).await.0, 200, "others are not held up");
    assert_eq!(ask(&token, 5).await.0, 200, "and what costs less still goes");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_traced_request_did_says_of_which_trace_it_was_part() {
    let desk = desk().await;
    let traced = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let other = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-00";
    let malformed = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    let create = async |name: &str, traceparents: &[&str]| {
        let query = "mutation($name: String!) { teamCreate(input: \
            { name: $name, idempotencyKey: $name }) { position repeated } }";
        let body = json!({ "query": query, "variables": { "name": name } });
        let headers: Vec<_> = traceparents.iter().map(|it| ("traceparent", *it)).collect();
        let answer = desk.post(Role::Admin, &body, &headers).await;
        let mut answer: Value = answer.json().await.expect("the answer is JSON");
        answer["data"]["teamCreate"].take()
    };
    let trace_of = async |position: &Value| {
        let before = position.as_i64().expect("a position") - 1;
        let query = format!(
            "{{ events(first: 1, filter: {{ afterPosition: {before} }}) \
            {{ nodes {{ traceparent }} }} }}"
        );
        let answer = desk.ask(Role::Analyst, &query).await;
        answer["data"]["events"]["nodes"][0]["traceparent"].clone()
    };
    let first = create("One", &[traced]).await;
    assert_eq!(trace_of(&first["position"]).await, traced);
    // A retry is of another span; what was done was done in the first.
    let again = create("One", &[other]).await;
    assert_eq!((&again["repeated"], &again["position"]), (&json!(true), &first["position"]));
    assert_eq!(trace_of(&first["position"]).await, traced);
    for (name, ignored) in
        [("Two", vec![malformed]), ("Three", vec![traced, other]), ("Four", vec![])]
    {
        let created = create(name, &ignored).await;
        assert_eq!(trace_of(&created["position"]).await, Value::Null, "{ignored:?}");
    }
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_may_not_bring_their_own_only_trusted_documents_are_carried_out() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let manifest = folder.path().join("manifest.json");
    let (who, create) = (
        "{ viewer { role } }",
        "mutation($name: String!) { teamCreate(input: { name: $name }) { team { name } } }",
    );
    let documents = json!({ "who-asks": who, "create-team": create });
    std::fs::write(&manifest, documents.to_string()).expect("a file");
    let file = manifest.display().to_string();
    let settings = [("graphql.documents_file", file.as_str()), ("graphql.documents_only", "true")];
    let desk = desk_with(&settings).await;
    let ask = async |role: Role, body: Value| {
        let answer = desk.post(role, &body, &[RESPONSE_JSON]).await;
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.expect("the answer is JSON"))
    };
    let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].clone();
    let trusted = json!({ "documentId": "who-asks" });
    let hash = "sha256:f63c1d1d984628060baf66f876c2c675ee7a472f114e839c75f247e0cc7ba64f";
    let by_hash = json!({ "documentId": hash });
    let own = json!({ "query": who });
    for role in Role::ALL {
        let role_name = json!(role.as_str().to_uppercase());
        for named in [&trusted, &by_hash] {
            let (status, answer) = ask(*role, named.clone()).await;
            assert_eq!((status, &answer["data"]["viewer"]["role"]), (200, &role_name), "{answer}");
        }
        let (status, answer) = ask(*role, own.clone()).await;
        if matches!(role, Role::Integration | Role::Admin) {
            assert_eq!((status, &answer["data"]["viewer"]["role"]), (200, &role_name), "{answer}");
        } else {
            assert_eq!((status, code(&answer)), (403, json!("FORBIDDEN")), "{role:?}: {answer}");
        }
    }
    let named = json!({ "documentId": "create-team", "variables": { "name": "One" } });
    let (_, created) = ask(Role::Admin, named).await;
    assert_eq!(created["data"]["teamCreate"]["team"]["name"], "One", "{created}");
    let (status, answer) = ask(Role::Admin, json!({ "documentId": "who-else" })).await;
    assert_eq!((status, code(&answer)), (400, json!("NOT_FOUND")), "{answer}");
    let both = json!({ "documentId": "who-asks", "query": who });
    let (status, answer) = ask(Role::Admin, both).await;
    assert_eq!((status, code(&answer)), (400, json!("BAD_USER_INPUT")), "{answer}");

    let get = async |query: &str| {
        let request = reqwest::Client::new().get(format!("{}/graphql?{query}", desk.address));
        let answer = request.bearer_auth(desk.token(Role::Agent)).send().await;
        answer.expect("the server answers").status().as_u16()
    };
    assert_eq!(get("documentId=who-asks&operationName=").await, 200);
    assert_eq!(get("query=%7Bviewer%7Brole%7D%7D").await, 403);
    assert_eq!(get("documentId=create-team").await, 405, "a mutation by any name");
    desk.stop().await;
}
