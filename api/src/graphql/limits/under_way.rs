//! How much may be carried out at once. What a document reads is held while it is carried out, so
//! that what all together hold follows from what they cost. What is written and not sent yet is
//! counted elsewhere, by its bytes.
//!
//! A subscription has its share while it makes a frame, and none while it waits for something to
//! happen: what it waits for, it waits for in [`for_something`].

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, future::BoxFuture};
use metrics::{Gauge, gauge};
use tokio::time;

use super::Denied;
use crate::{
    graphql::{error::Code, viewer::Viewer},
    limits::shares::{Share, Shares},
};

/// How long a document waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// What a frame of a subscription counts at least: many are made for one thing that happens.
const FRAME_COST_MIN: u64 = 25;

/// What is carried out in this process.
#[derive(Debug, Clone)]
pub struct UnderWay {
    shares: Shares,
    wait_max: Duration,
}

/// What one document has of it, until it is dropped.
#[derive(Debug)]
pub struct Part {
    _share: Share,
    _told: Told,
}

/// What is told at `/metrics`.
#[derive(Debug)]
struct Told(f64);

impl Told {
    fn of(cost: u32) -> Self {
        let told = Self(f64::from(cost));
        Self::gauge().increment(told.0);
        told
    }

    fn gauge() -> Gauge {
        gauge!("allhours_graphql_cost_under_way")
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        Self::gauge().decrement(self.0);
    }
}

impl UnderWay {
    /// Nothing yet; documents of `cost_max` together may run at once, and a quarter of it of one
    /// person.
    #[must_use]
    pub fn new(cost_max: u64) -> Self {
        Self { shares: Shares::new(cost_max), wait_max: WAIT_MAX }
    }

    /// Waits for a document's turn, in the order of asking: first among those of the same person,
    /// then among all. One that costs more than a person's part takes all of that part.
    pub(in crate::graphql) async fn begin(
        &self,
        viewer: Option<&Viewer>,
        cost: u64,
    ) -> Result<Part, Denied> {
        let Ok(Some(part)) = time::timeout(self.wait_max, self.turn(viewer, cost)).await else {
            let message = "more is being read than fits; try again in a moment".to_owned();
            return Err(Denied(Code::Unavailable, message));
        };
        Ok(part)
    }

    async fn turn(&self, viewer: Option<&Viewer>, cost: u64) -> Option<Part> {
        let share = self.shares.wait(viewer, cost).await?;
        Some(Part { _share: share, _told: Told::of(self.shares.at_most(cost)) })
    }

    /// A subscription that makes its frames in turn. Unlike documents it waits for as long as it
    /// takes: its frames come later then, and none is missed.
    pub(in crate::graphql) fn frames<S: Stream + Unpin>(
        &self,
        viewer: Option<Viewer>,
        cost: u64,
        frames: S,
    ) -> Frames<S> {
        let cost = cost.max(FRAME_COST_MIN);
        let (under_way, idle) = (self.clone(), Arc::default());
        Frames { under_way, viewer, cost, inner: frames, idle, turn: None, part: None }
    }
}

tokio::task_local! {
    /// Whether the subscription that is being carried on only waits for something to happen.
    static IDLE: Arc<AtomicBool>;
}

/// Waits for something that may be long in coming. A subscription has no share of what is carried
/// out meanwhile, and goes on once it has one again.
pub async fn for_something<T>(what: impl Future<Output = T>) -> T {
    let mut what = pin!(what);
    let mut came = None;
    poll_fn(|cx| {
        if let Some(came) = came.take() {
            return Poll::Ready(came);
        }
        let Poll::Ready(now) = what.as_mut().poll(cx) else {
            IDLE.try_with(|idle| idle.store(true, Ordering::Relaxed)).ok();
            return Poll::Pending;
        };
        let waited = IDLE.try_with(|idle| idle.swap(false, Ordering::Relaxed)).unwrap_or(false);
        if !waited {
            return Poll::Ready(now);
        }
        // What comes next is work: it is called again in its turn.
        came = Some(now);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// The frames of a subscription, each made in its turn.
pub(in crate::graphql) struct Frames<S> {
    under_way: UnderWay,
    viewer: Option<Viewer>,
    cost: u64,
    inner: S,
    idle: Arc<AtomicBool>,
    turn: Option<BoxFuture<'static, Option<Part>>>,
    part: Option<Part>,
}

impl<S: Stream + Unpin> Frames<S> {
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.part.is_some() || self.idle.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        let (under_way, viewer, cost) = (self.under_way.clone(), self.viewer.clone(), self.cost);
        let turn = self.turn.get_or_insert_with(|| {
            Box::pin(async move { under_way.turn(viewer.as_ref(), cost).await })
        });
        let Poll::Ready(part) = turn.as_mut().poll(cx) else { return Poll::Pending };
        (self.part, self.turn) = (part, None);
        Poll::Ready(())
    }
}

impl<S: Stream + Unpin> Stream for Frames<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        if this.poll_turn(cx).is_pending() {
            return Poll::Pending;
        }
        let inner = Pin::new(&mut this.inner);
        let polled = IDLE.sync_scope(Arc::clone(&this.idle), || inner.poll_next(cx));
        if polled.is_ready() || this.idle.load(Ordering::Relaxed) {
            this.part = None;
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use allhours_domain::ids::TenantId;
    use futures_util::{FutureExt as _, StreamExt as _};
    use tokio::sync::watch;
    use uuid::Uuid;

    use super::*;
    use crate::graphql::viewer::Role;

    fn viewer(number: u128) -> Viewer {
        let tenant = TenantId(Uuid::from_u128(1));
        Viewer { id: Uuid::from_u128(number), tenant, role: Role::Customer }
    }

    #[tokio::test]
    async fn documents_run_together_up_to_their_cost_and_wait_in_order_but_not_for_ever() {
        let under_way = UnderWay::new(8);
        let (one, two, three, four) = (viewer(1), viewer(2), viewer(3), viewer(4));
        let mut held = Vec::new();
        for viewer in [&one, &two, &three, &four] {
            held.push(under_way.begin(Some(viewer), 2).await.expect("there is room"));
        }
        let (five, six) = (viewer(5), viewer(6));
        let impatient = UnderWay { wait_max: Duration::from_millis(20), ..under_way.clone() };
        let denied = impatient.begin(Some(&five), 1).await.expect_err("there is none");
        assert!(matches!(denied, Denied(Code::Unavailable, _)));

        let large = tokio::spawn({
            let under_way = under_way.clone();
            async move { under_way.begin(Some(&five), 1_000).await }
        });
        tokio::task::yield_now().await;
        let small = tokio::spawn({
            let under_way = under_way.clone();
            async move { under_way.begin(Some(&six), 1).await.map(drop) }
        });
        tokio::task::yield_now().await;
        held.push(under_way.begin(None, 0).await.expect("it costs nothing"));
        assert!(!large.is_finished() && !small.is_finished());
        drop(held.remove(0));
        drop(large.await.expect("it ran").expect("it was first"));
        small.await.expect("it ran").expect("at last");
    }

    #[tokio::test]
    async fn subscriptions_have_a_share_while_they_make_a_frame_and_none_while_they_wait() {
        // Room for one frame of one person at a time.
        let under_way = UnderWay::new(4 * FRAME_COST_MIN);
        let one = viewer(1);
        let (happens, seen) = watch::channel(0);
        let follow = |mut seen: watch::Receiver<u32>| {
            let frames = async_stream::stream! {
                loop {
                    for_something(seen.changed()).await.expect("it goes on");
                    // Work that takes a while.
                    tokio::task::yield_now().await;
                    yield *seen.borrow();
                }
            };
            under_way.frames(Some(one.clone()), 1, Box::pin(frames))
        };
        let mut frames: Vec<_> = (0..3).map(|_| follow(seen.clone())).collect();
        for frames in &mut frames {
            assert!(frames.next().now_or_never().is_none());
        }
        let part = under_way.begin(Some(&one), FRAME_COST_MIN).await.expect("who waits has none");
        happens.send(1).expect("they follow");
        for frames in &mut frames {
            for _ in 0..9 {
                assert!(frames.next().now_or_never().is_none(), "it is not their turn");
            }
        }
        drop(part);
        for frames in &mut frames {
            assert_eq!(frames.next().await, Some(1));
        }
        under_way.begin(Some(&one), FRAME_COST_MIN).await.expect("all was given back");
    }
}
