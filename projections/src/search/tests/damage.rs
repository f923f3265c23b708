//! Whatever happens to the folder, the index comes back from the log.

use std::{fs, path::PathBuf};

use super::{
    super::{
        Audience, SearchError, SearchIndex, SearchReader, SearchRequest, schema::SCHEMA_VERSION,
        verify,
    },
    support::Desk,
};

async fn desk() -> Desk {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    for number in 0..10 {
        desk.write(conversation, ada, &format!("refund number {number}")).await;
    }
    desk
}

fn files(desk: &Desk) -> Vec<PathBuf> {
    let live = fs::read_to_string(desk.path().join("live")).unwrap();
    let generation = desk.path().join(live.trim());
    fs::read_dir(generation).unwrap().map(|it| it.unwrap().path()).collect()
}

async fn comes_back(desk: &Desk, what: &str) {
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    assert_eq!(desk.finds(&running.reader, "refund").len(), 10, "{what}");
    let verification = verify(&running.reader, &desk.log).await.unwrap();
    assert_eq!(verification.differences, [""; 0], "{what}");
    running.stop().await;
}

#[tokio::test]
async fn a_deleted_folder_comes_back() {
    let desk = desk().await;
    drop(desk.index().await);
    for entry in fs::read_dir(desk.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    comes_back(&desk, "a deleted folder").await;
}

#[tokio::test]
async fn what_was_half_written_when_its_process_died_is_gone_after_the_next_start() {
    let desk = desk().await;
    drop(desk.index().await);
    let folder = files(&desk)[0].parent().unwrap().to_owned();
    for name in [".tmpAb3dEf", ".tmp0"] {
        fs::write(folder.join(name), "{").unwrap();
    }
    comes_back(&desk, "half a file").await;
    assert!(!folder.join(".tmpAb3dEf").exists() && !folder.join(".tmp0").exists());
}

#[tokio::test]
async fn an_index_of_another_version_says_so_and_is_built_anew() {
    let desk = desk().await;
    drop(desk.index().await);
    let meta = files(&desk).into_iter().find(|it| it.ends_with("meta.json")).unwrap();
    let text = fs::read_to_string(&meta).unwrap();
    let now = format!(r#"\"schema\":{SCHEMA_VERSION}"#);
    assert!(text.contains(&now), "{text}");
    let before = format!(r#"\"schema\":{}"#, SCHEMA_VERSION - 1);
    fs::write(&meta, text.replace(&now, &before)).unwrap();
    let beside = SearchReader::of_now(desk.path());
    assert!(matches!(beside, Err(SearchError::OtherVersion)));
    comes_back(&desk, "another version").await;
    assert!(SearchReader::of_now(desk.path()).is_ok());
}

#[tokio::test]
async fn each_file_may_be_cut_or_changed_or_lost() {
    let desk = desk().await;
    drop(desk.index().await);
    let names: Vec<String> = files(&desk)
        .iter()
        .filter_map(|it| it.extension()?.to_str().map(str::to_owned))
        .filter(|it| it != "lock")
        .collect();
    assert!(names.len() >= 5, "{names:?}");
    for extension in names {
        for harm in ["cut", "changed", "lost"] {
            let damaged = files(&desk)
                .into_iter()
                .find(|it| it.extension().is_some_and(|it| it == extension.as_str()))
                .unwrap();
            let mut bytes = fs::read(&damaged).unwrap();
            match harm {
                "cut" => fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap(),
                "lost" => fs::remove_file(&damaged).unwrap(),
                _ => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0xFF;
                    fs::write(&damaged, bytes).unwrap();
                }
            }
            comes_back(&desk, &format!("{extension} {harm}")).await;
        }
    }
}

#[tokio::test]
async fn a_folder_that_vanishes_under_a_running_index_comes_back() {
    let desk = desk().await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    let generation = files(&desk)[0].parent().unwrap().to_owned();
    fs::remove_dir_all(&generation).unwrap();
    let ada = desk.customer("Ada Again").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    desk.write(conversation, ada, "refund after the loss").await;
    desk.caught_up(&running.reader).await;
    assert_eq!(desk.finds(&running.reader, "refund").len(), 11);
    running.stop().await;
}

#[tokio::test]
async fn nobody_searches_an_index_that_is_not_there() {
    let desk = desk().await;
    let index = SearchIndex::open(desk.path()).unwrap();
    let request = SearchRequest::new(desk.tenant, Audience::Staff, "refund");
    let answer = index.reader().search_now(&request);
    assert!(matches!(answer, Err(SearchError::Unavailable { .. })));
    assert!(matches!(SearchIndex::open(desk.path()), Err(SearchError::Owned(_))));
    let beside = SearchReader::of_now(desk.path());
    assert!(matches!(beside, Err(SearchError::Unavailable { .. })));
}

#[tokio::test]
async fn a_rebuild_beside_the_live_index_equals_it_and_nobody_notices() {
    let desk = desk().await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    let before = running.reader.status().generation;
    let reader = running.reader.clone();
    let mut rebuild = tokio::spawn(async move { reader.rebuild().await.unwrap() });
    loop {
        assert_eq!(desk.finds(&running.reader, "refund").len(), 10);
        let pause = tokio::time::timeout(std::time::Duration::from_millis(1), &mut rebuild);
        if pause.await.is_ok() {
            break;
        }
    }
    assert!(running.reader.status().generation > before);
    assert_eq!(desk.finds(&running.reader, "refund").len(), 10);
    let verification = verify(&running.reader, &desk.log).await.unwrap();
    assert_eq!((verification.differences.len(), verification.documents), (0, 12));
    assert!(!desk.path().join(before.to_string()).exists());
    running.stop().await;
}

#[tokio::test]
async fn another_process_reads_beside_the_owner() {
    let desk = desk().await;
    let index = desk.index().await;
    let beside = SearchReader::of_now(desk.path()).unwrap();
    assert_eq!(desk.finds(&beside, "refund").len(), 10);
    assert!(verify(&beside, &desk.log).await.unwrap().holds());
    drop(index);
}

#[tokio::test]
async fn verification_names_what_differs() {
    let desk = desk().await;
    let index = desk.index().await;
    // Another log with the same beginning and one text that differs.
    let other = Desk::new();
    let ada = other.customer("Ada").await;
    let conversation = other.open(ada, None, Some("en"), None).await;
    for number in 0..10 {
        let text =
            if number == 4 { "another".to_owned() } else { format!("refund number {number}") };
        other.write(conversation, ada, &text).await;
    }
    let verification = verify(&index.reader(), &other.log).await.unwrap();
    assert_eq!(verification.differing, 1);
    assert!(verification.differences[0].starts_with("message "), "{verification:?}");
    assert!(!verification.holds());
}
