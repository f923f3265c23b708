//! Events that nobody can read, put into the log behind the program's back: what they spoil is
//! told, and everything else goes on.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{
    postgres::connect_inside,
    writer::{Writer, assert_troubles_are_typed},
};
use crate::process::{Caller, Place, home, wait_until};

const SOON: Duration = Duration::from_secs(20);

/// Adds an event after the last one, like the last one of a stream but for its name and payload.
async fn inject(client: &Client, stream: &str, name: &str, payload: &str) -> i64 {
    let tampering = format!(
        "set session_replication_role = replica;
         with head as (select max(position) as position from events),
         added as (
             insert into events (position, occurred_at, recorded_at, version, schema_version,
                 tenant_id, stream_id, event_id, command_id, correlation_id, causation_id,
                 leaf_hash, stream_type, name, actor, payload)
             select head.position + 1, now(), now(), s.version + 1, 1, s.tenant_id, s.stream_id,
                 gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), null,
                 sha256('nobody hashed this'), 'conversation', '{name}', 'system:tampering',
                 '{payload}'
             from streams s, head where s.stream_id = '{stream}'
             returning position, stream_id, version)
         update streams s set version = added.version, last_position = added.position
         from added where s.stream_id = added.stream_id;
         set session_replication_role = origin;"
    );
    client.batch_execute(&tampering).await.expect("a superuser may");
    let row = client.query_one("select max(position) from events", &[]).await;
    row.expect("the log can be read").get(0)
}

/// The stream of a conversation.
async fn stream_of(client: &Client, position: i64) -> String {
    let of = "select stream_id::text from events where position = $1";
    client.query_one(of, &[&position]).await.expect("an event").get(0)
}

async fn code_of(caller: &Caller, query: &str, id: &str) -> Option<String> {
    let answer = caller.ask(query, &json!({ "id": id })).await.expect("the server answers");
    answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn around_events_that_nobody_can_read_everything_goes_on_and_verify_names_them() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversations = caller.open_conversations(3).await;
    let mut writers = Writer::for_each(&conversations);
    let client = connect_inside(place.data()).await;
    let mut streams = Vec::new();
    for writer in &mut writers {
        assert_eq!(writer.write(&caller).await, Ok(()));
        streams.push(stream_of(&client, writer.acknowledged[0]).await);
    }
    let unknown = inject(&client, &streams[0], "conversation.teleported", "{}").await;
    let nonsense = r#"{"nonsense": true}"#;
    let garbled = inject(&client, &streams[1], "conversation.note_added", nonsense).await;

    // Others go on, and what they do is projected and found.
    for _ in 0..10 {
        assert_eq!(writers[2].write(&caller).await, Ok(()));
    }
    let last = *writers[2].acknowledged.last().expect("ten of them");
    let listing = "query ($p: Position) { conversations(first: 50, minPosition: $p) \
        { nodes { id subject { text } } } }";
    let listed = caller.data(listing, &json!({ "p": last })).await;
    let ids = listed["conversations"]["nodes"].as_array().expect("a list");
    assert!(conversations.iter().all(|id| ids.iter().any(|it| it["id"] == id.as_str())));
    let find = "query ($p: Position) { search(text: \"noted\", first: 5, minPosition: $p) \
        { hits { snippet { text } } } }";
    let found = caller.data(find, &json!({ "p": last })).await;
    assert_ne!(found["search"]["hits"], json!([]), "{found}");

    // What they stand in is told to be broken, and by a code.
    let timeline = "query ($id: ID!) { conversation(id: $id) { version timeline(first: 50) \
        { nodes { name message { text { text } } } } } }";
    for id in &conversations[..2] {
        assert_eq!(code_of(&caller, timeline, id).await.as_deref(), Some("INTERNAL"));
    }
    assert_eq!(code_of(&caller, timeline, &conversations[2]).await, None);
    for writer in &mut writers[..2] {
        assert!(writer.write(&caller).await.is_err(), "a rule was decided on half a history");
    }
    assert_troubles_are_typed(&writers, &["INTERNAL"]);

    // The server says what it went on without, and goes on.
    wait_until(SOON, || async {
        let parked = server.figure("allhours_projection_parked_events", "conversations").await;
        if parked > 1.5 { Ok(()) } else { Err(format!("{parked} events are parked")) }
    })
    .await;
    let (status, said) = server.ready().await.expect("it answers");
    assert_eq!(status, 200, "{said}");
    assert!(!server.log().contains("panicked"), "{}", server.log());

    let output = place.output(&["verify", "--output", "json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings: Vec<&str> = said["log"]["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for position in [unknown, garbled] {
        let named = format!("position {position};");
        let reads = findings.iter().any(|it| it.contains("known name") && it.contains(&named));
        assert!(reads, "{position}: {findings:#?}");
    }
    let differences = said["projections"].as_array().expect("a list").iter();
    assert!(differences.clone().all(|it| it["differences"] == 0), "{said}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_gone_though_nobody_was_forgotten_is_named_by_verify() {
    let home = home();
    let place = Place::new(&home.path().join("data"));
    let server = place.serve(&["--demo"]).await;
    place.verify().await;
    let client = connect_inside(place.data()).await;
    let deletion = "delete from sealed where (position, field) in
        (select position, field from sealed order by position, field limit 1)
        returning position, event_id::text";
    let row = client.query_one(deletion, &[]).await.expect("nothing forbids it");
    let (position, event): (i64, String) = (row.get(0), row.get(1));

    let output = place.output(&["verify", "--output", "json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = said["log"]["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 1, "{said}");
    let finding = findings[0].as_str().expect("a sentence");
    assert!(finding.contains(&format!("position {position};")), "{finding}");
    assert!(finding.contains(&format!("row {event}")), "{finding}");
    server.stop().await;
}
