//! Starting on existing data: how soon the desk is ready, and how much memory it ever holds.

use std::time::Duration;

use crate::{figures::Figure, place::Place, served::Served};

/// On the history that the rebuild left behind, whose server has been stopped.
pub async fn run(place: Place, events: u64) -> Vec<Figure> {
    let data = place.data();
    let _folder = place.stop_server().await;
    let served = Served::start(&data, &[]).await;
    let ready_s = served.ready_after.as_secs_f64();
    // Long enough for every follower to come to rest.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let memory_mb = served.memory_mb_max();
    served.stop().await;
    vec![
        Figure {
            what: format!("ready after the start of the process, {events} events"),
            ours: format!("{ready_s:.2} s"),
            peer: String::new(),
            ratio: None,
            goal: "<= 2 s",
            met: ready_s <= 2.0,
        },
        Figure {
            what: format!("peak memory of the serving process, {events} events"),
            ours: format!("{memory_mb:.0} MB"),
            peer: String::new(),
            ratio: None,
            goal: "<= 400 MB",
            met: memory_mb <= 400.0,
        },
    ]
}
