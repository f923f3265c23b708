//! What was forgotten leaves no byte in the folder of the index.

use std::{fs, path::Path};

use allhours_domain::{
    customer::event::{CustomerEvent, ProfileChanged},
    personal::Personal,
};
use allhours_eventstore::log::Log as _;

use super::{
    super::{language::Tongue, schema::schema, verify, writer::open_index},
    support::{Desk, PATIENCE},
};

/// Words that stand nowhere but in what was forgotten. They have no part in common, and end with
/// no digit of an id: compression
/// would write such a part only once.
const CANARIES: [&str; 3] = ["quartzvowjiz", "vexjumblingkop", "sphinxmudgeluz"];

/// Every file of the folder that holds the bytes, live or not.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|it| it == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Every term of every segment of the newest generation, deleted documents included.
fn terms(folder: &Path) -> Vec<String> {
    let mut generations: Vec<u64> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|it| it.unwrap().file_name().to_str()?.parse().ok())
        .collect();
    generations.sort_unstable();
    let newest = folder.join(generations.last().unwrap().to_string());
    let (index, _) = open_index(&newest).unwrap();
    let (_, fields) = schema();
    let mut all = Vec::new();
    for segment in index.reader().unwrap().searcher().segment_readers() {
        for field in [fields.stems, fields.words] {
            let inverted = segment.inverted_index(field).unwrap();
            let mut stream = inverted.terms().stream().unwrap();
            while let Some((term, _)) = stream.next() {
                all.push(String::from_utf8_lossy(term).into_owned());
            }
        }
    }
    all
}

fn traces(folder: &Path, canary: &str) -> usize {
    let stem = Tongue::English.stem(canary).into_owned();
    let in_terms = terms(folder).iter().filter(|it| it.contains(&stem)).count();
    in_terms + files_with(folder, canary.as_bytes()).len()
}

#[tokio::test]
async fn an_erased_customer_leaves_no_byte_and_all_others_stay() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer(CANARIES[0]).await, desk.customer("Bob").await);
    let one = desk.open(ada, Some(CANARIES[1]), Some("en"), None).await;
    let two = desk.open(bob, None, Some("en"), None).await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    desk.write(one, ada, &format!("my code is {}", CANARIES[2])).await;
    desk.caught_up(&running.reader).await;
    for number in 0..40 {
        desk.write(two, bob, &format!("refund number {number}")).await;
    }
    // A version of the name that is already out of date when the customer is forgotten.
    let renamed = ProfileChanged {
        display_name: Some(Personal::about(ada, format!("{} the second", CANARIES[0]))),
        language: None,
    };
    desk.customer_event(CustomerEvent::ProfileChanged(renamed), ada).await;
    desk.caught_up(&running.reader).await;
    for canary in CANARIES {
        assert_eq!(desk.finds(&running.reader, canary).len(), 1, "{canary}");
        assert!(traces(desk.path(), canary) > 0, "{canary} is looked for in the right places");
        let files = files_with(desk.path(), canary.as_bytes());
        assert!(!files.is_empty(), "{canary} is looked for in the right files");
    }
    desk.erase(ada).await;
    let head = desk.log.head().await.unwrap();
    running.reader.wait_for_shredding(head, PATIENCE).await.unwrap();
    for canary in CANARIES {
        assert!(desk.finds(&running.reader, canary).is_empty(), "{canary}");
        assert_eq!(traces(desk.path(), canary), 0, "{canary}");
    }
    assert_eq!(desk.finds(&running.reader, "refund").len(), 20);
    let verification = verify(&running.reader, &desk.log).await.unwrap();
    assert_eq!(verification.differences, [""; 0]);
    running.stop().await;
}

#[tokio::test]
async fn a_redacted_message_leaves_no_byte() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    desk.write(conversation, ada, "refund stays").await;
    let secret = desk.write(conversation, ada, &format!("my card is {}", CANARIES[0])).await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    assert!(traces(desk.path(), CANARIES[0]) > 0);
    desk.redact(conversation, ada, secret).await;
    let head = desk.log.head().await.unwrap();
    running.reader.wait_for_shredding(head, PATIENCE).await.unwrap();
    assert_eq!(traces(desk.path(), CANARIES[0]), 0);
    assert_eq!(desk.finds(&running.reader, "refund"), ["refund stays"]);
    running.stop().await;
}

#[tokio::test]
async fn a_redacted_subject_line_leaves_no_byte_and_the_messages_stay() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, Some(CANARIES[0]), Some("en"), None).await;
    desk.write(conversation, ada, "refund stays").await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    assert!(traces(desk.path(), CANARIES[0]) > 0);
    desk.redact_subject(conversation, ada).await;
    let head = desk.log.head().await.unwrap();
    running.reader.wait_for_shredding(head, PATIENCE).await.unwrap();
    assert_eq!(traces(desk.path(), CANARIES[0]), 0);
    assert_eq!(desk.finds(&running.reader, "refund"), ["refund stays"]);
    let verification = verify(&running.reader, &desk.log).await.unwrap();
    assert_eq!(verification.differences, [""; 0]);
    running.stop().await;
}

#[tokio::test]
async fn shredding_that_a_crash_interrupted_is_done_after_the_next_start() {
    let desk = Desk::new();
    let ada = desk.customer(CANARIES[0]).await;
    desk.customer("Bob").await;
    drop(desk.index().await);
    desk.erase(ada).await;
    // Comes as far as the deletion, and is dropped before the merge.
    let mut index = super::super::SearchIndex::open(desk.path()).unwrap();
    index.catch_up(&desk.log).await.unwrap();
    drop(index);
    let running = desk.run();
    let head = desk.log.head().await.unwrap();
    running.reader.wait_for_shredding(head, PATIENCE).await.unwrap();
    assert_eq!(traces(desk.path(), CANARIES[0]), 0);
    assert_eq!(desk.finds(&running.reader, "bob").len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn what_is_forgotten_while_the_index_is_compared_is_no_difference() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer("Ada").await, desk.customer("Bob").await);
    let conversation = desk.open(ada, None, Some("en"), None).await;
    let secret = desk.write(conversation, ada, "my card is here").await;
    desk.write(conversation, ada, "refund stays").await;
    let index = desk.index().await;
    // The index stands still from here on.
    desk.redact(conversation, ada, secret).await;
    desk.erase(bob).await;
    let verification = verify(&index.reader(), &desk.log).await.unwrap();
    assert_eq!(verification.differences, [""; 0]);
}
