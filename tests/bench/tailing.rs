//! Readers that tail the log while two processes write: every event once, in order.

use std::{process::Stdio, time::Duration};

use allhours_eventstore::{log::Log, pg::PgLog};
use tokio::process::Command;

use crate::{append, figures::Figure, place::Place};

const WRITERS_A_PROCESS: u32 = 16;
const READERS: usize = 2;

/// Two processes of 16 writers each; readers follow, then everything is compared.
pub async fn run(seconds: u64) -> Vec<Figure> {
    let place = Place::start().await;
    let log = place.log().await;
    let readers: Vec<_> = (0..READERS).map(|_| tokio::spawn(follow(log.clone()))).collect();
    let mut other = Command::new(std::env::current_exe().expect("this program has a path"))
        .arg("writer")
        .arg(place.folder.path())
        .arg(seconds.to_string())
        .stdin(Stdio::null())
        .spawn()
        .expect("the other process starts");
    append::write(&log, WRITERS_A_PROCESS, Duration::from_secs(seconds)).await;
    assert!(other.wait().await.expect("it can be waited for").success());
    let head = log.head().await.expect("the log answers");
    let mut wrong = 0;
    for reader in readers {
        // Two readers see the last event; the last append makes them end.
        wrong += reader.await.expect("a reader ends").wrong(head);
    }
    drop(place.stop_server().await);
    vec![Figure {
        what: format!(
            "events missed or seen twice, 32 writers, 2 processes, {seconds} s, {READERS} readers"
        ),
        ours: format!("{wrong} of {head}"),
        peer: String::new(),
        ratio: None,
        goal: "0",
        met: wrong == 0,
    }]
}

/// The other process: writes to the same log with an appender of its own.
pub async fn writer(folder: &std::path::Path, seconds: u64) {
    let place = Place::attach(folder).await;
    let log = place.log().await;
    append::write(&log, WRITERS_A_PROCESS, Duration::from_secs(seconds)).await;
    log.stop().await;
}

/// What a reader saw.
struct Seen {
    positions: Vec<i64>,
}

impl Seen {
    /// How many of 1..=head are missing, doubled or out of order.
    fn wrong(&self, head: i64) -> usize {
        let out_of_order = self.positions.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        let begins = usize::from(self.positions.first() != Some(&1));
        let ends = usize::from(self.positions.last() != Some(&head));
        out_of_order + begins + ends
    }
}

/// Pages by position, as every projection does, until the log has been quiet for two seconds.
async fn follow(log: PgLog) -> Seen {
    let mut seen = Seen { positions: Vec::new() };
    let mut quiet = 0;
    while quiet < 2_000 {
        let after = seen.positions.last().copied().unwrap_or(0);
        let page = log.read(after, 1_000).await.expect("the log reads");
        if page.is_empty() {
            quiet += u32::from(!seen.positions.is_empty());
            tokio::time::sleep(Duration::from_millis(1)).await;
        } else {
            quiet = 0;
            seen.positions.extend(page.iter().map(|event| event.position));
        }
    }
    seen
}
