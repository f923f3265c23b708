//! Gathering what one pass over a request asks for.
//!
//! All resolvers of a request run within one task. Each pass polls every one of them that can
//! go on; those that need a row say so and wait. Once the pass is through, one question is asked
//! for all of them, and they all go on in the same later pass. So how many statements a document
//! takes follows from its form alone, not from the number of rows and not from luck with time.

use std::{
    collections::{HashMap, HashSet},
    future::{Future, poll_fn},
    hash::Hash,
    mem::take,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use async_graphql::{Error, dataloader::Loader};
use futures_util::{
    StreamExt as _, future::BoxFuture, stream::FuturesUnordered, task::AtomicWaker,
};

tokio::task_local! {
    /// Where the pass under way puts the questions that it begins.
    static BEGUN: Begun;
}

/// Questions that wait for the end of the pass.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what is carried on wants to go on. Lists of many rows stop half way through a pass and
/// ask at once to be called again: only when nobody asks any more is the pass through.
#[derive(Default)]
struct Nudged {
    woken: AtomicBool,
    at_it: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Nudged {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.at_it.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

/// After so many turns others get theirs.
const TURNS_MAX: u32 = 256;

/// Carries on with `inner` pass by pass, and asks what its passes want to know.
pub async fn in_rounds<F: Future>(inner: F) -> F::Output {
    let begun = Begun::default();
    let mut inner = pin!(BEGUN.scope(begun.clone(), inner));
    let mut asked = FuturesUnordered::new();
    let nudged = Arc::new(Nudged { woken: AtomicBool::new(true), ..Nudged::default() });
    let waker = Waker::from(nudged.clone());
    poll_fn(|cx| {
        nudged.task.register(cx.waker());
        for _ in 0..TURNS_MAX {
            // An answer wakes all who wait for it before any of them goes on.
            while let Poll::Ready(Some(())) = asked.poll_next_unpin(cx) {}
            if nudged.woken.swap(false, Ordering::SeqCst) {
                nudged.at_it.store(true, Ordering::SeqCst);
                let polled = inner.as_mut().poll(&mut Context::from_waker(&waker));
                nudged.at_it.store(false, Ordering::SeqCst);
                if let Poll::Ready(output) = polled {
                    return Poll::Ready(output);
                }
                continue;
            }
            let begun = take(&mut *locked(&begun.0));
            if begun.is_empty() {
                return Poll::Pending;
            }
            asked.extend(begun);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// One question for many, and those who wait for its answer.
struct Batch<K, V> {
    keys: Mutex<HashSet<K>>,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    answer: Option<Result<HashMap<K, V>, Error>>,
    waiting: Vec<Waker>,
}

impl<K: Hash + Eq, V: Clone> Batch<K, V> {
    fn new() -> Self {
        let state = State { answer: None, waiting: Vec::new() };
        Self { keys: Mutex::default(), state: Mutex::new(state) }
    }

    fn finish(&self, answer: Result<HashMap<K, V>, Error>) {
        let mut state = locked(&self.state);
        state.answer = Some(answer);
        let waiting = take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &Context<'_>, key: &K, place: &mut Option<usize>) -> Answered<V> {
        let mut state = locked(&self.state);
        if let Some(answer) = &state.answer {
            let found = answer.as_ref().map(|found| found.get(key).cloned());
            return Poll::Ready(found.map_err(Clone::clone));
        }
        if let Some(place) = *place {
            state.waiting[place].clone_from(cx.waker());
        } else {
            *place = Some(state.waiting.len());
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

type Answered<V> = Poll<Result<Option<V>, Error>>;

/// The question that others may still join, if one waits for the end of the pass.
type Open<K, V> = Arc<Mutex<Weak<Batch<K, V>>>>;

/// Rows by key, asked for together.
pub struct Batched<L: Loader<K>, K: Send + Sync + Hash + Eq + Clone + 'static> {
    loader: Arc<L>,
    open: Open<K, L::Value>,
}

impl<L, K> Batched<L, K>
where
    L: Loader<K, Error = Error>,
    K: Send + Sync + Hash + Eq + Clone + 'static,
{
    /// Loaded by this.
    #[must_use]
    pub fn new(loader: L) -> Self {
        Self { loader: Arc::new(loader), open: Arc::default() }
    }

    /// The row of a key, if there is one; asked for together with the others of its pass.
    ///
    /// # Errors
    ///
    /// What the loader says.
    pub async fn load_one(&self, key: K) -> Result<Option<L::Value>, Error> {
        let Ok(begun) = BEGUN.try_with(Clone::clone) else {
            // Nobody carries this on in passes.
            return Ok(self.loader.load(std::slice::from_ref(&key)).await?.remove(&key));
        };
        let batch = self.joined(&begun, key.clone());
        let mut place = None;
        poll_fn(|cx| batch.poll(cx, &key, &mut place)).await
    }

    /// The question of this pass, which asks for this key as well.
    fn joined(&self, begun: &Begun, key: K) -> Arc<Batch<K, L::Value>> {
        let mut open = locked(&self.open);
        let batch = open.upgrade().unwrap_or_else(|| {
            let batch = Arc::new(Batch::new());
            *open = Arc::downgrade(&batch);
            locked(&begun.0).push(Box::pin(self.asking(batch.clone())));
            batch
        });
        locked(&batch.keys).insert(key);
        batch
    }

    fn asking(&self, batch: Arc<Batch<K, L::Value>>) -> impl Future<Output = ()> + use<L, K> {
        let (loader, open) = (self.loader.clone(), self.open.clone());
        async move {
            // The pass is through: whoever comes later asks anew.
            *locked(&open) = Weak::new();
            let keys: Vec<K> = take(&mut *locked(&batch.keys)).into_iter().collect();
            batch.finish(loader.load(&keys).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::async_trait::async_trait;
    use futures_util::future::{join_all, try_join_all};

    use super::*;

    /// Doubles numbers, and says how many it was asked for at once.
    struct Doubled(Arc<Mutex<Vec<usize>>>);

    #[async_trait]
    impl Loader<u32> for Doubled {
        type Value = u32;
        type Error = Error;

        async fn load(&self, keys: &[u32]) -> Result<HashMap<u32, u32>, Error> {
            locked(&self.0).push(keys.len());
            tokio::task::yield_now().await;
            if keys.contains(&4_040) {
                return Err(Error::new("there is none"));
            }
            Ok(keys.iter().filter(|key| **key < 1_000).map(|key| (*key, key * 2)).collect())
        }
    }

    type Doubles = (Batched<Doubled, u32>, Arc<Mutex<Vec<usize>>>);

    fn doubles() -> Doubles {
        let asked = Arc::default();
        (Batched::new(Doubled(Arc::clone(&asked))), asked)
    }

    #[tokio::test]
    async fn one_question_is_asked_for_all_of_a_level_however_many_they_are() {
        for rows in [1, 5, 50, 500] {
            let (doubles, asked) = doubles();
            // As objects ask for their fields, one set for each.
            let row = async |number: u32| {
                let mut fields = FuturesUnordered::from_iter([doubles.load_one(number)]);
                let double = fields.next().await.transpose()?.flatten().unwrap_or_default();
                doubles.load_one(double % 100).await
            };
            let found = in_rounds(try_join_all((0..rows).map(row))).await.expect("numbers");
            assert!(found.iter().all(Option::is_some), "{found:?}");
            assert_eq!(asked.lock().expect("whole").len(), 2, "{rows} rows");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_none_and_a_failure_is_everybodys() {
        let (doubles, _) = doubles();
        let found = in_rounds(join_all([1, 5_000].map(|key| doubles.load_one(key)))).await;
        assert_eq!(
            found.into_iter().map(|it| it.ok().flatten()).collect::<Vec<_>>(),
            [Some(2), None]
        );
        let failed = in_rounds(join_all([1, 4_040].map(|key| doubles.load_one(key)))).await;
        assert!(failed.iter().all(Result::is_err));
    }

    #[tokio::test]
    async fn who_gave_up_waiting_leaves_nothing_behind_that_others_wait_for() {
        let (doubles, _) = doubles();
        let impatient = poll_fn(|cx| {
            let mut waits = Box::pin(doubles.load_one(1));
            assert!(waits.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        });
        in_rounds(impatient).await;
        assert_eq!(in_rounds(doubles.load_one(2)).await.expect("a number"), Some(4));
        assert_eq!(doubles.load_one(3).await.expect("a number"), Some(6), "without passes");
    }
}
