//! `keys`: new keys in place of old ones, while everything stays readable.

use serde_json::{Value, json};

use super::run::{Behind, mutate, replayed, run, run_with, until};
use crate::process::{Caller, Served};

const OLD: &str = "b3f1c2d4e5a697887766554433221100ffeeddccbbaa99887766554433221100";
const NEW: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A customer whom nobody knew before, so that a key is made for them.
async fn newcomer(caller: &Caller, name: &str) {
    let input = json!({ "displayName": name, "language": "en", "tier": "NEW" });
    mutate(caller, "customerIdentify", input).await;
}

async fn is_found(caller: &Caller, name: &str) {
    let query = "{ customers(first: 100) { nodes { displayName { text } } } }";
    until("the name is read", async || {
        let data = caller.data(query, &json!({})).await;
        data["customers"].to_string().contains(name).then_some(())
    })
    .await;
}

/// The numbers of the keys that there are, and how many people's keys each wraps.
async fn wrapping(behind: &Behind) -> Vec<(i16, i64)> {
    let statement = "select t.generation, count(s.subject_id) from tenant_keys t
        left join subject_keys s
            on (s.tenant_id, s.tenant_generation) = (t.tenant_id, t.generation)
        where t.generation > 0 group by 1 order by 1";
    let rows = behind.client.query(statement, &[]).await.expect("rows");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_key_is_renewed_beside_a_server_and_every_text_stays_readable() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    newcomer(&caller, "Before Rotation").await;
    let before = run(folder, &["replay", "--open"]).await.well();
    let behind = Behind::of(folder).await;
    let [(1, people)] = wrapping(&behind).await[..] else { panic!("one key") };

    let rotate = ["keys", "rotate", "--tenant", "demo", "--output", "json"];
    let rotated = run(folder, &rotate).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    let said = rotated.json();
    assert_eq!((&said["generation"], &said["rewrapped"]), (&json!(2), &json!(people)));
    assert_eq!(wrapping(&behind).await, [(2, people)], "nothing is wrapped by the old key");

    // The server remembers the old key; it must not wrap by it any more.
    newcomer(&caller, "After Rotation").await;
    assert_eq!(wrapping(&behind).await, [(2, people + 1)]);
    for name in ["Before Rotation", "After Rotation", "Grace Obi"] {
        is_found(&caller, name).await;
    }
    let after = run(folder, &["replay", "--open"]).await.well();
    assert!(after.starts_with(&before), "what was readable is, word for word");
    let events = replayed(folder, &["--where", "type=desk.keys_rotated"]).await;
    let told: Vec<&Value> = events.iter().map(|event| &event["payload"]["generation"]).collect();
    assert_eq!(told, [&json!(2)]);
    assert_eq!(events[0]["position"], said["position"]);
    assert_eq!(events[0]["actor"], "system:keys");

    let again = run(folder, &rotate).await.json();
    assert_eq!(again["generation"], 3);
    assert_eq!(wrapping(&behind).await, [(3, people + 1)]);
    behind.close().await;
    run(folder, &["verify"]).await.well();
    // The master key is still the one it was.
    let said = run(folder, &["keys", "rewrap"]).await.well();
    let file = folder.join("master.key").display().to_string();
    assert!(said.starts_with("Nothing was renewed") && said.contains(&file), "{said}");
    server.stop().await;
    let alone = run(folder, &["replay", "--open"]).await.well();
    assert!(alone.contains("After Rotation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_event_was_never_written_is_finished_and_not_begun_anew() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    let behind = Behind::of(folder).await;
    run(folder, &["keys", "rotate", "--tenant", "demo"]).await.well();
    // As a process leaves it that is killed between the last key and the event.
    let undo = "begin; set local session_replication_role = replica;
        delete from events where name = 'desk.keys_rotated';
        update streams s set version = version - 1, last_position = last_position - 1
            where stream_type = 'desk';
        delete from commands where last_position > (select max(position) from events);
        commit";
    behind.client.batch_execute(undo).await.expect("somebody with all rights");
    let said = run(folder, &["keys", "rotate", "--tenant", "demo", "--output", "json"]).await;
    assert_eq!(said.json()["generation"], 2, "{said:?}");
    let events = replayed(folder, &["--where", "type=desk.keys_rotated"]).await;
    assert_eq!(events.len(), 1);
    behind.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_is_replaced_and_the_old_one_opens_nothing_any_more() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let data = folder.path().join("data");
    let file = |name: &str, key: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{key}\n")).expect("a file");
        path.display().to_string()
    };
    let (old, new) = (file("old", OLD), file("new", NEW));
    let with_old = [("ALLHOURS_KEYS_MASTER_FILE", old.as_str())];
    let with_new = [("ALLHOURS_KEYS_MASTER_FILE", new.as_str())];
    let with_both = [with_new[0], ("ALLHOURS_KEYS_PREVIOUS_FILE", old.as_str())];
    run_with(&data, &with_old, &["demo"]).await.well();
    let before = run_with(&data, &with_old, &["replay", "--open"]).await.well();

    let refused = run_with(&data, &with_new, &["keys", "rewrap"]).await;
    assert_eq!(refused.code, 1, "without the old one nothing opens: {refused:?}");
    // Without the new one nothing is renewed, and the key in force can't go.
    let words = run_with(&data, &with_old, &["keys", "rewrap"]).await.well();
    for part in ["Nothing was renewed", "the setting `keys.master`", "set `keys.previous`"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!words.contains("can go"), "{words}");
    let rewrap = ["keys", "rewrap", "--output", "json"];
    let said = run_with(&data, &with_both, &rewrap).await.json();
    assert!(said["rewrapped"].as_u64() >= Some(2), "the tenant's key, and that of indexes: {said}");
    let from = "the setting `keys.master`";
    assert_eq!(
        (&said["masterKeyFrom"], &said["previousKeys"]),
        (&json!(from), &json!(1)),
        "{said}"
    );
    assert_eq!(run_with(&data, &with_both, &rewrap).await.json()["rewrapped"], 0);
    let words = run_with(&data, &with_both, &["keys", "rewrap"]).await.well();
    assert!(words.contains("can go") && words.contains(from), "{words}");

    let after = run_with(&data, &with_new, &["replay", "--open"]).await.well();
    assert!(after == before && after.contains("Grace Obi"));
    run_with(&data, &with_new, &["verify"]).await.well();
    let ran = run_with(&data, &with_old, &["replay"]).await;
    assert!(ran.code == 1 && ran.errors.contains("master key"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_checkpoint_key_is_asked_for_and_another_one_made_only_where_somebody_says_so() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    let former = run(folder, &["checkpoint", "--public-key"]).await.well();
    run(folder, &["checkpoint"]).await.well();
    let refused = run(folder, &["checkpoint", "--new-key"]).await;
    assert!(refused.code == 1 && refused.errors.contains("there is a key already"), "{refused:?}");

    let key = folder.join("checkpoint-key.p8");
    std::fs::remove_file(&key).expect("somebody deletes it");
    for command in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ran = run(folder, command).await;
        let asked = ran.errors.contains("the key that signs checkpoints is missing");
        assert!(ran.code == 1 && asked && !key.exists(), "{command:?}: {ran:?}");
    }
    let looked = run(folder, &["doctor"]).await;
    assert!(looked.code == 1 && looked.out.contains("checkpoint key: there is none"), "{looked:?}");

    run(folder, &["checkpoint", "--new-key"]).await.well();
    let doubted = run(folder, &["verify"]).await;
    assert_eq!(doubted.code, 1, "{doubted:?}");
    assert!(doubted.out.contains("a checkpoint is signed by the key of this desk"), "{doubted:?}");
    assert!(!doubted.out.contains("is that of the events"), "the log is as it was: {doubted:?}");
    assert!(doubted.errors.contains("signed by another key"), "{doubted:?}");
    let trusting = [("ALLHOURS_CHECKPOINTS_TRUSTED", former.trim())];
    run_with(folder, &trusting, &["verify"]).await.well();
}
