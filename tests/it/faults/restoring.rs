//! A backup brought back on another server, as `docs/operations.md` says, and as it does not.

use std::{path::Path, process::Stdio};

use allhours_eventstore::embedded::Binaries;
use serde_json::json;
use tokio::process::Command;

use super::postgres::Postgres;
use crate::process::{Place, home};

/// Runs one of PostgreSQL's programs; whether all went well.
async fn ran(program: &str, folder: &Path, arguments: &[&str]) -> bool {
    let programs = Binaries::find(None, None).expect("a server is installed").folder;
    let socket = folder.join("socket").display().to_string();
    let mut command = Command::new(programs.join(program));
    command.args(["-h", &socket, "-U", "allhours"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.expect("it runs").success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_comes_back_whole_and_one_that_did_not_is_noticed_and_says_what_to_do() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let dump = home.path().join("allhours.dump").display().to_string();
    assert!(ran("pg_dump", place.data(), &["-Fc", "-f", &dump, "allhours"]).await);
    server.stop().await;

    let other = Postgres::start_hasty(&home.path().join("other")).await;
    let folder = home.path().join("other");
    let restored = place.beside(&home.path().join("new")).on(&other.url());
    let restoring = ["-d", "allhours", dump.as_str()];
    assert!(!ran("pg_restore", &folder, &restoring).await, "there is no role of readers yet");
    for command in ["verify", "doctor", "migrate"] {
        let told = restored.output(&[command]).await;
        assert_eq!(told.status.code(), Some(1), "{command}: {told:?}");
        let told = [told.stdout, told.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("create role allhours_reader nologin"), "{command}: {told}");
    }

    let administrator = other.connect().await;
    let role = "create role allhours_reader nologin; grant allhours_reader to allhours";
    administrator.batch_execute(role).await.expect("an administrator may");
    drop(administrator);
    assert!(ran("dropdb", &folder, &["--force", "allhours"]).await);
    assert!(ran("createdb", &folder, &["allhours"]).await);
    assert!(ran("pg_restore", &folder, &restoring).await, "now it goes through");
    restored.verify().await;
    let server = restored.serve(&[]).await;
    let caller = server.caller("agent").await;
    let queue = caller.data("{ queue(first: 5) { nodes { entered } } }", &json!({})).await;
    assert_eq!(queue["queue"]["nodes"].as_array().map(Vec::len), Some(5), "{queue}");
    server.stop().await;
    other.stop().await;
}
