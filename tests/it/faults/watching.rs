//! What operators see of a server: where the log ends.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::process::{Place, Served, home, wait_until};

/// How old a figure may be.
const FIGURE_AGE_MAX: Duration = Duration::from_secs(1);
const HEAD: &str = "allhours_log_head_position";

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
