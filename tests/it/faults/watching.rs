//! What operators see: where the log ends, how far the search index is, each request in the log.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::postgres::Postgres;
use crate::process::{Place, Served, home, wait_until};

const SOON: Duration = Duration::from_secs(20);
/// How old a figure may be.
const FIGURE_AGE_MAX: Duration = Duration::from_secs(1);
const HEAD: &str = "allhours_log_head_position";
const LAG: &str = "allhours_projection_lag_events";

async fn figures(server: &Served) -> String {
    let asked = reqwest::get(format!("{}/metrics", server.address())).await;
    asked.expect("figures").text().await.expect("text")
}

/// Waits until the server shows this figure, no longer than one may be old.
async fn shows(server: &Served, name: &str, label: &str, wanted: f64) {
    wait_until(FIGURE_AGE_MAX, || async {
        let figure = server.figure(name, label).await;
        let is_so = (figure - wanted).abs() < 0.5;
        if is_so { Ok(()) } else { Err(format!("{name} is {figure}, not {wanted}")) }
    })
    .await;
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn last_of(positions: &[i64]) -> f64 {
    positions.last().copied().expect("something was written") as f64
}

/// The names of all counters that the sources count, each as a call of the macro.
fn counters() -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = ["api", "eventstore", "projections"]
        .map(|it| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(it).join("src"))
        .to_vec();
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let calls = text.split("counter!(").skip(1).map(str::trim_start);
            let called = calls.filter_map(|call| call.strip_prefix('"')?.split('"').next());
            names.extend(called.filter(|name| name.starts_with("allhours_")).map(str::to_owned));
        }
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn every_counter_is_there_at_zero_before_anything_is_counted() {
    let home = home();
    let server = Served::start(&home.path().join("data"), &[]).await;
    let shown = figures(&server).await;
    let names = counters();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let of =
            |line: &&str| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let lines: Vec<&str> = shown.lines().filter(of).collect();
        assert!(!lines.is_empty(), "{name} is not there: {shown}");
        assert!(lines.iter().all(|line| line.ends_with(" 0")), "{lines:?}");
    }
    for labelled in [
        "allhours_auth_refused_total{reason=\"Expired\"} 0",
        "allhours_connections_refused_total{limit=\"tenant\"} 0",
        "allhours_websockets_closed_total{code=\"4413\"} 0",
        "allhours_projection_failures_total{projection=\"conversations\"} 0",
    ] {
        assert!(shown.contains(labelled), "{labelled}: {shown}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_the_log_is_shown_whoever_wrote_it() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    place.run(&["demo"]).await;
    let written = place.run(&["replay"]).await.lines().count();
    let server = place.serve(&[]).await;
    // It has appended nothing itself.
    shows(&server, HEAD, "", f64::from(u32::try_from(written).expect("few"))).await;

    let file = home.path().join("one.jsonl");
    let line = json!({"id": "1", "turns": [{"speaker": "customer", "text": "Hello"}]});
    fs::write(&file, line.to_string()).expect("a file");
    let file = file.display().to_string();
    let import = ["import", "dialogues", "--tenant", "demo", "--output", "json", &file];
    let said: Value = serde_json::from_str(&place.run(&import).await).expect("JSON");
    let position = said["position"].as_i64().expect("a position");
    shows(&server, HEAD, "", last_of(&[position])).await;
    server.stop().await;
}

/// What the server says of its search index: whether it is well, and why not.
async fn search_of(server: &Served) -> (u16, bool, String) {
    let (status, said) = server.ready().await.expect("it answers");
    let search = &said["checks"]["search"];
    let why = search["reason"].as_str().unwrap_or_default().to_owned();
    (status, search["ok"] == true, why)
}

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.expect("it can be removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_search_index_is_gone_is_not_ready_until_it_is_there_again() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    for figure in [LAG, "allhours_projection_lag_seconds"] {
        let line = format!("{figure}{{projection=\"search\"}}");
        assert!(figures(&server).await.contains(&line), "{line}");
    }
    wait_until(SOON, || async {
        let behind = server.figure(LAG, "\"search\"").await;
        if behind < 0.5 { Ok(()) } else { Err(format!("{behind} events behind")) }
    })
    .await;
    assert_eq!(search_of(&server).await, (200, true, String::new()));

    empty(&place.data().join("search"));
    wait_until(SOON, || async {
        match search_of(&server).await {
            (503, false, why) if why.contains("the index") && why.contains("folder") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    wait_until(SOON, || async {
        match search_of(&server).await {
            (200, true, _) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    place.verify().await;
    server.stop().await;
}

/// The lines of the log that name this request.
fn lines_of(server: &Served, request_id: &str) -> Vec<Value> {
    let log = server.log();
    // The last one may be half written.
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["request_id"] == request_id).collect()
}

async fn ask(server: &Served, token: &str, query: &str, request_id: &str) -> u16 {
    let request = reqwest::Client::new()
        .post(format!("{}/graphql?whose=hushed", server.address()))
        .bearer_auth(token)
        .header("x-request-id", request_id)
        .json(&json!({ "query": query }));
    let answer = request.send().await.expect("an answer");
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_a_line_of_the_log_and_what_failed_says_why() {
    let home = home();
    let postgres = Postgres::start(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("data")).on(&postgres.url());
    let server = place.with("ALLHOURS_TELEMETRY_LOG_FORMAT", "json").serve(&["--demo"]).await;
    let caller = server.caller("agent").await;
    let secret = "query hushed { queue(first: 1) { totalCount } }";
    assert_eq!(ask(&server, caller.token(), secret, "well").await, 200);
    assert_eq!(ask(&server, "no token", secret, "denied").await, 401);
    let line = |request_id: &'static str| {
        let lines = lines_of(&server, request_id);
        assert_eq!(lines.len(), 1, "{request_id}: {lines:?}");
        lines[0].clone()
    };
    for (request_id, status) in [("well", 200), ("denied", 401)] {
        let line = line(request_id);
        assert_eq!(
            (&line["level"], &line["method"], &line["route"], &line["status"]),
            (&json!("INFO"), &json!("POST"), &json!("/graphql"), &json!(status)),
            "{line}"
        );
        assert!(line["duration_ms"].as_f64().is_some_and(|it| it > 0.0), "{line}");
    }
    figures(&server).await;

    postgres.stop().await;
    assert_ne!(ask(&server, caller.token(), secret, "down").await, 401);
    wait_until(SOON, || async {
        let lines = lines_of(&server, "down");
        let why = lines.iter().find(|line| line["code"] == "UNAVAILABLE");
        let told = why.is_some_and(|it| it["cause"].as_str().is_some_and(|it| it.len() > 10));
        if told && lines.len() == 2 { Ok(()) } else { Err(format!("{lines:?}")) }
    })
    .await;
    let log = server.log();
    for unsaid in ["hushed", "readyz", "metrics", caller.token()] {
        assert!(!log.contains(unsaid), "{unsaid}: {log}");
    }
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ready_says_what_broke_below_it() {
    let home = home();
    let postgres = Postgres::start_hasty(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("data")).on(&postgres.url());
    let server = place.serve(&[]).await;
    postgres.stop().await;
    wait_until(SOON, || async {
        let (status, said) = server.ready().await.map_err(|error| error.to_string())?;
        let explained = ["database", "log"].iter().all(|check| {
            let reason = said["checks"][check]["reason"].as_str();
            reason.is_some_and(|reason| reason.contains("No such file or directory"))
        });
        if status == 503 && explained { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
    server.stop().await;
}
