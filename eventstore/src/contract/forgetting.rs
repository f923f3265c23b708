//! Sealed texts, and what remains of those that were forgotten.

use super::script::{Script, text_of};
use crate::{
    append::Receipt,
    canonical::{canonical_bytes, leaf_hash},
    error::LogError,
    history::History,
    log::Log,
    recorded::Recorded,
};

async fn texts<L: Log>(log: &L) -> Vec<String> {
    let events = log.read(0, 100).await.expect("read");
    let opened = log.open(events).await.expect("opened");
    opened.iter().filter_map(text_of).collect()
}

fn still_verifies(events: &[Recorded]) {
    for event in events {
        assert_eq!(event.leaf_hash, leaf_hash(&canonical_bytes(event).expect("canonical")));
    }
}

/// The log itself holds a hash only.
pub async fn texts_are_sealed_in_the_log_and_open_for_readers<L: History>(log: &L) {
    let mut script = Script::new(1);
    let (ada, bob) = (script.subject(), script.subject());
    let stream = script.stream();
    let mut events = script.tags(1);
    events.push(script.message(ada, "Grüße 你好"));
    events.push(script.message(bob, "second"));
    events.push(script.message(ada, ""));
    let append = script.writing(stream, 0, events);
    log.append(append.clone()).await.expect("appended");

    let sealed = log.read(0, 10).await.expect("read");
    assert!(sealed.iter().filter_map(text_of).all(|text| text == "<sealed>"));
    assert!(!sealed.iter().any(|event| event.payload.contains("你好")));
    still_verifies(&sealed);
    assert_eq!(texts(log).await, ["Grüße 你好", "second", ""]);
    let opened = log.open(sealed.clone()).await.expect("opened");
    for (event, (_, written)) in opened.iter().zip(&append.streams[0].events) {
        assert_eq!(event.event().expect("readable"), *written);
    }
    assert_eq!(log.texts_about(script.tenant, &[ada, bob]).await.expect("counted"), 3);
    let about = log.positions_about(script.tenant, ada, 0, 10).await.expect("found");
    assert_eq!(about, [2, 4]);
    assert_eq!(log.positions_about(script.tenant, ada, 2, 10).await.expect("found"), [4]);
    assert_eq!(log.positions_about(script.tenant, ada, 0, 1).await.expect("found"), [2]);
}

/// Key and texts are gone, the log still verifies, and nothing personal can be added.
pub async fn a_forgotten_subject_reads_as_erased_and_stays_so<L: History>(log: &L) {
    let mut script = Script::new(1);
    let (ada, bob) = (script.subject(), script.subject());
    let stream = script.stream();
    let events = vec![script.message(ada, "mine"), script.message(bob, "his")];
    let append = script.writing(stream, 0, events);
    log.append(append).await.expect("appended");
    let before = log.read(0, 10).await.expect("read");

    let mut forget = script.tagging(stream, 2, 1);
    forget.forget_subjects.push(ada);
    log.append(forget).await.expect("forgotten");
    assert_eq!(texts(log).await, ["<erased>", "his"]);
    assert_eq!(log.texts_about(script.tenant, &[ada]).await.expect("counted"), 0);
    let after = log.read(0, 2).await.expect("read");
    assert_eq!(after, before);
    still_verifies(&after);

    let late = script.message(ada, "one more");
    let late = script.writing(stream, 3, vec![late]);
    let error = log.append(late).await.expect_err("she was forgotten");
    assert!(matches!(error, LogError::SubjectErased(subject) if subject == ada), "{error}");

    let unknown = script.subject();
    let mut in_advance = script.command();
    in_advance.forget_subjects.push(unknown);
    log.append(in_advance).await.expect("nothing to delete, but remembered");
    let late = script.message(unknown, "too late");
    let late = script.writing(stream, 3, vec![late]);
    assert!(matches!(log.append(late).await, Err(LogError::SubjectErased(_))));
}

/// One message is deleted, others about the same subject stay.
pub async fn a_shredded_event_reads_as_erased<L: History>(log: &L) {
    let mut script = Script::new(1);
    let ada = script.subject();
    let stream = script.stream();
    let events = vec![script.message(ada, "keep"), script.message(ada, "a card number")];
    let id = events[1].0;
    let append = script.writing(stream, 0, events);
    log.append(append).await.expect("appended");
    let mut shred = script.tagging(stream, 2, 1);
    shred.shred_events.push(id);
    log.append(shred).await.expect("shredded");
    assert_eq!(texts(log).await, ["keep", "<erased>"]);
    assert_eq!(log.texts_about(script.tenant, &[ada]).await.expect("counted"), 1);
    still_verifies(&log.read(0, 10).await.expect("read"));

    let mut stranger = Script::new(2);
    let mut shred = stranger.command();
    let kept = log.read(0, 1).await.expect("read").remove(0);
    shred.shred_events.push(kept.event_id);
    log.append(shred).await.expect("accepted, and without effect on another tenant");
    assert_eq!(texts(log).await, ["keep", "<erased>"]);
}

/// A retry that comes late gets its answer, not a refusal.
pub async fn a_repeated_command_is_answered_after_its_subject_was_forgotten<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let ada = script.subject();
    let stream = script.stream();
    let message = script.message(ada, "mine");
    let append = script.writing(stream, 0, vec![message]);
    log.append(append.clone()).await.expect("appended");
    let mut forget = script.tagging(stream, 1, 1);
    forget.forget_subjects.push(ada);
    log.append(forget.clone()).await.expect("forgotten");
    for (command, position) in [(append, 1), (forget, 2)] {
        let again = log.append(command).await.expect("answered");
        assert_eq!(again, Receipt { position, versions: vec![], repeated: true });
    }
}

/// Uniqueness without the text.
pub async fn a_blind_index_is_the_same_for_the_same_text_of_one_tenant<L: Log>(log: &L) {
    let (one, other) = (Script::new(1).tenant, Script::new(2).tenant);
    let index = log.blind_index(one, "email|ada@example.org").await.expect("an index");
    assert_eq!(log.blind_index(one, "email|ada@example.org").await.expect("an index"), index);
    assert_ne!(log.blind_index(one, "email|bob@example.org").await.expect("an index"), index);
    assert_ne!(log.blind_index(other, "email|ada@example.org").await.expect("an index"), index);
}
