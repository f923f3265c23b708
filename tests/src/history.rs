//! A random history of desks, driven through the rules and appended to a log.
//!
//! The same seed gives the same history. What the rules refuse does not happen.

mod desk;

use allhours_domain::{
    actor::Actor,
    ids::{CommandId, CorrelationId, EventId, TenantId},
};
use allhours_eventstore::{
    append::{Append, StreamAppend},
    log::Log,
    recorded::Position,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use self::desk::{Desk, Part};

/// Chance that repeats: the same seed, the same draws (splitmix64).
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn id(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }
}

/// Desks whose history goes on step by step.
#[derive(Debug)]
pub struct History<L> {
    log: L,
    chance: Chance,
    now: Timestamp,
    desks: Vec<Desk>,
    last: Position,
}

impl<L: Log> History<L> {
    /// Of two tenants, at the beginning.
    pub fn new(log: L, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let desks = (0..2).map(|_| Desk::of(chance.id())).collect();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000);
        Self { log, chance, now, desks, last: 0 }
    }

    /// Whose desks there are.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.desks.iter().map(|desk| TenantId(desk.tenant)).collect()
    }

    /// What time it is in this history.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets `steps` things be asked, and answers the last position.
    ///
    /// # Panics
    ///
    /// Where the log takes no append.
    pub async fn go_on(&mut self, steps: usize) -> Position {
        for _ in 0..steps {
            let desk = self.chance.below(self.desks.len());
            let pause = self.chance.below(90_000);
            self.now += SignedDuration::from_millis(i64::try_from(pause).unwrap_or(0));
            let asked = self.desks[desk].step(&mut self.chance, self.now);
            self.append(desk, asked).await;
        }
        self.last
    }

    async fn append(&mut self, desk: usize, parts: Vec<Part>) {
        if parts.iter().all(|(_, _, events)| events.is_empty()) {
            return;
        }
        let streams = parts.into_iter().map(|(stream, expected_version, events)| StreamAppend {
            stream,
            expected_version,
            events: events.into_iter().map(|it| (EventId(self.chance.id()), it)).collect(),
        });
        let streams = streams.collect();
        let append = Append {
            tenant: TenantId(self.desks[desk].tenant),
            command_id: CommandId(self.chance.id()),
            request_hash: [0; 32],
            correlation_id: CorrelationId(self.chance.id()),
            causation_id: None,
            follows_first: false,
            traceparent: None,
            actor: Actor::System("history".to_owned()),
            occurred_at: self.now,
            recorded_at: self.now,
            streams,
            shred_events: vec![],
            forget_subjects: vec![],
        };
        let receipt = self.log.append(append).await.expect("the log takes the append");
        self.last = receipt.position;
    }
}
