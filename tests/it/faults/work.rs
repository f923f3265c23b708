//! A desk at work while something breaks, and what must hold of it after each fault: the
//! invariants 1 to 11 of `ARCHITECTURE.md`, seen from outside.

use std::mem;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    follower::{Follower, Transport},
    provider::Provider,
    writer::{Load, Writer, assert_each_stands_once, assert_troubles_are_typed, settle_all},
};
use crate::process::{Caller, Place, Served};

/// How many write; the conversations of the demo after these are free.
pub const WRITERS: usize = 8;
const RIVAL: &str = "rival";
const OPEN_RIVAL: &str = "mutation { deskOpen(input: { name: \"Rival\", \
    defaultLanguage: \"en\", reopenWithinHours: 24 }) { userErrors { code } } }";
/// What a caller may be told while the database is away, or when too many write at once.
const TYPED: [&str; 2] = ["UNAVAILABLE", "CONFLICT"];

/// Everybody who works, follows and delivers, and what stood in the log last time.
pub struct Work {
    place: Place,
    token: String,
    conversations: Vec<String>,
    notes_before: Vec<i64>,
    writers: Vec<Writer>,
    followers: Vec<Follower>,
    providers: Vec<Provider>,
    log: String,
}

/// The same at work.
pub struct Busy {
    still: Work,
    load: Load,
    followers: Vec<JoinHandle<Follower>>,
    providers: Vec<JoinHandle<Provider>>,
    stop: CancellationToken,
}

impl Work {
    /// On a demo desk beside another tenant's, which is opened for it.
    pub async fn of(server: &Served) -> Self {
        let place = server.place().clone();
        let rival = server.caller_with(&place.token(RIVAL, "admin").await);
        let opened = rival.data(OPEN_RIVAL, &json!({})).await;
        assert_eq!(opened["deskOpen"]["userErrors"], json!([]), "{opened}");
        let caller = server.caller("supervisor").await;
        let conversations = caller.open_conversations(WRITERS).await;
        let writers = Writer::for_each(&conversations);
        let log = place.run(&["replay"]).await;
        let from = i64::try_from(log.lines().count()).expect("few");
        let admin = place.token("demo", "admin").await;
        let followers = vec![
            Follower::of_conversation(
                &conversations[0],
                caller.token(),
                Transport::WebSocket,
                from,
            ),
            Follower::of_conversation(
                &conversations[1],
                caller.token(),
                Transport::EventStream,
                from,
            ),
            Follower::of_log("demo", &admin, Transport::EventStream, from),
            Follower::of_log(RIVAL, rival.token(), Transport::WebSocket, from),
        ];
        let providers = vec![Provider::of("demo", &place).await, Provider::of(RIVAL, &place).await];
        Self {
            token: caller.token().to_owned(),
            notes_before: place.notes().await,
            writers: writers.into_iter().map(Writer::looking_back).collect(),
            place,
            conversations,
            followers,
            providers,
            log,
        }
    }

    /// Sets all of them to work.
    pub fn begin(mut self, server: &Served) -> Busy {
        let stop = CancellationToken::new();
        let load = Load::begin(mem::take(&mut self.writers), &self.caller(server));
        let address = || server.address().to_owned();
        let followers = self.followers.drain(..);
        let followers = followers.map(|it| tokio::spawn(it.follow(address(), stop.clone())));
        let followers = followers.collect();
        let providers = self.providers.drain(..).map(|it| {
            let callers = it.callers(server);
            tokio::spawn(it.deliver_on(callers, stop.clone()))
        });
        let providers = providers.collect();
        Busy { load, followers, providers, stop, still: self }
    }

    fn caller(&self, server: &Served) -> Caller {
        server.caller_with(&self.token)
    }

    /// One more has written beside the others.
    pub fn is_joined_by(&mut self, writer: Writer) {
        self.writers.push(writer);
    }

    /// What is under way is settled by this server, and all invariants hold.
    pub async fn all_holds(&mut self, server: &Served) {
        let caller = self.caller(server);
        settle_all(&mut self.writers, &caller).await;
        for writer in &mut self.writers {
            assert_eq!(writer.look_back(&caller).await, Ok(()), "a living server answers");
            writer.ask_again(&caller).await;
        }
        for provider in &mut self.providers {
            provider.settle(server).await;
            provider.has_left_its_mark_once(&self.place).await;
        }
        for follower in &mut self.followers {
            follower.has_everything(&self.place, server.address()).await;
        }
        self.rivals_see_nothing(server).await;
        assert_each_stands_once(&self.place, &self.notes_before, &self.writers).await;
        let log = self.place.run(&["replay"]).await;
        assert!(log.starts_with(&self.log), "what stood in the log has changed");
        self.log = log;
        self.place.verify().await;
    }

    /// Another tenant's admin asks for the conversations that are written to.
    async fn rivals_see_nothing(&self, server: &Served) {
        let rival = server.caller_with(&self.place.token(RIVAL, "admin").await);
        let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } \
            search(text: \"noted\", first: 5) { totalCount } }";
        let seen = rival.data(query, &json!({ "ids": self.conversations })).await;
        let nothing = vec![json!(null); self.conversations.len()];
        assert_eq!(seen, json!({ "nodes": nothing, "search": { "totalCount": 0 } }));
    }

    /// All of them had something to do, and the faults were felt by a code, or by silence where
    /// the server itself was gone.
    pub fn was_no_holiday(&self, faults: usize) {
        let acknowledged: usize = self.writers.iter().map(|it| it.acknowledged.len()).sum();
        assert!(acknowledged >= 100, "only {acknowledged} writes were made");
        for provider in &self.providers {
            assert!(provider.woken * 2 >= faults, "only {} timers fell due", provider.woken);
        }
    }

    /// How often those who follow had to come back, all together.
    pub fn returns(&self) -> usize {
        self.followers.iter().map(|it| it.returns).sum()
    }

    /// What writers were told was typed, and something was told.
    pub fn outages_were_told(&self) {
        assert_troubles_are_typed(&self.writers, &TYPED);
        let troubles: u32 = self.writers.iter().flat_map(|it| it.troubles.values()).sum();
        assert!(troubles > 0, "nobody noticed that something was away");
    }
}

impl Busy {
    /// Waits until so many more notes are acknowledged.
    pub async fn goes_on(&self, count: usize) {
        self.load.goes_on(count).await;
    }

    /// Lets them finish what they do.
    pub async fn end(self) -> Work {
        let Self { mut still, load, followers, providers, stop } = self;
        still.writers = load.end().await;
        stop.cancel();
        still.take_back(followers, providers).await
    }

    /// Waits until they have noticed that the server is gone.
    pub async fn gone(self) -> Work {
        let Self { mut still, load, followers, providers, stop } = self;
        still.writers = load.gone().await;
        stop.cancel();
        still.take_back(followers, providers).await
    }
}

impl Work {
    async fn take_back(
        mut self,
        followers: Vec<JoinHandle<Follower>>,
        providers: Vec<JoinHandle<Provider>>,
    ) -> Self {
        for follower in followers {
            self.followers.push(follower.await.expect("a follower does not panic"));
        }
        for provider in providers {
            self.providers.push(provider.await.expect("a provider does not panic"));
        }
        self
    }
}
