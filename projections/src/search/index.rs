//! The owner of the index: follows the log, builds new generations, heals damage.

use std::{fmt::Write as _, path::Path, sync::Arc, time::Duration};

use allhours_eventstore::{log::Log, recorded::Position};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{
    error::SearchError,
    follower::Follower,
    home::Home,
    reader::{SearchReader, Shared},
    segment,
};

/// The least time between two commits while the index follows the log, in milliseconds.
const COMMIT_EVERY_MS: u64 = 100;
/// How long an idle index waits before it looks at the log without having been told, in
/// milliseconds.
const POLL_EVERY_MS: u64 = 100;
/// How long the index waits after a failure, in milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;
/// After so many failures without progress the live generation is given up and built anew.
const FAILURES_MAX: u32 = 3;
/// How many pages a generation that is built takes for each turn of the live one.
const PAGES_BUILT_A_TURN: usize = 8;

/// The index, owned by this process.
pub struct SearchIndex {
    home: Home,
    shared: Arc<Shared>,
    live: Option<Follower>,
    next: Option<Follower>,
    failures: u32,
}

/// Whether there is more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    More,
    Idle,
}

impl SearchIndex {
    /// Becomes the owner of the index in `folder`. Nothing is read or written before
    /// [`SearchIndex::run`].
    ///
    /// # Errors
    ///
    /// [`SearchError::Owned`] where another process owns it; a folder that can't be used.
    pub fn open(folder: &Path) -> Result<Self, SearchError> {
        let home = Home::own(folder)?;
        // An alert on a counter that rises must not miss its first step.
        metrics::counter!("allhours_search_failures_total").increment(0);
        metrics::counter!("allhours_search_events_unreadable_total").increment(0);
        Ok(Self { home, shared: Shared::new(), live: None, next: None, failures: 0 })
    }

    /// The reading side.
    #[must_use]
    pub fn reader(&self) -> SearchReader {
        SearchReader { shared: Arc::clone(&self.shared) }
    }

    /// Follows the log until `stop`. Whatever happens to the folder, the index comes back.
    ///
    /// # Errors
    ///
    /// A last commit that failed; the next start goes on from the one before.
    pub async fn run<L: Log>(mut self, log: L, stop: CancellationToken) -> Result<(), SearchError> {
        // Only ever makes the first Chinese query faster: nobody waits for it.
        drop(tokio::task::spawn_blocking(segment::warm));
        let mut grown = log.grown();
        let mut gate = gate();
        while !stop.is_cancelled() {
            let wait_ms = match self.turn(&log, &mut gate).await {
                Ok(Turn::More) => continue,
                Ok(Turn::Idle) => POLL_EVERY_MS,
                Err(error) => {
                    self.recover(&error);
                    RETRY_AFTER_MS
                }
            };
            let pause = tokio::time::sleep(Duration::from_millis(wait_ms));
            tokio::select! {
                () = stop.cancelled() => {}
                Ok(()) = grown.changed(), if wait_ms == POLL_EVERY_MS => {}
                () = pause => {}
            }
        }
        if let Some(live) = &mut self.live {
            live.commit().await?;
        }
        Ok(())
    }

    /// Builds what is missing, up to the head of the log, and comes back. For a process that
    /// does nothing else.
    ///
    /// # Errors
    ///
    /// A log or a folder that can't be used.
    pub async fn catch_up<L: Log>(&mut self, log: &L) -> Result<Position, SearchError> {
        let mut gate = gate();
        while self.turn(log, &mut gate).await? == Turn::More {}
        Ok(self.reader().status().position)
    }

    /// Builds a new generation from the whole log and puts it in place of the live one, which
    /// answers until then.
    ///
    /// # Errors
    ///
    /// A log or a folder that can't be used.
    pub async fn rebuild<L: Log>(&mut self, log: &L) -> Result<Position, SearchError> {
        self.catch_up(log).await?;
        self.begin_next()?;
        self.catch_up(log).await
    }

    /// One step: a page for the live generation, some pages for one that is being built.
    async fn turn<L: Log>(&mut self, log: &L, gate: &mut Interval) -> Result<Turn, SearchError> {
        if self.live.is_none() {
            self.open_live().await?;
        }
        let wanted = self.shared.take_wish() | self.home.take_wish();
        if (wanted || self.live.is_none()) && self.next.is_none() {
            self.begin_next()?;
        }
        let mut more = false;
        if let Some(live) = &mut self.live {
            if self.shared.take_suspicion() {
                live.check().await?;
            }
            more |= live.follow(log, gate, &self.shared).await?;
        }
        if self.next.is_some() {
            more |= self.build(log).await?;
        }
        self.failures = 0;
        if self.live.is_some() {
            self.shared.set_failure(None);
        }
        Ok(if more { Turn::More } else { Turn::Idle })
    }

    async fn open_live(&mut self) -> Result<(), SearchError> {
        let Some(number) = self.home.live() else { return Ok(()) };
        let opened = Follower::open(number, self.home.generation(number)).await;
        match opened {
            Ok(live) => {
                live.show(&self.shared);
                self.home.sweep(&[number])?;
                self.live = Some(live);
            }
            Err(error @ (SearchError::Stopped | SearchError::Log(_))) => return Err(error),
            Err(error) => {
                self.shared.set_failure(Some(told(&error)));
                let error: &dyn std::error::Error = &error;
                tracing::warn!(generation = number, error, "the search index is built anew");
                self.shared.hide();
            }
        }
        Ok(())
    }

    fn begin_next(&mut self) -> Result<(), SearchError> {
        let number = self.home.unused()?;
        self.next = Some(Follower::create(number, self.home.generation(number))?);
        self.shared.set_building(Some(0));
        Ok(())
    }

    /// Some pages for the generation that is being built; once it has caught up, it is live.
    async fn build<L: Log>(&mut self, log: &L) -> Result<bool, SearchError> {
        let Some(next) = &mut self.next else { return Ok(false) };
        for _ in 0..PAGES_BUILT_A_TURN {
            let more = next.build(log).await?;
            self.shared.set_building(Some(next.position()));
            let behind = self.live.as_ref().is_some_and(|it| it.position() > next.position());
            if !more && !behind {
                next.commit().await?;
                self.switch()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn switch(&mut self) -> Result<(), SearchError> {
        let Some(next) = self.next.take() else { return Ok(()) };
        self.home.make_live(next.number())?;
        next.show(&self.shared);
        self.shared.set_building(None);
        let (number, position) = (next.number(), next.position());
        tracing::info!(generation = number, position, "a generation of the search index is live");
        // The former one lets go of its folder before that is deleted.
        drop(self.live.replace(next));
        self.home.sweep(&[number])
    }

    /// After a failure: what may hold a part of a page is dropped and opened again; after
    /// several in a row without progress the index is built anew.
    fn recover(&mut self, error: &SearchError) {
        self.failures += 1;
        let failures = self.failures;
        let cause: &dyn std::error::Error = error;
        tracing::warn!(failures, error = cause, "the search index has to try again");
        metrics::counter!("allhours_search_failures_total").increment(1);
        self.shared.set_failure(Some(told(error)));
        if matches!(error, SearchError::Log(_)) {
            return;
        }
        self.live = None;
        self.next = None;
        self.shared.set_building(None);
        if failures >= FAILURES_MAX && self.begin_next().is_ok() {
            self.failures = 0;
        }
    }
}

/// A failure with all that caused it.
fn told(error: &SearchError) -> String {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(told, ": {cause}").ok();
        source = cause.source();
    }
    told
}

fn gate() -> Interval {
    let mut gate = interval(Duration::from_millis(COMMIT_EVERY_MS));
    gate.set_missed_tick_behavior(MissedTickBehavior::Delay);
    gate
}
