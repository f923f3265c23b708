//! Where a desk is, and where none is: commands look, and make nothing by the way.

use std::{fs, time::Duration};

use serde_json::json;
use tokio_postgres::config::Host;

use super::run::{Behind, run, until};
use crate::process::{Place, Served, home};

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_folder_is_said_to_hold_no_desk_and_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let id = "01900000-0000-7000-8000-000000000000";
    let to = folder.path().join("out").display().to_string();
    let file = folder.path().join("some.jsonl");
    fs::write(&file, "").expect("a file");
    let file = file.display().to_string();
    let commands: &[&[&str]] = &[
        &["verify"],
        &["replay"],
        &["rebuild"],
        &["checkpoint"],
        &["export", "--tenant", "demo", "--to-dir", &to],
        &["erase", "--tenant", "demo", "--customer", id, "--yes"],
        &["token", "--tenant", "demo", "--role", "agent"],
        &["keys", "rotate", "--tenant", "demo"],
        &["keys", "rewrap"],
        &["import", "dialogues", "--tenant", "demo", &file],
    ];
    let nowhere = folder.path().join("mistyped");
    let empty = tempfile::tempdir().expect("a folder of our own");
    for command in commands {
        for place in [nowhere.as_path(), empty.path()] {
            let ran = run(place, command).await;
            assert_eq!(ran.code, 1, "{command:?}: {ran:?}");
            let said = format!("there is no desk at {}", place.display());
            assert!(ran.errors.contains(&said), "{command:?}: {}", ran.errors);
            assert!(ran.out.is_empty(), "{command:?}: {ran:?}");
        }
    }
    let looked = run(&nowhere, &["doctor"]).await;
    assert!(looked.out.contains(&format!("there is none at {}", nowhere.display())), "{looked:?}");
    assert!(!looked.out.contains('{'), "in words: {}", looked.out);
    run(empty.path(), &["doctor"]).await;
    assert!(!nowhere.exists(), "nothing was made");
    assert_eq!(fs::read_dir(empty.path()).expect("a folder").count(), 0, "nothing was left");
    assert!(!folder.path().join("out").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_folder_is_told_who_has_it() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let first = Served::start(folder.path(), &[]).await;
    let ran = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let address = first.address().trim_start_matches("http://");
    for said in [
        format!("process {}", first.process()),
        format!("listening on {address}"),
        format!("`kill {}`", first.process()),
        "--data-dir".to_owned(),
    ] {
        assert!(ran.errors.contains(&said), "{said}: {}", ran.errors);
    }
    // One that was killed has let go.
    first.kill().await;
    let next = Served::start(folder.path(), &[]).await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_in_a_database_elsewhere_is_opened_with_its_keys_alone() {
    let folder = home();
    let data = folder.path().join("data");
    run(&data, &["demo"]).await.well();
    run(&data, &["checkpoint"]).await.well();
    let behind = Behind::of(&data).await;
    let config = behind.config();
    let socket = config.get_hosts().iter().find_map(|host| match host {
        Host::Unix(path) => Some(path.clone()),
        Host::Tcp(_) => None,
    });
    let socket = socket.expect("it has a socket");
    let url = format!("host='{}' dbname='allhours' user='allhours'", socket.display());
    let elsewhere = folder.path().join("elsewhere");
    let replay = ["replay", "--database-url", &url, "--to", "1"];
    let token = ["token", "--database-url", &url, "--tenant", "demo", "--role", "agent"];

    let ran = run(&elsewhere, &replay).await;
    assert!(ran.code == 1 && ran.errors.contains("the keys of the desk are not here"), "{ran:?}");
    assert!(!elsewhere.exists(), "nothing was made");
    fs::create_dir(&elsewhere).expect("a folder");
    for (key, missing) in [("master.key", "master key"), ("checkpoint-key.p8", "signs checkpoints")]
    {
        for command in [&replay[..], &token] {
            let ran = run(&elsewhere, command).await;
            let said = ran.errors.contains(missing) && ran.errors.contains("is missing");
            assert!(ran.code == 1 && said, "{key}: {ran:?}");
        }
        assert!(!elsewhere.join("token-key.p8").exists(), "no server takes tokens of such a key");
        fs::copy(data.join(key), elsewhere.join(key)).expect("the key of the desk");
    }
    run(&elsewhere, &replay).await.well();
    behind.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_come_and_go_leave_no_warning_in_the_servers_log() {
    let folder = home();
    let data = folder.path().join("data");
    let server = Place::new(&data).serve(&["--demo"]).await;
    for _ in 0..3 {
        run(&data, &["verify"]).await.well();
        run(&data, &["token", "--tenant", "demo", "--role", "agent"]).await.well();
    }
    server.stop().await;
    let log = fs::read_to_string(data.with_extension("log")).expect("what it logged");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    assert_eq!(log.matches("__roles").count(), 1, "a migration is told once: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_figures_can_have_an_address_of_their_own() {
    let folder = home();
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
    let admin = port.expect("an address").to_string();
    let place = Place::new(&folder.path().join("data"));
    let server = place.with("ALLHOURS_SERVER_ADMIN_LISTEN", &admin).begin_to_serve(&["--demo"]);
    let client = reqwest::Client::new();
    let status = async |address: &str, path: &str| {
        let answer = client.get(format!("{address}{path}")).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    let (admin, main) = (format!("http://{admin}"), server.address().to_owned());
    until("it is ready", async || {
        status(&admin, "/readyz").await.filter(|(status, _)| *status == 200)
    })
    .await;
    assert_eq!(status(&admin, "/livez").await.map(|it| it.0), Some(200));
    let figures = status(&admin, "/metrics").await.expect("figures").1;
    assert!(figures.contains("allhours_projection_lag_events"), "{figures}");
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(status(&main, path).await.map(|it| it.0), Some(404), "{path}");
    }
    for path in ["/graphql", "/explore"] {
        assert_eq!(status(&admin, path).await.map(|it| it.0), Some(404), "{path}");
    }
    let door = async |address: &str| status(address, "/").await.expect("an answer").1;
    let (inside, outside) = (door(&admin).await, door(&main).await);
    assert!(inside.contains("/metrics") && !inside.contains("/graphql"), "{inside}");
    assert!(outside.contains("/graphql") && !outside.contains("/metrics"), "{outside}");
    let answer = server.caller("agent").await.data("{ __typename }", &json!({})).await;
    assert_eq!(answer["__typename"], "Query");
    tokio::time::timeout(Duration::from_mins(1), server.stop()).await.expect("it stops");
    assert_eq!(status(&admin, "/livez").await, None, "nobody listens any more");
}
