//! Requests and answers.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{served, served_with};

const JSON: &str = "application/json";
const RESPONSE_JSON: &str = "application/graphql-response+json";

#[tokio::test]
async fn a_query_is_answered_in_the_name_of_the_tokens_bearer() {
    let served = served().await;
    let answer = served.post(r#"{"query":"{ role }"}"#).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"data": {"role": "agent"}}));
}

#[tokio::test]
async fn nobody_is_answered_without_a_good_token() {
    let served = served().await;
    let client = reqwest::Client::new();
    let body = r#"{"query":"{ role }"}"#;
    let ask = || client.post(served.at("/graphql")).header("content-type", JSON).body(body);
    for request in [ask(), ask().bearer_auth("no.good.token"), ask().basic_auth("a", Some("b"))] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert!(body.get("data").is_none(), "{body}");
    }
}

#[tokio::test]
async fn malformed_requests_are_told_what_is_wrong_with_them() {
    let served = served().await;
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("7", 400),
        (r#"[{"query":"{ role }"},{"query":"{ role }"}]"#, 400),
        (r#"{"query":7}"#, 400),
        (r#"{"query":"{ role }","variables":[]}"#, 400),
        (r#"{"query":"{ role }","operationName":{}}"#, 400),
        (r#"{"query":"{ role }","extensions":"x"}"#, 400),
    ] {
        let answer = served.post(body).await;
        assert_eq!(answer.status(), status, "{body}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{body}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(served.post_with("query=%7Brole%7D", &form).await.status(), 415);
    let latin = [("content-type", "application/json; charset=latin1")];
    assert_eq!(served.post_with(r#"{"query":"{ role }"}"#, &latin).await.status(), 415);
    let html = [("accept", "text/html")];
    assert_eq!(served.post_with(r#"{"query":"{ role }"}"#, &html).await.status(), 406);
}

#[tokio::test]
async fn a_body_that_is_compressed_is_refused_by_the_name_of_the_header() {
    let served = served().await;
    for encoding in ["gzip", "br", "identity, gzip"] {
        let headers = [("content-encoding", encoding), ("accept", RESPONSE_JSON)];
        let answer = served.post_with(r#"{"query":"{ role }"}"#, &headers).await;
        assert_eq!(answer.status(), 415, "{encoding}");
        assert_eq!(answer.headers()["accept-encoding"], "identity");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("Content-Encoding"), "{message}");
    }
    let plain = [("content-encoding", "Identity")];
    assert_eq!(served.post_with(r#"{"query":"{ role }"}"#, &plain).await.status(), 200);
}

#[tokio::test]
async fn whoever_comes_to_the_door_is_told_where_everything_is() {
    let paths = async |environment: &[(&str, &str)]| {
        let served = served_with(environment).await;
        let answer = reqwest::get(served.at("/")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["service"], "allhours");
        for path in answer["paths"].as_object().unwrap().values() {
            let there = reqwest::get(served.at(path.as_str().unwrap())).await.unwrap();
            assert_ne!(there.status(), 404, "{path}");
        }
        answer["paths"].clone()
    };
    let all = json!({
        "graphql": "/graphql", "explorer": "/explore",
        "alive": "/livez", "ready": "/readyz", "metrics": "/metrics",
    });
    assert_eq!(paths(&[]).await, all);
    let fewer =
        [("ALLHOURS_SERVER_EXPLORE", "false"), ("ALLHOURS_SERVER_ADMIN_LISTEN", "127.0.0.1:9464")];
    assert_eq!(paths(&fewer).await, json!({ "graphql": "/graphql" }));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let served = served().await;
    let body = json!({"query": "{ role }", "padding": "x".repeat(10_000_000)}).to_string();
    assert_eq!(served.post(&body).await.status(), 413);
}

#[tokio::test]
async fn mutations_are_not_carried_out_by_get() {
    let served = served().await;
    let answer = served.get("/graphql?query=mutation%7Bchange%7D", JSON).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(served.get("/graphql?query=%7Brole%7D", JSON).await.status(), 200);
    // Nor when the mutation hides behind a query of another name.
    let hidden = "/graphql?operationName=b&query=query%20a%7Brole%7Dmutation%20b%7Bchange%7D";
    assert_eq!(served.get(hidden, JSON).await.status(), 405);
}

#[tokio::test]
async fn an_error_before_execution_is_a_status_for_those_who_ask_for_it() {
    let served = served().await;
    for query in ["{", "{ nothing }"] {
        let body = json!({"query": query}).to_string();
        assert_eq!(served.post(&body).await.status(), 200, "{query}");
        let answer = served.post_with(&body, &[("accept", RESPONSE_JSON)]).await;
        assert_eq!(answer.status(), 400, "{query}");
        assert!(answer.json::<Value>().await.unwrap().get("data").is_none(), "{query}");
    }
    let body = r#"{"query":"{ fails }"}"#;
    let answer = served.post_with(body, &[("accept", RESPONSE_JSON)]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["path"], json!(["fails"]));
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_and_its_outcome_called_unknown() {
    let served = served_with(&[("ALLHOURS_SERVER_DEADLINE_MS", "50")]).await;
    let answer = served.post(r#"{"query":"{ slow(ms: 5000) }"}"#).await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let served = served_with(&[("ALLHOURS_LIMITS_TENANT_PER_MINUTE", "60")]).await;
    let mut refused = None;
    for _ in 0..80 {
        let answer = served.post(r#"{"query":"{ role }"}"#).await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn an_answer_carries_the_requests_id_and_so_do_its_errors() {
    let served = served().await;
    let body = r#"{"query":"{ fails }"}"#;
    let answer = served.post_with(body, &[("x-request-id", "abc-1")]).await;
    assert_eq!(answer.headers()["x-request-id"], "abc-1");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["requestId"], "abc-1");
    let odd = served.post_with(r#"{"query":"{ role }"}"#, &[("x-request-id", "a b<script>")]).await;
    assert_ne!(odd.headers()["x-request-id"], "a b<script>");
}

#[tokio::test]
async fn whoever_trickles_the_head_of_a_request_is_not_waited_for_and_others_are_served() {
    let served = served_with(&[("ALLHOURS_SERVER_HEADERS_MS", "300")]).await;
    let mut slow = tokio::net::TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nHost: desk\r\nX-Slow: ").await.unwrap();
    assert_eq!(served.get("/livez", "*/*").await.status(), 200);
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is still held");
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    assert_eq!(served.get("/livez", "*/*").await.status(), 200);
}

#[tokio::test]
async fn readiness_names_the_dependency_that_fails() {
    let served = served().await;
    assert_eq!(served.get("/readyz", JSON).await.status(), 200);
    served.readiness.depends_on("database", || async { Err("no connection".to_owned()) });
    let answer = served.get("/readyz", JSON).await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["checks"]["database"], json!({"ok": false, "reason": "no connection"}));
    assert_eq!(served.get("/livez", JSON).await.status(), 200);
}

#[tokio::test]
async fn while_it_stops_readiness_drops_first_and_running_requests_end_well() {
    let served = served_with(&[("ALLHOURS_SERVER_DRAIN_NOTICE_MS", "300")]).await;
    let token = served.token();
    let request = reqwest::Client::new()
        .post(served.at("/graphql"))
        .bearer_auth(token)
        .header("content-type", JSON)
        .body(r#"{"query":"{ slow(ms: 600) }"}"#);
    let running = tokio::spawn(request.send());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    served.stop.cancel();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(served.get("/readyz", JSON).await.status(), 503);
    assert_eq!(running.await.unwrap().unwrap().status(), 200);
    served.stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_subscription_comes_as_an_event_stream() {
    let served = served().await;
    let body = r#"{"query":"subscription { count(to: 2) }"}"#;
    let answer = served.post_with(body, &[("accept", "text/event-stream")]).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let events = answer.text().await.unwrap().replace(":\n\n", "");
    assert_eq!(
        events,
        "event: next\ndata: {\"data\":{\"count\":1}}\n\n\
         event: next\ndata: {\"data\":{\"count\":2}}\n\n\
         event: complete\ndata: \n\n"
    );
}

#[tokio::test]
async fn the_explorer_loads_nothing_from_elsewhere() {
    let served = served().await;
    let page = served.get("/explore", "text/html").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'; script-src 'self'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    // Without it, browsers ask for one that is not there.
    assert!(page.contains(r#"<link rel="icon" href="data:,">"#), "{page}");
    assert_eq!(served.get("/explore/explore.js", "*/*").await.status(), 200);
    assert_eq!(served.get("/explore/..%2fsecret", "*/*").await.status(), 404);
}

#[tokio::test]
async fn other_pages_may_read_answers_only_where_the_settings_name_them() {
    let served = served_with(&[("ALLHOURS_SERVER_ORIGINS", "https://app.example")]).await;
    let body = r#"{"query":"{ role }"}"#;
    let named = served.post_with(body, &[("origin", "https://app.example")]).await;
    assert_eq!(named.headers()["access-control-allow-origin"], "https://app.example");
    let other = served.post_with(body, &[("origin", "https://evil.example")]).await;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}
