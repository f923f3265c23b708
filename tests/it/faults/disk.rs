//! A disk that fills up under the database and the index, and has room again later.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::json;
use tokio::process::{Child, Command};

use super::{
    work::{WRITERS, Work},
    writer::Writer,
};
use crate::process::{Caller, Place, Served, home, wait_until};

const DISK_MB: u64 = 224;
/// What is left to write to.
const ROOM_MB: u64 = 28;
const NOTE_CHARACTERS: usize = 20_000;
const FULL_MAX: Duration = Duration::from_secs(90);
/// Without an acknowledgement for so long, it is full.
const FULL_AFTER: Duration = Duration::from_secs(3);
const BACK_MAX: Duration = Duration::from_mins(1);

/// A small disk that only the processes see that are started on it.
struct Disk {
    /// Lives as long as the disk does.
    holder: Child,
    folder: PathBuf,
    me: (u32, u32),
}

impl Disk {
    /// Makes one: root may mount it; others may in a namespace of their own, where they are root.
    async fn mount(folder: &Path) -> Self {
        let me = fs::metadata("/proc/self").expect("a kernel that tells of processes");
        let me = (me.uid(), me.gid());
        let how = if me.0 == 0 { "-m" } else { "-Urm" };
        let mount = "mount -t tmpfs -o size=$1m,mode=0711 tmpfs \"$2\" && touch \"$2/is-mounted\" \
            && exec sleep 3600";
        let holder = Command::new("unshare")
            .args([how, "sh", "-c", mount, "disk", &DISK_MB.to_string()])
            .arg(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("unshare is there");
        let disk = Self { holder, folder: folder.to_owned(), me };
        wait_until(Duration::from_secs(10), || async {
            let mounted = disk.inside("is-mounted").exists();
            let why = "no disk of one's own: that takes root, or user namespaces";
            if mounted { Ok(()) } else { Err(why.to_owned()) }
        })
        .await;
        disk
    }

    /// What starts a program on the disk, as who we are.
    fn starter(&self) -> Vec<String> {
        let holder = self.holder.id().expect("it lives").to_string();
        let (user, group) = (self.me.0.to_string(), self.me.1.to_string());
        let words = if self.me.0 == 0 {
            vec!["nsenter", "-t", &holder, "-m", "--"]
        } else {
            vec![
                "nsenter",
                "-t",
                &holder,
                "-U",
                "-m",
                "--preserve-credentials",
                "--",
                "unshare",
                "-U",
                "--map-user",
                &user,
                "--map-group",
                &group,
                "--",
            ]
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// A file on the disk, as it is reached from outside.
    fn inside(&self, name: &str) -> PathBuf {
        let holder = self.holder.id().expect("it lives");
        let folder = self.folder.strip_prefix("/").expect("a whole path");
        Path::new(&format!("/proc/{holder}/root")).join(folder).join(name)
    }

    async fn free_mb(&self) -> u64 {
        let mut asked = Command::new("stat");
        asked.args(["-f", "-c", "%a %S"]).arg(self.inside("."));
        let told = asked.output().await.expect("stat runs").stdout;
        let told = String::from_utf8(told).expect("text");
        let (blocks, bytes) = told.trim().split_once(' ').expect("two numbers");
        let number = |text: &str| text.parse::<u64>().expect("a number");
        number(blocks) * number(bytes) / 1_048_576
    }

    /// Leaves only so much room.
    async fn crowd(&self, room_mb: u64) {
        let bytes = (self.free_mb().await - room_mb) * 1_048_576;
        let bytes = vec![7; usize::try_from(bytes).expect("it fits in memory")];
        fs::write(self.inside("filler"), bytes).expect("there is room for it");
    }

    fn give_room(&self) {
        fs::remove_file(self.inside("filler")).expect("it was put there");
    }
}

/// Writes until nothing is taken any more.
async fn fill(caller: &Caller, writer: &mut Writer) {
    let filling = async {
        loop {
            if writer.write(caller).await.is_err()
                && tokio::time::timeout(FULL_AFTER, writer.settle(caller)).await.is_err()
            {
                return;
            }
        }
    };
    tokio::time::timeout(FULL_MAX, filling).await.expect("a disk that fills up");
}

/// Reads are answered, or it is said that they can't be just now.
async fn reads_are_typed(server: &Served, caller: &Caller) {
    let query = "{ conversations(first: 5) { nodes { id subject { text } } } }";
    for _ in 0..10 {
        let answer = caller.ask(query, &json!({})).await.expect("the server answers");
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        assert!(matches!(code, None | Some("UNAVAILABLE")), "{answer}");
    }
    let (status, said) = server.ready().await.expect("the server answers");
    assert!([200, 503].contains(&status), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_by_a_code_and_with_room_again_all_goes_on_by_itself() {
    let home = home();
    let folder = home.path().join("disk");
    fs::create_dir(&folder).expect("a place to mount on");
    let disk = Disk::mount(&folder).await;
    let place = Place::new(&folder.join("data")).started_by(disk.starter());
    let server = place.serve(&["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let mut work = Work::of(&server).await;
    let wordy = caller.open_conversations(WRITERS + 1).await.pop().expect("as many as asked for");
    let mut wordy = Writer::new(WRITERS, &wordy).wordy(NOTE_CHARACTERS);
    disk.crowd(ROOM_MB).await;
    let busy = work.begin(&server);
    fill(&caller, &mut wordy).await;
    reads_are_typed(&server, &caller).await;
    // Being full is nothing that it dies of, however long it lasts.
    let still = tokio::time::timeout(FULL_AFTER, wordy.settle(&caller)).await;
    assert!(still.is_err(), "it was not full: {still:?}");

    disk.give_room();
    wait_until(BACK_MAX, || async {
        match server.ready().await {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    busy.goes_on(20).await;
    work = busy.end().await;
    work.is_joined_by(wordy);
    work.all_holds(&server).await;
    work.outages_were_told();
    // The index says of its own threads that they failed "or panicked"; a panic says where.
    assert!(!server.log().contains("panicked at"), "{}", server.log());
    server.stop().await;
}
