//! What operators see of a server: where the log ends, how far the search index is.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};

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
    shows(&server, LAG, "\"search\"", 0.0).await;
    place.verify().await;
    server.stop().await;
}
