//! Bundles are whole, repeatable, resumable, and every change to one is found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use allhours_domain::{
    team::{self, Team},
    text::Name,
};
use allhours_eventstore::{
    checkpoint::{self, note::Verifier},
    keys::MasterKey,
    memory::MemoryLog,
};
use ring::signature::Ed25519KeyPair;

use super::{bundle::Work, check::Checked, lines::EVENTS, *};
use crate::{demo, tenant::tenant_id};

struct Made {
    signer: Signer,
    desk: Desk<MemoryLog>,
    head: Position,
    parent: tempfile::TempDir,
}

async fn made() -> Made {
    let desk = Desk::new(MemoryLog::new(MasterKey::generate().unwrap()));
    demo::make(&desk).await.unwrap();
    let head = desk.log().head().await.unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let signer = Signer::new("desk.example/log", pair).unwrap();
    Made { signer, desk, head, parent: tempfile::tempdir().unwrap() }
}

impl Made {
    fn selection(&self) -> Selection {
        Selection {
            tenant: tenant_id("demo"),
            from: 1,
            to: self.head,
            since: None,
            until: None,
            subject: None,
            conversation: None,
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    async fn export(&self, name: &str, selection: Selection, form: ExportForm) -> Exported {
        self.try_export(name, selection, form).await.unwrap()
    }

    async fn try_export(
        &self,
        name: &str,
        selection: Selection,
        form: ExportForm,
    ) -> Result<Exported, ExportError> {
        export(&self.desk, &self.signer, selection, form, self.folder(name), &|_| {}).await
    }
}

fn check(folder: &Path) -> Checked {
    check::check(folder, None).unwrap()
}

fn differences(folder: &Path) -> Vec<String> {
    check(folder).differences
}

/// Every file of a bundle but the request.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<String> = names.map(|it| it.to_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names.into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

#[tokio::test]
async fn a_bundle_holds_every_event_and_checks_without_the_desk() {
    let made = made().await;
    let exported = made.export("a", made.selection(), ExportForm::Auditor).await;
    assert_eq!(exported.events, u64::try_from(made.head).unwrap());
    let checked = check(&made.folder("a"));
    assert!(checked.holds(), "{checked:?}");
    assert_eq!(checked.events, exported.events);
}

#[tokio::test]
async fn the_same_range_gives_the_same_bytes() {
    let made = made().await;
    checkpoint::at(made.desk.log(), &made.signer, 40).await.unwrap();
    for form in [ExportForm::Auditor, ExportForm::Analyst] {
        // A checkpoint that was made since changes nothing.
        let (a, b) = (format!("a{form:?}"), format!("b{form:?}"));
        let first = made.export(&a, made.selection(), form).await;
        checkpoint::at(made.desk.log(), &made.signer, 50).await.unwrap();
        let second = made.export(&b, made.selection(), form).await;
        assert_eq!(first.manifest_sha256, second.manifest_sha256);
        assert_eq!(contents(&made.folder(&a)), contents(&made.folder(&b)));
    }
}

#[tokio::test]
async fn an_export_is_itself_an_event() {
    let made = made().await;
    let exported = made.export("a", made.selection(), ExportForm::Auditor).await;
    let events = made.desk.log().read(made.head, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].name, "desk.exported");
    assert!(events[0].payload.contains(&exported.manifest_sha256));
}

#[tokio::test]
async fn a_trace_goes_with_its_event_in_either_form() {
    let mut made = made().await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let context = CommandContext {
        traceparent: Some(traceparent.parse().unwrap()),
        ..CommandContext::now(tenant_id("demo"), Actor::System("test".to_owned()))
    };
    let create = team::command::Create { name: Name::new("Traced").unwrap() };
    made.desk.execute::<Team>(&context, uuid::Uuid::from_u128(1), create, None).await.unwrap();
    made.head += 1;
    for (form, name) in [(ExportForm::Auditor, "a"), (ExportForm::Analyst, "b")] {
        made.export(name, made.selection(), form).await;
        let checked = check(&made.folder(name));
        assert!(checked.holds(), "{checked:?}");
    }
    let lines = fs::read_to_string(made.folder("a").join(EVENTS)).unwrap();
    let traced: Vec<_> = lines.lines().filter(|line| line.contains("traceparent")).collect();
    assert_eq!(traced.len(), 1);
    assert!(traced[0].contains(&format!(r#""traceparent":"{traceparent}","version":1}}"#)));
}

#[tokio::test]
async fn an_export_that_broke_off_goes_on_and_ends_with_the_same_bytes() {
    let made = made().await;
    let whole = made.export("whole", made.selection(), ExportForm::Auditor).await;
    let bytes = fs::read(made.folder("whole").join(EVENTS)).unwrap();

    let folder = made.folder("broken");
    let work = Work::begin(made.desk.log(), made.selection(), ExportForm::Auditor, folder.clone());
    drop(work.await.unwrap());
    fs::write(folder.join("events.jsonl.partial"), &bytes[..bytes.len() / 2]).unwrap();
    let resumed = made.export("broken", made.selection(), ExportForm::Auditor).await;
    assert_eq!(resumed.manifest_sha256, whole.manifest_sha256);
    assert_eq!(fs::read(folder.join(EVENTS)).unwrap(), bytes);
}

#[tokio::test]
async fn a_folder_is_not_used_for_another_export() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let other = Selection { from: 2, ..made.selection() };
    let refused = made.try_export("a", other, ExportForm::Auditor).await;
    assert!(matches!(refused, Err(ExportError::Other(_))), "{refused:?}");
}

#[tokio::test]
async fn every_change_to_the_events_is_found_and_its_place_named() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let folder = made.folder("a");
    let events = folder.join(EVENTS);
    let good = fs::read_to_string(&events).unwrap();
    let lines: Vec<&str> = good.lines().collect();

    let mut without_one = lines.clone();
    without_one.remove(3);
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    let edited = good.replacen("system:demo", "system:dems", 1);
    let changes = [
        (edited, "line 1: the event at position 1 was changed"),
        (without_one.join("\n") + "\n", "line 4: position 5 comes where 4 is proved to stand"),
        (swapped.join("\n") + "\n", "line 5: position 6 comes where 5 is"),
        (good.trim_end().to_owned(), "does not read"),
        (lines[..9].join("\n") + "\n", "the events from position 10 on are missing"),
        (format!("{good}{}\n", lines[0]), "is out of order"),
    ];
    for (changed, place) in changes {
        fs::write(&events, &changed).unwrap();
        let found = differences(&folder);
        assert!(found.iter().any(|it| it.contains(place)), "{place}: {found:?}");
    }
    fs::write(&events, &good).unwrap();
    assert_eq!(differences(&folder), Vec::<String>::new());
}

/// Who changes an event can hash it and the files anew, but not sign.
#[tokio::test]
async fn an_event_that_was_changed_with_all_hashes_is_not_the_one_that_was_signed() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let folder = made.folder("a");
    let events = folder.join(EVENTS);
    let good = fs::read_to_string(&events).unwrap();
    let line = good.lines().next().unwrap();
    let read = lines::read(format!("{line}\n").as_bytes()).unwrap().event.to_owned();
    let changed = read.replace("system:demo", "system:dems");
    let mut forged = Vec::new();
    let leaf = allhours_eventstore::canonical::leaf_hash(changed.as_bytes());
    lines::write(&mut forged, 1, &leaf, changed.as_bytes()).unwrap();
    let forged = good.replacen(&format!("{line}\n"), std::str::from_utf8(&forged).unwrap(), 1);
    fs::write(&events, &forged).unwrap();
    let manifest = folder.join(bundle::MANIFEST);
    let said = fs::read_to_string(&manifest).unwrap();
    let sha256 = |text: &str| hex::encode(allhours_eventstore::canonical::sha256(text.as_bytes()));
    fs::write(&manifest, said.replace(&sha256(&good), &sha256(&forged))).unwrap();
    let found = differences(&folder);
    let place = ["manifest.json is not the one that was signed", "not those that the checkpoint"];
    assert!(found[0].contains(place[0]) && found[1].contains(place[1]), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[tokio::test]
async fn every_change_to_another_file_is_found_and_the_file_named() {
    let made = made().await;
    let selection = Selection { from: 30, to: 60, ..made.selection() };
    checkpoint::at(made.desk.log(), &made.signer, 25).await.unwrap();
    made.export("a", selection, ExportForm::Auditor).await;
    let folder = made.folder("a");
    assert_eq!(differences(&folder), Vec::<String>::new());
    let changes = [
        (bundle::MANIFEST, "\"events\": ", "\"events\": 1"),
        (
            bundle::MANIFEST,
            "\"subject\": null",
            "\"subject\": \"00000000-0000-0000-0000-000000000000\"",
        ),
        (bundle::MANIFEST, "events.jsonl", "../a/events.jsonl"),
        (bundle::SIGNATURE, "bundle", "bungle"),
        (bundle::PUBLIC_KEY, "desk", "disk"),
        (proof::CHECKPOINT, "\n60\n", "\n61\n"),
        (proof::PREVIOUS, "\n25\n", "\n26\n"),
        (proof::INCLUSION, "\"nodes\":[\"", "\"nodes\":[\"0"),
    ];
    for (name, from, to) in changes {
        let path = folder.join(name);
        let good = fs::read_to_string(&path).unwrap();
        assert!(good.contains(from), "{name}: {good}");
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let found = differences(&folder);
        assert!(found.iter().any(|it| it.contains(name)), "{name}: {found:?}");
        fs::remove_file(&path).unwrap();
        let gone = check::check(&folder, None);
        assert!(gone.is_err() || !gone.unwrap().holds(), "{name} is gone");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(differences(&folder), Vec::<String>::new());
}

#[tokio::test]
async fn a_bundle_holds_for_the_key_of_its_desk_and_for_no_other() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let ours = made.signer.verifier();
    assert!(check::check(&made.folder("a"), Some(ours)).unwrap().holds());
    let pair = Ed25519KeyPair::from_seed_unchecked(&[6; 32]).unwrap();
    let other: Verifier = Signer::new("desk.example/log", pair).unwrap().verifier().clone();
    let checked = check::check(&made.folder("a"), Some(&other)).unwrap();
    assert!(checked.differences.iter().all(|it| it.contains("not signed by this key")));
    assert_eq!(checked.differences.len(), 2);
}

#[tokio::test]
async fn columns_go_on_with_the_first_stretch_that_is_not_there() {
    let made = made().await;
    let small = async |name: &str, keep: usize| {
        let folder = made.folder(name);
        let work =
            Work::begin(made.desk.log(), made.selection(), ExportForm::Analyst, folder.clone());
        let mut work = work.await.unwrap();
        work.part_positions = 20;
        let seen = std::sync::Mutex::new(Vec::new());
        let told = |position: Position| seen.lock().unwrap().push(position);
        let finished = work.finish(made.desk.log(), &made.signer, &told).await.unwrap();
        let parts = finished.manifest.files.iter().filter(|file| bundle::is_part(&file.name));
        let parts: Vec<String> = parts.map(|file| file.name.clone()).collect();
        for part in &parts[keep..] {
            fs::remove_file(folder.join(part)).unwrap();
        }
        (finished.manifest_sha256, parts.len(), seen.into_inner().unwrap())
    };
    let (whole, parts, _) = small("a", 3).await;
    assert!(parts > 4, "{parts} parts");
    fs::write(made.folder("a").join("events-000003.parquet.partial"), "half").unwrap();
    let (resumed, again, seen) = small("a", parts).await;
    assert_eq!((resumed, again), (whole, parts));
    assert!(seen.iter().all(|position| *position > 60), "read again: {seen:?}");
}

#[tokio::test]
async fn a_changed_column_is_found() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Analyst).await;
    let part = made.folder("a").join("events-000000.parquet");
    let good = fs::read(&part).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    fs::write(&part, bad).unwrap();
    assert!(differences(&made.folder("a")).iter().any(|it| it.contains("events-000000.parquet")));
}

#[tokio::test]
async fn a_bundle_can_be_about_one_conversation_or_one_person() {
    let made = made().await;
    let events = made.desk.log().read(0, 10_000).await.unwrap();
    let opened = events.iter().find(|event| event.name == "conversation.opened").unwrap();
    let conversation = Selection { conversation: Some(opened.stream.id), ..made.selection() };
    let exported = made.export("conversation", conversation, ExportForm::Auditor).await;
    let own = events.iter().filter(|event| event.stream.id == opened.stream.id).count();
    assert_eq!(exported.events, own as u64);

    let customer = demo::customer_id(tenant_id("demo"), "Grace Obi");
    let subject = Selection { subject: Some(customer.0), ..made.selection() };
    let exported = made.export("subject", subject, ExportForm::Auditor).await;
    assert!(exported.events > 3, "{exported:?}");
    assert!(check(&made.folder("subject")).holds());
}

/// What was signed with all its hashes, and still is not what was asked for.
#[tokio::test]
async fn an_event_that_is_not_about_the_subject_is_found() {
    let made = made().await;
    let customer = demo::customer_id(tenant_id("demo"), "Grace Obi");
    let selection = Selection { subject: Some(customer.0), ..made.selection() };
    let folder = made.folder("a");
    let begun =
        Work::begin(made.desk.log(), selection.clone(), ExportForm::Auditor, folder.clone());
    drop(begun.await.unwrap());
    // Whoever makes the bundle puts in another one: the first of the log is the desk's.
    let event = made.desk.log().read(0, 1).await.unwrap().remove(0);
    let canonical = allhours_eventstore::canonical::canonical_bytes(&event).unwrap();
    let mut line = Vec::new();
    lines::write(&mut line, 1, &event.leaf_hash, &canonical).unwrap();
    fs::write(folder.join("events.jsonl.partial"), line).unwrap();
    made.export("a", selection, ExportForm::Auditor).await;
    let found = differences(&folder);
    assert_eq!(found, ["events.jsonl line 1: position 1 is not about the subject"]);
}

#[tokio::test]
async fn an_analysts_file_has_the_columns_that_it_always_has() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Analyst).await;
    let file = fs::File::open(made.folder("a").join("events-000000.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names: Vec<String> =
        reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names[..5], ["position", "tenant_id", "stream_type", "stream_id", "version"]);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, usize::try_from(made.head).unwrap());
    assert!(check(&made.folder("a")).holds());
}
