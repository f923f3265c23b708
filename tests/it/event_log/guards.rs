//! The log only grows; what was changed behind its back is found and named.

use std::{fmt::Write, sync::LazyLock};

use allhours_api::keyfile;
use allhours_eventstore::{
    canonical::{canonical_bytes, leaf_hash},
    checkpoint::{self, note::Signer},
    contract::script::{Script, text_of},
    log::Log,
    pg::PgLog,
    sql,
    verify::{Rule, verify_signed},
};
use allhours_tests::database::{TestDatabase, database};
use tempfile::TempDir;
use tokio_postgres::error::SqlState;

use super::{broken_rules, execute, fresh, verified};

/// Ten events in two streams; the texts of two subjects, one of them forgotten.
async fn written() -> (PgLog, TestDatabase) {
    let (log, database) = fresh().await;
    let mut script = Script::new(1);
    let (ada, bob) = (script.subject(), script.subject());
    let (one, other) = (script.stream(), script.stream());
    let mut events = vec![script.message(ada, "mine"), script.message(bob, "his")];
    events.extend(script.tags(3));
    let append = script.writing(one, 0, events);
    log.append(append).await.expect("appended");
    let append = script.tagging(other, 0, 4);
    log.append(append).await.expect("appended");
    let mut forget = script.tagging(other, 4, 1);
    forget.forget_subjects.push(bob);
    log.append(forget).await.expect("forgotten");
    (log, database)
}

/// As somebody with all rights does who knows of the triggers.
async fn tamper(database: &TestDatabase, statement: &str) {
    let statement =
        format!("begin; set local session_replication_role = replica; {statement}; commit");
    execute(database, &statement).await.expect("tampered");
}

#[tokio::test]
async fn events_cannot_be_changed_or_deleted() {
    let (_log, database) = written().await;
    for statement in [
        "update events set actor = 'system:nobody' where position = 1",
        "delete from events where position = 1",
        "truncate events",
        "truncate events, streams cascade",
        "delete from streams",
        "truncate streams",
        "update commands set last_position = 0",
        "delete from commands",
    ] {
        let error = execute(&database, statement).await.expect_err(statement);
        assert_eq!(error.code(), Some(&SqlState::INTEGRITY_CONSTRAINT_VIOLATION), "{statement}");
    }
    assert!(verified(&database).await.holds());
}

#[tokio::test]
async fn a_forgotten_subject_reads_as_erased_and_the_log_still_verifies() {
    let (log, database) = written().await;
    let events = log.open(log.read(0, 10).await.expect("read")).await.expect("opened");
    let texts: Vec<_> = events.iter().filter_map(text_of).collect();
    assert_eq!(texts, ["mine", "<erased>"]);
    let verified = verified(&database).await;
    assert!(verified.holds(), "{:?}", verified.findings);
    assert_eq!((verified.events, verified.texts, verified.texts_deleted), (10, 1, 1));
    assert_eq!(verified.head, 10);
}

#[tokio::test]
async fn verify_names_an_event_that_was_changed() {
    for change in [
        "payload = jsonb_set(payload, '{tag}', '\"other\"')",
        "actor = 'system:nobody'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "command_id = gen_random_uuid()",
        "traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'",
        "leaf_hash = decode(repeat('00', 32), 'hex')",
    ] {
        let (_log, database) = written().await;
        tamper(&database, &format!("update events set {change} where position = 4")).await;
        let broken = broken_rules(&database).await;
        assert!(broken.contains(&(Rule::LeafHashesAgree, Some(4))), "{change}: {broken:?}");
    }
}

#[tokio::test]
async fn verify_names_an_event_that_is_missing_and_the_streams_and_commands_it_was_of() {
    let (_log, database) = written().await;
    tamper(&database, "delete from events where position = 4").await;
    let broken = broken_rules(&database).await;
    for rule in [Rule::PositionsAreGapless, Rule::VersionsAreGapless] {
        assert!(broken.contains(&(rule, Some(5))), "{broken:?}");
    }
    for rule in [Rule::HeadsAgree, Rule::CommandsTookEffectOnce] {
        assert!(broken.iter().any(|it| it.0 == rule), "{broken:?}");
    }
}

#[tokio::test]
async fn verify_names_rows_that_do_not_read() {
    let (_log, database) = written().await;
    let changes = [
        "update events set name = 'conversation.teleported' where position = 3",
        "update events set schema_version = 99 where position = 4",
        "update events set payload = '{}' where position = 5",
        "update events set actor = 'ghost' where position = 6",
    ];
    tamper(&database, &changes.join("; ")).await;
    let broken = broken_rules(&database).await;
    for (rule, position) in
        [(Rule::EventsRead, 3), (Rule::EventsRead, 4), (Rule::EventsRead, 5), (Rule::RowsRead, 6)]
    {
        assert!(broken.contains(&(rule, Some(position))), "{position}: {broken:?}");
    }
}

#[tokio::test]
async fn verify_names_texts_that_were_changed_or_left_over() {
    let (log, database) = written().await;
    let change = "update sealed set ciphertext = set_byte(ciphertext, 20, 1 - get_byte(ciphertext,
        20) % 2) where position = 1";
    tamper(&database, change).await;
    assert_eq!(broken_rules(&database).await, [(Rule::TextsAgree, Some(1))]);
    let events = log.read(0, 1).await.expect("read");
    assert!(log.open(events).await.is_err(), "a changed text was opened");

    let left_over = "insert into sealed select tenant_id, subject_id, 7, 0, 1, event_id, ''
        from sealed where position = 1";
    tamper(&database, left_over).await;
    let broken = broken_rules(&database).await;
    assert!(broken.contains(&(Rule::NoTextIsLeftOver, Some(7))), "{broken:?}");
}

#[tokio::test]
async fn verify_names_a_text_that_is_gone_though_nobody_forgot_it() {
    let (_log, database) = written().await;
    tamper(&database, "delete from sealed where position = 1").await;
    let verified = verified(&database).await;
    assert_eq!(verified.findings.len(), 1, "{:?}", verified.findings);
    let finding = &verified.findings[0];
    assert_eq!((finding.position, finding.rule), (Some(1), Rule::TextsAreKept));
    let client = database.owner().await.expect("a connection");
    let row = client.query_one("select event_id from events where position = 1", &[]).await;
    assert_eq!(finding.id, Some(row.expect("an event").get(0)));
    // Of the other one who is named, the log says why nothing is there.
    assert_eq!((verified.texts, verified.texts_deleted), (0, 1));
}

#[tokio::test]
async fn verify_names_a_head_that_is_wrong() {
    let (_log, database) = written().await;
    tamper(&database, "update streams set version = 7 where last_position = 5").await;
    assert_eq!(broken_rules(&database).await, [(Rule::HeadsAgree, Some(5))]);
}

#[tokio::test]
async fn an_event_comes_back_from_jsonb_with_the_bytes_it_was_hashed_by() {
    let (log, database) = fresh().await;
    let mut script = Script::new(1);
    let (stream, ada) = (script.stream(), script.subject());
    let texts = ["\u{1}\u{7f}\"\\/\u{2028}\u{10ffff}", "\t\r\n\u{8}\u{c}", "é e\u{301} 🧵 שלום"];
    let mut events = Vec::new();
    for text in texts {
        events.push(script.message(ada, text));
    }
    events.extend(script.tags(20));
    let append = script.writing(stream, 0, events);
    log.append(append).await.expect("appended");
    let read = log.read(0, 100).await.expect("read");
    for event in &read {
        assert_eq!(leaf_hash(&canonical_bytes(event).expect("canonical")), event.leaf_hash);
    }
    let opened = log.open(read).await.expect("opened");
    assert_eq!(opened.iter().filter_map(text_of).collect::<Vec<_>>(), texts);
    assert!(verified(&database).await.holds());
}

#[tokio::test]
async fn every_statement_of_the_log_prepares() {
    let database = database().await;
    let connection = database.owner().await.expect("a connection");
    for (name, statement) in sql::ALL {
        connection.prepare(statement).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

/// The same for the same number.
fn signer(number: u8) -> Signer {
    static KEYS: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));
    let pair = keyfile::open(KEYS.path(), &format!("key-{number}"), "make another").expect("a key");
    Signer::new("desk.example/log", pair).expect("a name")
}

/// The findings about checkpoints, each with its size.
async fn broken_checkpoints(database: &TestDatabase, keys: &[Signer]) -> Vec<Option<i64>> {
    let keys: Vec<_> = keys.iter().map(|key| key.verifier().clone()).collect();
    let verified = verify_signed(database, &keys, |_| ()).await.expect("the log can be read");
    let findings = verified.findings.into_iter();
    let of_checkpoints = [Rule::CheckpointsAgree, Rule::CheckpointsAreSigned];
    findings.filter(|it| of_checkpoints.contains(&it.rule)).map(|it| it.position).collect()
}

#[tokio::test]
async fn checkpoints_cannot_be_changed_and_must_be_signed_by_a_key_that_is_believed() {
    let (log, database) = written().await;
    for size in [4, 10] {
        checkpoint::at(&log, &signer(1), size).await.expect("signed");
    }
    for statement in
        ["update checkpoints set note = ''", "delete from checkpoints", "truncate checkpoints"]
    {
        let error = execute(&database, statement).await.expect_err(statement);
        assert_eq!(error.code(), Some(&SqlState::INTEGRITY_CONSTRAINT_VIOLATION), "{statement}");
    }
    assert_eq!(verified(&database).await.checkpoints, 2);
    assert_eq!(broken_checkpoints(&database, &[signer(2), signer(1)]).await, []);
    assert_eq!(broken_checkpoints(&database, &[signer(2)]).await, [Some(4), Some(10)]);
}

#[tokio::test]
async fn verify_finds_an_event_that_was_rewritten_with_its_hash_by_the_checkpoints_after_it() {
    let (log, database) = written().await;
    for size in [3, 4, 10] {
        checkpoint::at(&log, &signer(1), size).await.expect("signed");
    }
    let mut event = log.read(3, 1).await.expect("read").pop().expect("an event");
    event.actor = "system:nobody".parse().expect("an actor");
    let leaf = leaf_hash(&canonical_bytes(&event).expect("canonical"));
    let mut hash = String::new();
    for byte in leaf {
        write!(hash, "{byte:02x}").expect("memory");
    }
    let change = format!("actor = 'system:nobody', leaf_hash = decode('{hash}', 'hex')");
    tamper(&database, &format!("update events set {change} where position = 4")).await;
    let broken = broken_rules(&database).await;
    let rule = Rule::CheckpointsAgree;
    assert_eq!(broken, [(rule, Some(4)), (rule, Some(10))], "no other rule sees it");
}

#[tokio::test]
async fn verify_finds_that_the_end_of_the_log_was_cut_away() {
    let (log, database) = written().await;
    for size in [9, 10] {
        checkpoint::at(&log, &signer(1), size).await.expect("signed");
    }
    tamper(&database, "delete from events where position = 10").await;
    assert_eq!(broken_checkpoints(&database, &[signer(1)]).await, [Some(10)]);
}

#[tokio::test]
async fn no_statistics_are_made_of_keys_and_ciphertexts() {
    let (log, database) = fresh().await;
    let mut script = Script::new(1);
    for _ in 0..20 {
        let (subject, stream) = (script.subject(), script.stream());
        let events = vec![script.message(subject, "mine")];
        let append = script.writing(stream, 0, events);
        log.append(append).await.expect("appended");
    }
    execute(&database, "analyze").await.expect("analysed");
    let client = database.owner().await.expect("a connection");
    let columns = "select attname::text from pg_stats
        where tablename in ('sealed', 'subject_keys', 'tenant_keys')";
    let columns = client.query(columns, &[]).await.expect("statistics");
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    assert!(columns.iter().any(|it| it == "subject_id"), "{columns:?}");
    let secret = |it: &String| ["ciphertext", "wrapped"].contains(&it.as_str());
    assert!(!columns.iter().any(secret), "{columns:?}");
}
