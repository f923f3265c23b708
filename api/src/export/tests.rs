//! Bundles are whole, repeatable, resumable, and every change to one is found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use allhours_eventstore::{keys::MasterKey, memory::MemoryLog};

use super::{bundle::Work, check::check, *};
use crate::{demo, tenant::tenant_id};

struct Made {
    desk: Desk<MemoryLog>,
    head: Position,
    parent: tempfile::TempDir,
}

async fn made() -> Made {
    let desk = Desk::new(MemoryLog::new(MasterKey::generate().unwrap()));
    demo::make(&desk).await.unwrap();
    let head = desk.log().head().await.unwrap();
    Made { desk, head, parent: tempfile::tempdir().unwrap() }
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
        export(&self.desk, selection, form, self.folder(name), &|_| {}).await.unwrap()
    }
}

fn differences(folder: &Path) -> Vec<String> {
    check(folder).unwrap().differences
}

#[tokio::test]
async fn a_bundle_holds_every_event_and_checks_without_the_desk() {
    let made = made().await;
    let exported = made.export("a", made.selection(), ExportForm::Auditor).await;
    assert_eq!(exported.events, u64::try_from(made.head).unwrap());
    let checked = check(&made.folder("a")).unwrap();
    assert!(checked.holds(), "{checked:?}");
    assert_eq!(checked.events, exported.events);
}

#[tokio::test]
async fn the_same_range_gives_the_same_bytes() {
    let made = made().await;
    for form in [ExportForm::Auditor, ExportForm::Analyst] {
        let (a, b) = (format!("a{form:?}"), format!("b{form:?}"));
        let first = made.export(&a, made.selection(), form).await;
        let second = made.export(&b, made.selection(), form).await;
        assert_eq!(first.manifest_sha256, second.manifest_sha256);
        let read = |folder: &str| fs::read(made.folder(folder).join(bundle::MANIFEST)).unwrap();
        assert_eq!(read(&a), read(&b));
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
async fn an_export_that_broke_off_goes_on_and_ends_with_the_same_bytes() {
    let made = made().await;
    let whole = made.export("whole", made.selection(), ExportForm::Auditor).await;
    let bytes = fs::read(made.folder("whole").join(bundle::EVENTS)).unwrap();

    let folder = made.folder("broken");
    let work = Work::begin(made.desk.log(), made.selection(), ExportForm::Auditor, folder.clone());
    drop(work.await.unwrap());
    fs::write(folder.join("events.jsonl.partial"), &bytes[..bytes.len() / 2]).unwrap();
    let resumed = made.export("broken", made.selection(), ExportForm::Auditor).await;
    assert_eq!(resumed.manifest_sha256, whole.manifest_sha256);
    assert_eq!(fs::read(folder.join(bundle::EVENTS)).unwrap(), bytes);
}

#[tokio::test]
async fn a_folder_is_not_used_for_another_export() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let other = Selection { from: 2, ..made.selection() };
    let refused = export(&made.desk, other, ExportForm::Auditor, made.folder("a"), &|_| {}).await;
    assert!(matches!(refused, Err(ExportError::Other(_))), "{refused:?}");
}

#[tokio::test]
async fn every_change_to_a_bundle_is_found() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Auditor).await;
    let folder = made.folder("a");
    let (events, manifest) = (folder.join(bundle::EVENTS), folder.join(bundle::MANIFEST));
    let good = fs::read_to_string(&events).unwrap();
    let lines: Vec<&str> = good.lines().collect();

    let mut without_one = lines.clone();
    without_one.remove(3);
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    let changes = [
        good.replacen("Orders", "Odders", 1).replacen("system:demo", "system:dems", 1),
        without_one.join("\n") + "\n",
        swapped.join("\n") + "\n",
        good.trim_end().to_owned(),
        format!("{good}{}\n", lines[0]),
    ];
    for changed in changes {
        fs::write(&events, &changed).unwrap();
        assert!(!differences(&folder).is_empty());
    }
    fs::write(&events, &good).unwrap();
    assert_eq!(differences(&folder), Vec::<String>::new());

    let said = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, said.replacen("\"events\": ", "\"events\": 1", 1)).unwrap();
    assert!(!differences(&folder).is_empty());
    fs::write(&manifest, said.replacen("events.jsonl", "../a/events.jsonl", 1)).unwrap();
    assert!(differences(&folder)[0].contains("outside"), "{:?}", differences(&folder));
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
    assert!(check(&made.folder("subject")).unwrap().holds());
}

#[tokio::test]
async fn an_analysts_file_has_the_columns_that_it_always_has() {
    let made = made().await;
    made.export("a", made.selection(), ExportForm::Analyst).await;
    let file = fs::File::open(made.folder("a").join(bundle::PARQUET)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let names: Vec<String> =
        reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names[..5], ["position", "tenant_id", "stream_type", "stream_id", "version"]);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, usize::try_from(made.head).unwrap());
    assert!(check(&made.folder("a")).unwrap().holds());
}
