//! Two processes and one aggregate: one winner for each version, and everybody is told.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::{Value, json};

use super::{postgres::Postgres, writer::position};
use crate::process::{Caller, Place, home};

const COMMANDS: u32 = 10_000;
/// The last ones are for those who name a version: they may lose to those who name none for as
/// long as these come, and among each other somebody wins.
const FOR_THE_CAREFUL: u32 = 1_000;
const RACERS_A_PROCESS: u32 = 4;
/// Tags go on and off again, so that each command is one event and the last one is as cheap as
/// the first.
const TAG: &str = "mutation ($input: ConversationAddTagInput!) {
    done: conversationAddTag(input: $input) {
        position version repeated
        userErrors { code field currentVersion changedAt changedBy { kind } }
    }
}";
const UNTAG: &str = "mutation ($input: ConversationRemoveTagInput!) {
    done: conversationRemoveTag(input: $input) {
        position version repeated
        userErrors { code field currentVersion changedAt changedBy { kind } }
    }
}";

/// What became of the commands of one racer.
#[derive(Default)]
struct Account {
    /// The version and position of each that was granted; repeated answers tell no version.
    won: Vec<(Option<i32>, i64)>,
    stale: u32,
    /// How often somebody who names no version was sent away to try again.
    crowded: u32,
}

/// One who writes to the conversation until all commands that it may have are given out.
struct Racer {
    number: u32,
    /// Names the version it has seen.
    careful: bool,
    caller: Caller,
    conversation: String,
    at_first: i32,
    given: Arc<AtomicU32>,
}

impl Racer {
    async fn race(self) -> Account {
        let mut account = Account::default();
        let mut seen = self.at_first;
        let until = if self.careful { COMMANDS } else { COMMANDS - FOR_THE_CAREFUL };
        let next = |given: u32| (given < until).then_some(given + 1);
        loop {
            let given = self.given.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
            let Ok(command) = given else { return account };
            let key = format!("racer-{}-{command}", self.number);
            if self.careful {
                seen = self.carefully(&key, seen, &mut account).await;
            } else {
                self.anyhow(&key, &mut account).await;
            }
        }
    }

    /// With the version seen; gives the one to name next.
    async fn carefully(&self, key: &str, seen: i32, account: &mut Account) -> i32 {
        let payload =
            self.send(key, account.won.len(), Some(seen)).await.expect("a winner or a loser");
        let no = &payload["userErrors"][0];
        if no.is_null() {
            let version = version(&payload["version"]);
            assert_eq!(version, seen + 1, "{payload}");
            account.won.push((Some(version), position(&payload["position"]).expect("a position")));
            return version;
        }
        assert_eq!(no["code"], "STALE_VERSION", "{payload}");
        assert_eq!(no["field"], json!(["input", "expectedVersion"]), "{payload}");
        assert_eq!(no["changedBy"]["kind"], "PERSON", "{payload}");
        assert!(no["changedAt"].is_string(), "{payload}");
        assert_eq!(payload["position"], Value::Null, "{payload}");
        let current = version(&no["currentVersion"]);
        assert!(current > seen, "{payload}");
        account.stale += 1;
        current
    }

    /// Whatever the version is, until it is granted.
    async fn anyhow(&self, key: &str, account: &mut Account) {
        loop {
            match self.send(key, account.won.len(), None).await {
                Ok(payload) => {
                    assert_eq!(payload["userErrors"], json!([]), "{payload}");
                    let first = payload["repeated"] == false;
                    let version = first.then(|| version(&payload["version"]));
                    let position = position(&payload["position"]).expect("a position");
                    account.won.push((version, position));
                    return;
                }
                Err(code) => {
                    assert_eq!(code, "CONFLICT", "nothing else can happen here");
                    account.crowded += 1;
                }
            }
        }
    }

    /// `won` says how many of its commands were granted before, and so whether the tag is on.
    async fn send(&self, key: &str, won: usize, expected: Option<i32>) -> Result<Value, String> {
        let input = json!({
            "conversationId": self.conversation, "tag": format!("racer-{}", self.number),
            "idempotencyKey": key, "expectedVersion": expected,
        });
        let mutation = if won.is_multiple_of(2) { TAG } else { UNTAG };
        let answer = self.caller.ask(mutation, &json!({ "input": input })).await;
        let mut answer = answer.expect("a living server answers");
        match answer["errors"][0]["extensions"]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(answer["data"]["done"].take()),
        }
    }
}

/// Two of each process are, and two are not.
fn is_careful(number: u32) -> bool {
    (number / 2).is_multiple_of(2)
}

fn version(value: &Value) -> i32 {
    value.as_i64().and_then(|it| it.try_into().ok()).expect("a version")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_race_ten_thousand_commands_exactly_one_wins_each_version() {
    let home = home();
    let postgres = Postgres::start_hasty(&home.path().join("postgres")).await;
    let place = Place::new(&home.path().join("one")).on(&postgres.url());
    let one = place.serve(&["--demo"]).await;
    let other = place.beside(&home.path().join("other")).serve(&[]).await;
    let caller = one.caller("supervisor").await;
    let callers = [caller.clone(), other.caller_with(caller.token())];
    let conversation = caller.open_conversations(1).await.remove(0);
    let before = place.written("conversation.*").await;
    let query = "query ($id: ID!) { conversation(id: $id) { version } }";
    let at_first = caller.data(query, &json!({ "id": conversation })).await;
    let at_first = version(&at_first["conversation"]["version"]);

    let given = Arc::new(AtomicU32::new(0));
    let racing = (0..RACERS_A_PROCESS * 2).map(|number| {
        let racer = Racer {
            number,
            careful: is_careful(number),
            caller: callers[(number % 2) as usize].clone(),
            conversation: conversation.clone(),
            at_first,
            given: Arc::clone(&given),
        };
        tokio::spawn(racer.race())
    });
    let racing: Vec<_> = racing.collect();
    let mut won = Vec::new();
    let (mut stale, mut crowded) = (0, 0);
    let (mut processes, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for (number, racer) in (0_u32..).zip(racing) {
        let account = racer.await.expect("a racer does not panic");
        if !account.won.is_empty() {
            processes.insert(number % 2);
            kinds.insert(is_careful(number));
        }
        won.extend(account.won);
        stale += account.stale;
        crowded += account.crowded;
    }

    assert_eq!((processes.len(), kinds.len()), (2, 2), "one side never won");
    assert_eq!(u32::try_from(won.len()).expect("few") + stale, COMMANDS);
    assert!(stale > 100, "only {stale} lost: that was no race ({crowded} had to try again)");
    let versions: Vec<i32> = won.iter().filter_map(|(version, _)| *version).collect();
    let distinct: BTreeSet<i32> = versions.iter().copied().collect();
    assert_eq!(distinct.len(), versions.len(), "a version had two winners");
    let last = at_first + i32::try_from(won.len()).expect("few");
    assert!(distinct.iter().all(|version| (at_first + 1..=last).contains(version)));
    let at_last = callers[1].data(query, &json!({ "id": conversation })).await;
    assert_eq!(version(&at_last["conversation"]["version"]), last, "{at_last}");
    let mut positions: Vec<i64> = won.iter().map(|(_, position)| *position).collect();
    positions.sort_unstable();
    let standing = place.written("conversation.*").await;
    let standing: Vec<i64> = standing.into_iter().filter(|it| !before.contains(it)).collect();
    assert_eq!(standing, positions, "what was granted is what stands there");
    // Versions 1..n, each once, are rules of the log.
    place.verify().await;
    other.stop().await;
    one.stop().await;
    postgres.stop().await;
}
