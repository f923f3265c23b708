//! Keys that are missing or wrong: nothing is begun with them, and what is lost is named.

use std::{fs, os::unix::fs::PermissionsExt as _};

use allhours_api::graphql::id::Kind;
use serde_json::json;
use uuid::Uuid;

use super::{
    postgres::connect_inside,
    writer::{Trouble, Writer, assert_each_stands_once},
};
use crate::process::{Place, home};

/// Starts `serve`, which must give up; gives what it said.
async fn refused_to_serve(place: &Place) -> String {
    let output = place.output(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "it said something as if it served");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_master_key_nothing_begins_and_nothing_changes() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(1).await;
    let before = place.notes().await;
    let mut writers = Writer::for_each(&conversations);
    assert_eq!(writers[0].write(&caller).await, Ok(()));
    let events = place.run(&["replay"]).await;
    server.stop().await;

    let key = place.data().join("master.key");
    let right = fs::read(&key).expect("the key was made");
    fs::remove_file(&key).expect("the key is there");
    let said = refused_to_serve(&place).await;
    assert!(said.contains("the master key is missing"), "{said}");
    assert!(said.contains("master.key"), "it does not say where: {said}");
    assert!(!key.exists(), "a new key was made for an old desk");

    let wrong = place.clone().with("ALLHOURS_KEYS_MASTER", &"7f".repeat(32));
    let said = refused_to_serve(&wrong).await;
    assert!(said.contains("the master key does not open a tenant's key"), "{said}");
    assert!(said.contains("the setting `keys.master`"), "it does not say which: {said}");
    let closed = || fs::Permissions::from_mode(0o600);
    for (content, remedy) in [
        ("7f".repeat(32), "`keys.previous`"),
        ("7f".repeat(16), "restore it from a backup"),
        ("no key".to_owned(), "restore it from a backup"),
    ] {
        fs::write(&key, content).expect("another key");
        fs::set_permissions(&key, closed()).expect("to its owner only");
        let said = refused_to_serve(&place).await;
        assert!(said.contains(&key.display().to_string()), "it does not say which: {said}");
        assert!(said.contains(remedy), "{remedy}: {said}");
        assert!(!said.contains("WARN"), "what was begun is ended in good order: {said}");
    }
    fs::remove_file(&key).expect("the key is there");
    let half = place.clone().with("ALLHOURS_KEYS_MASTER", &"7f".repeat(16));
    let output = half.output(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(output.status.code(), Some(2), "half a key is a wrong setting");

    fs::write(&key, right).expect("the key comes back");
    fs::set_permissions(&key, closed()).expect("to its owner only, as it was");
    assert_eq!(place.run(&["replay"]).await, events, "something changed meanwhile");
    let server = place.serve(&[]).await;
    assert_eq!(writers[0].write(&server.caller_with(caller.token())).await, Ok(()));
    assert_each_stands_once(&place, &before, &writers).await;
    place.verify().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subjects_key_that_is_lost_or_spoilt_is_named_and_one_that_was_destroyed_is_not() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let client = connect_inside(place.data()).await;
    let customers = "select s.stream_id::text from streams s
        where s.stream_type = 'customer' and exists (
            select from sealed x where x.subject_id = s.stream_id) order by 1 limit 3";
    let customers = client.query(customers, &[]).await.expect("the demo has customers");
    let customers: Vec<String> = customers.iter().map(|row| row.get(0)).collect();
    let [erased, lost, spoilt] = &customers[..] else { unreachable!("three were asked for") };
    let conversation = "select e.stream_id::text from events e
        join sealed x on x.position = e.position and x.subject_id::text = $1
        where e.stream_type = 'conversation' limit 1";
    let conversation = client.query_one(conversation, &[lost]).await.expect("they wrote once");
    let conversation: Uuid = conversation.get::<_, &str>(0).parse().expect("an id");
    let conversation = Kind::Conversation.id(conversation).to_string();
    place.run(&["erase", "--tenant", "demo", "--customer", erased, "--yes"]).await;
    place.verify().await;

    let tampering = format!(
        "create table kept as select * from subject_keys where subject_id in ('{lost}', '{spoilt}');
         delete from subject_keys where subject_id = '{lost}';
         update subject_keys set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))
         where subject_id = '{spoilt}';"
    );
    client.batch_execute(&tampering).await.expect("a superuser may");
    let output = place.output(&["verify"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let names = |rule: &str, who: &str| {
        said.lines().any(|line| line.contains(rule) && line.ends_with(&format!("row {who}")))
    };
    assert!(names("a subject with sealed texts has a key, or was forgotten", lost), "{said}");
    assert!(names("a key opens by the one that wraps it", spoilt), "{said}");
    assert!(!said.contains(erased), "{said}");

    // A server that has no key in memory answers around them.
    server.stop().await;
    let server = place.serve(&[]).await;
    let caller = server.caller_with(caller.token());
    let query = "{ customers(first: 50) { nodes { id version } } \
        conversations(first: 1) { nodes { id } } }";
    let answer = caller.data(query, &json!({})).await;
    assert!(answer["customers"]["nodes"].as_array().is_some_and(|it| it.len() > 2), "{answer}");
    let names = "{ customers(first: 50) { nodes { displayName { state text } } } }";
    let answer = caller.ask(names, &json!({})).await.expect("the server answers");
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    assert!(matches!(code, None | Some("INTERNAL")), "{answer}");
    // What is written about somebody would need a new key, and the old one might come back.
    let mut writer = Writer::new(0, &conversation);
    assert_eq!(writer.write(&caller).await, Err(Trouble::Told("INTERNAL".to_owned())));
    server.stop().await;

    // Keys that come back from a backup bring everything back.
    let server = place.serve(&[]).await;
    let client = connect_inside(place.data()).await;
    let restoring = "delete from subject_keys where subject_id in (select subject_id from kept);
        insert into subject_keys select * from kept; drop table kept;";
    client.batch_execute(restoring).await.expect("a superuser may");
    assert_eq!(writer.settle(&server.caller_with(caller.token())).await, Ok(()));
    place.verify().await;
    server.stop().await;
}
