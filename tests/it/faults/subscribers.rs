//! Subscribers who read nothing, or a byte now and then: they cost a bounded memory and nobody
//! else's time, are closed, and lose nothing when they come back.

use std::{fmt::Write as _, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    socket::{EventStream, Heard, Socket},
    writer::{Load, Writer, assert_each_stands_once, assert_troubles_are_typed, settle_all},
};
use crate::process::{Caller, Place, Served, home, wait_until};

const DEAD: u32 = 8;
const WRITERS: usize = 4;
/// Of the conversation that the dead ones follow.
const NOTES: usize = 120;
const NOTE_CHARACTERS: usize = 6_000;
/// How often each frame repeats its text: as often as aliases are allowed, or nearly so.
const ECHOES: usize = 25;
/// What all that the dead ones did not read would take is three times as much.
const MEMORY_GROWTH_MB_MAX: f64 = 100.0;
const CLOSED_MAX: Duration = Duration::from_secs(30);
fn following() -> String {
    let mut echoes = String::new();
    for echo in 0..ECHOES {
        write!(echoes, "echo{echo}: text {{ text }} ").expect("a string takes it");
    }
    format!(
        "subscription ($id: ID!, $after: Position) {{ conversationEvents(id: $id, after: $after) \
         {{ position entry {{ message {{ {echoes} }} }} }} }}"
    )
}

/// Everything that ever happened in a conversation, as an eager reader gets it.
async fn all_of(server: &Served, caller: &Caller, id: &str, count: usize) -> Vec<i64> {
    let query = "subscription ($id: ID!) { conversationEvents(id: $id, after: 0) { position } }";
    let variables = json!({ "id": id });
    let mut eager = Socket::subscribe(server.address(), caller.token(), query, variables).await;
    eager.positions(count).await
}

/// The conversation that the dead ones follow.
struct Long<'t> {
    address: &'t str,
    caller: &'t Caller,
    id: &'t str,
    following: &'t str,
    all: &'t [i64],
}

impl Long<'_> {
    fn after(&self, seen: &[i64]) -> Value {
        assert!(seen.len() < self.all.len(), "the kernel held everything: nobody was slow");
        json!({ "id": self.id, "after": seen.last().copied().unwrap_or(0) })
    }

    /// They read what there is, come back, and have everything.
    async fn sockets_come_back(&self, sockets: &mut [Socket]) {
        let read = join_all(sockets.iter_mut().map(Socket::positions_to_the_end)).await;
        for (mut seen, end) in read {
            let (token, after) = (self.caller.token(), self.after(&seen));
            let mut back = Socket::subscribe(self.address, token, self.following, after).await;
            seen.extend(back.positions(self.all.len() - seen.len()).await);
            assert_eq!(seen, self.all, "a socket that came back");
            // Whether the goodbye still arrives is a matter of luck; that it is said is counted.
            assert!([Heard::Closed(4413), Heard::Broken].contains(&end), "{end:?}");
        }
    }

    async fn streams_come_back(&self, streams: Vec<EventStream>) {
        for mut stream in streams {
            while stream.read(65_536).await {}
            let seen = stream.positions();
            let (token, after) = (self.caller.token(), self.after(&seen));
            let mut back = EventStream::subscribe(self.address, token, self.following, after).await;
            while back.positions().len() + seen.len() < self.all.len() {
                assert!(back.read(65_536).await, "the stream ended early");
            }
            assert_eq!([seen, back.positions()].concat(), self.all, "a stream that came back");
        }
    }
}

/// Reads a byte now and then, which frees no room in the connection.
async fn trickle(mut stream: EventStream) {
    while stream.read(1).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_subscribers_are_closed_cost_little_and_lose_nothing_when_they_come_back() {
    let home = home();
    let place =
        Place::new(&home.path().join("data")).with("ALLHOURS_SUBSCRIPTIONS_SLOW_MS", "1000");
    let server = place.serve(&["--demo"]).await;
    let (address, caller) = (server.address(), server.caller("supervisor").await);
    let conversations = caller.open_conversations(WRITERS + 1).await;
    let (long, lively) = (&conversations[WRITERS], &conversations[0]);
    let before = place.notes().await;
    let mut author = Writer::new(WRITERS, long).wordy(NOTE_CHARACTERS);
    for _ in 0..NOTES {
        assert_eq!(author.write(&caller).await, Ok(()));
    }
    let version = json!({ "id": long });
    let version = caller.data("query ($id: ID!) { conversation(id: $id) { version } }", &version);
    let count = version.await["conversation"]["version"].as_u64().expect("a version");
    let all = all_of(&server, &caller, long, usize::try_from(count).expect("few")).await;
    assert!(author.acknowledged.iter().all(|position| all.contains(position)));

    let query = "subscription ($id: ID!, $after: Position) \
        { conversationEvents(id: $id, after: $after) { position } }";
    let now = json!({ "id": lively, "after": all.last() });
    let mut healthy = Socket::subscribe(address, caller.token(), query, now).await;
    let memory_mb = server.memory_mb();
    let following = following();
    let from_the_first = json!({ "id": long, "after": 0 });
    let sockets = (0..DEAD)
        .map(|_| Socket::subscribe(address, caller.token(), &following, from_the_first.clone()));
    let mut sockets = join_all(sockets).await;
    let streams = (0..DEAD).map(|_| {
        EventStream::subscribe(address, caller.token(), &following, from_the_first.clone())
    });
    let mut streams = join_all(streams).await;
    let load = Load::begin(Writer::for_each(&conversations[..WRITERS]), &caller);

    let trickling = tokio::spawn(trickle(streams.remove(0)));
    let dead = f64::from(DEAD);
    let mut memory_mb_max = memory_mb;
    wait_until(CLOSED_MAX, || {
        memory_mb_max = memory_mb_max.max(server.memory_mb());
        let server = &server;
        async move {
            let sockets = server.figure("allhours_websockets_closed_total", "4413").await;
            let streams = server.figure("allhours_connections_given_up_total", "").await;
            let all = sockets >= dead && streams >= dead;
            if all { Ok(()) } else { Err(format!("{sockets} sockets, {streams} streams closed")) }
        }
    })
    .await;
    trickling.abort();
    let grown = memory_mb_max - memory_mb;
    assert!(grown < MEMORY_GROWTH_MB_MAX, "{grown} MB more for those who read nothing");

    let long = Long { address, caller: &caller, id: long, following: query, all: &all };
    long.sockets_come_back(&mut sockets).await;
    long.streams_come_back(streams).await;

    load.goes_on(20).await;
    let mut writers = load.end().await;
    settle_all(&mut writers, &caller).await;
    // Not one write was held up until it was given up.
    assert_troubles_are_typed(&writers, &[]);
    let written = &writers[0].acknowledged;
    assert_eq!(healthy.positions(written.len()).await, *written, "the healthy one got everything");
    writers.push(author);
    assert_each_stands_once(&place, &before, &writers).await;
    place.verify().await;
    server.stop().await;
}
