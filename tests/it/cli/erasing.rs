//! `erase`: nothing of a forgotten customer is left in the database or in the index.
#![expect(clippy::panic, reason = "what is not as it must be ends the test")]

use std::{fs, path::Path, process::Stdio, time::Duration};

use allhours_eventstore::embedded::Binaries;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio_postgres::config::Host;

use super::run::{Behind, mutate, replayed, run, until};
use crate::process::Served;

// Words that compression leaves whole: no part of them comes twice, or in other texts.
const CANARIES: [&str; 2] = ["qzjxvkwbyp", "鸮魟鼍"];
const DIALOGUES: &str = r#"{"id":"forgotten","language":"en","topic":"Refund","turns":[{"speaker":"customer","text":"my word is qzjxvkwbyp"},{"speaker":"agent","text":"noted"},{"speaker":"customer","text":"另一个是 鸮魟鼍"}]}
{"id":"kept","language":"en","topic":"Refund","turns":[{"speaker":"customer","text":"my word is marzipan"},{"speaker":"agent","text":"noted"}]}
"#;

/// How long the index may take until its files hold what they held.
const OTHERS_SEEN_MAX: Duration = Duration::from_secs(20);

/// Everything that the database holds, as a backup would.
pub async fn dump(folder: &Path) -> Vec<u8> {
    let behind = Behind::of(folder).await;
    let config = behind.config();
    let [Host::Unix(socket)] = config.get_hosts() else { panic!("one socket") };
    let programs = Binaries::find(None, None).expect("a server is installed").folder;
    let mut command = Command::new(programs.join("pg_dump"));
    command.arg("--host").arg(socket);
    command.args(["--username", config.get_user().expect("a user")]);
    command.args(["--port", &config.get_ports().first().copied().unwrap_or(5432).to_string()]);
    command.arg(config.get_dbname().expect("a database"));
    let output = command.stdin(Stdio::null()).output().await.expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    behind.close().await;
    output.stdout
}

/// How many files below `folder` hold these bytes.
pub fn files_with(folder: &Path, bytes: &[u8]) -> usize {
    let mut found = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        found += if path.is_dir() {
            files_with(&path, bytes)
        } else {
            // A file may go while it is looked for, as the index merges its segments.
            usize::from(holds(&fs::read(&path).unwrap_or_default(), bytes))
        };
    }
    found
}

pub fn holds(text: &[u8], bytes: &[u8]) -> bool {
    text.windows(bytes.len()).any(|it| it == bytes)
}

/// The customer who wrote the first dialogue.
async fn customer(folder: &Path) -> String {
    let of_import = "type=conversation.customer_message_received,actor=system:import";
    let events = replayed(folder, &["--open", "--where", of_import]).await;
    let with = |event: &&Value| {
        event["payload"]["text"]["text"].as_str().is_some_and(|it| it.contains(CANARIES[0]))
    };
    let event = events.iter().find(with).expect("the message");
    event["payload"]["text"]["$subject"].as_str().expect("a subject").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_customer_is_left_in_a_dump_or_in_the_index() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let file = folder.join("canaries.jsonl");
    fs::write(&file, DIALOGUES).expect("a file");
    let server = Served::start(folder, &["--demo"]).await;
    let file = file.display().to_string();
    run(folder, &["import", "dialogues", "--tenant", "demo", &file]).await.well();
    let (customer, index) = (customer(folder).await, folder.join("search"));
    for canary in CANARIES {
        until("it is indexed", async || (files_with(&index, canary.as_bytes()) > 0).then_some(()))
            .await;
    }
    let before = dump(folder).await;
    assert!(holds(&before, customer.as_bytes()), "the dump holds what is looked for");
    let sealed = |dump: &[u8]| {
        dump.split(|it| *it == b'\n').filter(|it| holds(it, customer.as_bytes())).count()
    };

    let erase = ["erase", "--tenant", "demo", "--customer", &customer];
    let asked = run(folder, &erase).await;
    assert_eq!(asked.code, 0, "{asked:?}");
    assert!(asked.out.contains("in 1 conversation and elsewhere"), "{}", asked.out);
    assert!(asked.out.contains("Nothing was changed"), "{}", asked.out);
    let stranger = "01900000-0000-7000-8000-000000000000";
    for more in [&[][..], &["--yes"]] {
        let nobody = ["erase", "--tenant", "demo", "--customer", stranger];
        let nobody = run(folder, &[&nobody[..], more].concat()).await;
        assert_eq!((nobody.code, nobody.out.as_str()), (1, ""), "{nobody:?}");
        assert!(nobody.errors.contains("`demo` has no customer"), "{}", nobody.errors);
    }
    assert!(files_with(&index, CANARIES[0].as_bytes()) > 0);
    let erase = [&erase[..], &["--yes", "--output", "json"]].concat();
    let first = run(folder, &erase).await;
    assert_eq!(first.code, 0, "{first:?}");
    let first = first.json();

    let after = dump(folder).await;
    for canary in CANARIES {
        assert!(!holds(&after, canary.as_bytes()), "{canary} is in the database");
        assert_eq!(files_with(&index, canary.as_bytes()), 0, "{canary} is in the index");
    }
    assert!(sealed(&after) < sealed(&before), "ciphertexts are gone");
    let others = async {
        // Files come and go while the index merges its segments.
        while files_with(&index, b"marzipan") == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(OTHERS_SEEN_MAX, others).await.expect("others stay");
    let opened = run(folder, &["replay", "--open"]).await.well();
    assert!(CANARIES.iter().all(|canary| !opened.contains(canary)) && opened.contains("marzipan"));

    assert_certificate_stands_in_the_log(folder, &first["certificate"]).await;
    assert_eq!(first["erasedBefore"], false);
    assert_second_says_what_the_first_did(folder, &customer, &first).await;
    run(folder, &["verify"]).await.well();
    server.stop().await;
    assert_second_says_what_the_first_did(folder, &customer, &first).await;
    run(folder, &["verify"]).await.well();
}

/// Asked again, the certificate is the same, and it is said that it is the one of before.
async fn assert_second_says_what_the_first_did(folder: &Path, customer: &str, first: &Value) {
    let erase = ["erase", "--tenant", "demo", "--customer", customer];
    let again = run(folder, &[&erase[..], &["--yes", "--output", "json"]].concat()).await;
    assert_eq!(again.code, 0, "{again:?}");
    let again = again.json();
    assert_eq!(
        (&again["certificate"], &again["sha256"]),
        (&first["certificate"], &first["sha256"])
    );
    assert_eq!(again["erasedBefore"], true);
    let of = |name: &str| first["certificate"][name].as_str().expect("a text").to_owned();
    for more in [&[][..], &["--yes"]] {
        let said = run(folder, &[&erase[..], more].concat()).await.well();
        for part in ["was forgotten before", "Nothing was changed", &of("erasedAt"), &of("eventId")]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        let position = format!("at position {}", first["certificate"]["position"]);
        assert!(said.contains(&position) && said.contains("gdpr-17"), "{said}");
    }
}

async fn assert_certificate_stands_in_the_log(folder: &Path, certificate: &Value) {
    let events = replayed(folder, &["--where", "type=customer.erased"]).await;
    let [event] = events.as_slice() else { panic!("one erasure: {events:?}") };
    assert_eq!(event["eventId"], certificate["eventId"]);
    assert_eq!(event["position"], certificate["position"]);
    assert_eq!(event["leafHash"], certificate["leafSha256"]);
    assert_eq!(event["payload"]["texts_deleted"], certificate["textsDeleted"]);
    assert!(certificate["textsDeleted"].as_u64() >= Some(2), "{certificate}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_with_a_hundred_addresses_is_forgotten_by_one_command() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let admin = server.caller("admin").await;
    let query = "mutation ($input: CustomerIdentifyInput!) {
        customerIdentify(input: $input) { customer { id } }
    }";
    let name = json!({ "input": { "displayName": CANARIES[0] } });
    let made = admin.data(query, &name).await;
    let customer = made["customerIdentify"]["customer"]["id"].as_str().expect("an id");
    for number in 0..100 {
        let address = format!("{}{number}@example.org", CANARIES[0]);
        let input = json!({ "customerId": customer, "channel": "EMAIL", "address": address });
        mutate(&admin, "customerLinkAddress", input).await;
    }
    let opened = run(folder, &["replay", "--open"]).await.well();
    assert_eq!(opened.matches(CANARIES[0]).count(), 101);

    let erase = ["erase", "--tenant", "demo", "--customer", customer, "--output", "json"];
    let foreseen = run(folder, &erase).await.json();
    assert_eq!((&foreseen["addresses"], &foreseen["texts"]), (&json!(100), &json!(101)));
    let erase = [&erase[..], &["--yes"]].concat();
    let first = run(folder, &erase).await;
    assert_eq!(first.code, 0, "{first:?}");
    let first = first.json();
    assert_eq!(first["certificate"]["textsDeleted"], 101);
    let opened = run(folder, &["replay", "--open"]).await.well();
    assert!(!opened.contains(CANARIES[0]), "nothing can be read any more");
    assert!(!holds(&dump(folder).await, CANARIES[0].as_bytes()));
    let freed = replayed(folder, &["--where", "type=identity.released"]).await;
    assert_eq!(freed.len(), 100);
    let again = run(folder, &erase).await.json();
    assert_eq!(again["certificate"], first["certificate"], "asked again, the answer is the same");
    run(folder, &["verify"]).await.well();
    server.stop().await;
}
