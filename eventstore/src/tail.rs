//! The end of the log, read once for all who follow it: folds, subscriptions, reactions.
//!
//! A bounded number of recent events is kept. Who has fallen further behind reads the log
//! itself until they have caught up; nobody slows anybody else down.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time};

use crate::{
    error::LogError,
    log::Log,
    recorded::{Position, Recorded},
};

/// The most events kept.
const EVENTS_MAX: usize = 8_192;
/// The most bytes of payload kept.
const BYTES_MAX: usize = 32 * 1_024 * 1_024;
/// The most events read at once.
const PAGE_MAX: usize = 1_000;
/// How long to wait where nobody tells that the log has grown, and after a failure.
const POLL: Duration = Duration::from_millis(250);

/// Follows a log. Clones share what was read; the last one gone ends the reading.
#[derive(Debug, Clone)]
pub struct Tail<L> {
    log: L,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    recent: Arc<Recent>,
    reading: JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

#[derive(Debug)]
struct Recent {
    ring: RwLock<Ring>,
    head: watch::Sender<Position>,
}

impl Recent {
    /// Keeps the next events, and tells those who wait. Answers with the last one's position.
    fn push(&self, events: Vec<Recorded>) -> Position {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            ring.push(event);
        }
        let head = ring.head;
        drop(ring);
        self.head.send_replace(head);
        head
    }
}

/// Consecutive events, the last of them at `head`.
#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Recorded>>,
    bytes: usize,
    head: Position,
}

impl Ring {
    fn push(&mut self, event: Recorded) {
        assert_eq!(event.position, self.head + 1, "the log is gapless and in order");
        self.head = event.position;
        self.bytes += event.payload.len();
        self.events.push_back(Arc::new(event));
        while self.events.len() > EVENTS_MAX || (self.bytes > BYTES_MAX && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.payload.len();
            }
        }
    }

    /// The events after `position`; `None` where they are not all kept any more.
    fn after(&self, position: Position, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        let missed = usize::try_from(self.head - position).unwrap_or(0);
        let from = self.events.len().checked_sub(missed)?;
        Some(self.events.range(from..).take(limit).cloned().collect())
    }
}

impl<L: Log> Tail<L> {
    /// Begins to follow `log` from its end.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub async fn start(log: L) -> Result<Self, LogError> {
        let head = log.head().await?;
        let recent = Arc::new(Recent {
            ring: RwLock::new(Ring { head, ..Ring::default() }),
            head: watch::Sender::new(head),
        });
        let reading = tokio::spawn(follow(log.clone(), recent.clone()));
        Ok(Self { log, shared: Arc::new(Shared { recent, reading }) })
    }

    /// The log that is followed.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// The events with a position after this one, in order, at most `limit`; waits until there
    /// is at least one. Can be given up at any moment.
    ///
    /// # Errors
    ///
    /// A failure of the store, only while far behind.
    pub async fn after(
        &self,
        position: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Recorded>>, LogError> {
        let recent = &self.shared.recent;
        let mut head = recent.head.subscribe();
        // Cannot end: the sender lives as long as this tail.
        let _ = head.wait_for(|head| *head > position).await;
        let kept = recent
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .after(position, limit.max(1));
        if let Some(events) = kept {
            return Ok(events);
        }
        let events = self.log.read(position, limit.max(1)).await?;
        Ok(events.into_iter().map(Arc::new).collect())
    }

    /// The newest position read.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.shared.recent.head.borrow()
    }

    /// Changes to each newest position read.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Position> {
        self.shared.recent.head.subscribe()
    }
}

async fn follow<L: Log>(log: L, recent: Arc<Recent>) {
    let mut grown = log.grown();
    let mut head = *recent.head.borrow();
    loop {
        match log.read(head, PAGE_MAX).await {
            Ok(events) => {
                let full = events.len() == PAGE_MAX;
                if !events.is_empty() {
                    head = recent.push(events);
                }
                if !full {
                    // Woken early or late, the log itself is asked.
                    let _ = time::timeout(POLL, grown.wait_for(|grown| *grown > head)).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the end of the log cannot be read just now");
                time::sleep(POLL).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::script::Script, keys::MasterKey, memory::MemoryLog};

    async fn grow(log: &MemoryLog, script: &mut Script, events: usize) {
        let stream = script.stream();
        let append = script.tagging(stream, 0, events);
        log.append(append).await.unwrap();
    }

    fn positions(events: &[Arc<Recorded>]) -> Vec<Position> {
        events.iter().map(|event| event.position).collect()
    }

    #[tokio::test]
    async fn who_follows_gets_every_event_once_and_waits_for_the_next() {
        let log = MemoryLog::new(MasterKey::generate().unwrap());
        let mut script = Script::new(1);
        grow(&log, &mut script, 3).await;
        let tail = Tail::start(log.clone()).await.unwrap();
        let follower = {
            let tail = tail.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while seen.len() < 23 {
                    let after = seen.last().copied().unwrap_or(0);
                    seen.extend(positions(&tail.after(after, 4).await.unwrap()));
                }
                seen
            })
        };
        for _ in 0..10 {
            tokio::task::yield_now().await;
            grow(&log, &mut script, 2).await;
        }
        assert_eq!(follower.await.unwrap(), (1..=23).collect::<Vec<_>>());
        assert_eq!(tail.head(), 23);
        let nothing_yet = time::timeout(Duration::from_millis(20), tail.after(23, 4)).await;
        assert!(nothing_yet.is_err());
    }

    #[tokio::test]
    async fn who_is_far_behind_reads_the_log_itself() {
        let log = MemoryLog::new(MasterKey::generate().unwrap());
        let mut script = Script::new(1);
        let tail = Tail::start(log.clone()).await.unwrap();
        for _ in 0..10 {
            grow(&log, &mut script, 1_000).await;
        }
        tail.after(9_999, 1).await.unwrap();
        assert_eq!(tail.shared.recent.ring.read().unwrap().events.len(), EVENTS_MAX);
        assert_eq!(tail.shared.recent.ring.read().unwrap().after(1_000, 1), None);
        assert_eq!(positions(&tail.after(1_000, 2).await.unwrap()), [1_001, 1_002]);
        assert_eq!(positions(&tail.after(9_000, 2).await.unwrap()), [9_001, 9_002]);
    }
}
