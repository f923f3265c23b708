//! How much may be carried out at once. What a document reads is held while it is carried out, so
//! that what all together hold follows from what they cost. What is written and not sent yet is
//! counted elsewhere, by its bytes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use allhours_domain::ids::TenantId;
use metrics::{Gauge, gauge};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};
use uuid::Uuid;

use super::Denied;
use crate::graphql::{error::Code, viewer::Viewer};

/// How long a document waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Nobody has more than this part of it, so that who asks for much waits behind themselves.
const PERSON_PART: u32 = 4;

/// Who asks: in one tenant, what a token calls them by; none where nobody signed in.
type Person = Option<(TenantId, Uuid)>;
/// What each of those who ask has of their part; who asks for nothing is not remembered.
type Persons = Arc<Mutex<HashMap<Person, Arc<Semaphore>>>>;

/// What is carried out in this process.
#[derive(Debug, Clone)]
pub struct UnderWay {
    all: Arc<Semaphore>,
    persons: Persons,
    person_max: u32,
    wait_max: Duration,
}

/// What one document has of it, until it is dropped.
#[derive(Debug)]
pub struct Part {
    _permits: [OwnedSemaphorePermit; 2],
    _told: Told,
    _asking: Asking,
}

/// Somebody asks; dropped after what they hold.
#[derive(Debug)]
struct Asking {
    persons: Persons,
    person: Person,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut persons = locked(&self.persons);
        // Whoever waits or holds has a reference of their own.
        if persons.get(&self.person).is_some_and(|own| Arc::strong_count(own) == 1) {
            persons.remove(&self.person);
        }
    }
}

/// What is told at `/metrics`.
#[derive(Debug)]
struct Told(f64);

impl Told {
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
        let cost_max = u32::try_from(cost_max).unwrap_or(u32::MAX);
        let permits = usize::try_from(cost_max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(permits)),
            persons: Arc::default(),
            person_max: (cost_max / PERSON_PART).max(1),
            wait_max: WAIT_MAX,
        }
    }

    /// Waits for a document's turn, in the order of asking: first among those of the same person,
    /// then among all. One that costs more than a person's part takes all of that part.
    pub(in crate::graphql) async fn begin(
        &self,
        viewer: Option<&Viewer>,
        cost: u64,
    ) -> Result<Part, Denied> {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX).min(self.person_max);
        let person = viewer.map(|viewer| (viewer.tenant, viewer.id));
        let (asking, own) = self.own(person);
        let all = Arc::clone(&self.all);
        let turn = async {
            let own = own.acquire_many_owned(cost).await.ok()?;
            Some([all.acquire_many_owned(cost).await.ok()?, own])
        };
        let Ok(Some(permits)) = time::timeout(self.wait_max, turn).await else {
            let message = "more is being read than fits; try again in a moment".to_owned();
            return Err(Denied(Code::Unavailable, message));
        };
        let told = Told(f64::from(cost));
        Told::gauge().increment(told.0);
        Ok(Part { _permits: permits, _told: told, _asking: asking })
    }

    fn own(&self, person: Person) -> (Asking, Arc<Semaphore>) {
        let permits = usize::try_from(self.person_max).unwrap_or(usize::MAX);
        let permits = permits.min(Semaphore::MAX_PERMITS);
        let mut persons = locked(&self.persons);
        let own = persons.entry(person).or_insert_with(|| Arc::new(Semaphore::new(permits)));
        let own = Arc::clone(own);
        (Asking { persons: Arc::clone(&self.persons), person }, own)
    }
}

fn locked(
    persons: &Mutex<HashMap<Person, Arc<Semaphore>>>,
) -> MutexGuard<'_, HashMap<Person, Arc<Semaphore>>> {
    persons.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
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
    async fn who_asks_for_much_waits_behind_themselves_and_is_not_remembered() {
        let under_way = UnderWay::new(8);
        let impatient = UnderWay { wait_max: Duration::from_millis(20), ..under_way.clone() };
        let (one, two) = (viewer(1), viewer(2));
        let part = under_way.begin(Some(&one), 1_000).await.expect("there is room");
        impatient.begin(Some(&one), 1).await.expect_err("they have their part");
        let other = impatient.begin(Some(&two), 2).await.expect("others have theirs");
        assert_eq!(locked(&under_way.persons).len(), 2);
        drop((part, other));
        assert!(locked(&under_way.persons).is_empty());
    }
}
