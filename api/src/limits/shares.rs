//! Something that there is only so much of at once, shared out: nobody has more than a part of it,
//! so that who asks for much waits behind themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use allhours_domain::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::graphql::viewer::Viewer;

/// Nobody has more than this part of all.
const PERSON_PART: u32 = 4;

/// Who asks: in one tenant, what a token calls them by; none where nobody signed in.
type Person = Option<(TenantId, Uuid)>;
/// What each of those who ask has of their part; who asks for nothing is not remembered.
type Persons = Arc<Mutex<HashMap<Person, Arc<Semaphore>>>>;

/// What is shared out in this process.
#[derive(Debug, Clone)]
pub struct Shares {
    all: Arc<Semaphore>,
    persons: Persons,
    person_max: u32,
}

/// What somebody has of it, until it is dropped.
#[derive(Debug)]
pub struct Share {
    _permits: [OwnedSemaphorePermit; 2],
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

impl Shares {
    /// So much of it, and a quarter for one person.
    #[must_use]
    pub fn new(all: u64) -> Self {
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        Self {
            all: Arc::new(Semaphore::new(permits(all))),
            persons: Arc::default(),
            person_max: (all / PERSON_PART).max(1),
        }
    }

    /// Waits for a share, in the order of asking: first among those of the same person, then among
    /// all. More than a person's part is all of that part.
    pub async fn wait(&self, viewer: Option<&Viewer>, amount: u64) -> Option<Share> {
        let amount = self.at_most(amount);
        let (asking, own) = self.own(viewer);
        let own = own.acquire_many_owned(amount).await.ok()?;
        let all = Arc::clone(&self.all).acquire_many_owned(amount).await.ok()?;
        Some(Share { _permits: [all, own], _asking: asking })
    }

    /// The same, where there is one at once.
    #[must_use]
    pub fn take(&self, viewer: Option<&Viewer>, amount: u64) -> Option<Share> {
        let amount = self.at_most(amount);
        let (asking, own) = self.own(viewer);
        let own = own.try_acquire_many_owned(amount).ok()?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(amount).ok()?;
        Some(Share { _permits: [all, own], _asking: asking })
    }

    /// What is counted of an amount: no more than a person's part.
    #[must_use]
    pub fn at_most(&self, amount: u64) -> u32 {
        u32::try_from(amount).unwrap_or(u32::MAX).min(self.person_max)
    }

    fn own(&self, viewer: Option<&Viewer>) -> (Asking, Arc<Semaphore>) {
        let person = viewer.map(|viewer| (viewer.tenant, viewer.id));
        let mut persons = locked(&self.persons);
        let own = persons.entry(person);
        let own = own.or_insert_with(|| Arc::new(Semaphore::new(permits(self.person_max))));
        let own = Arc::clone(own);
        (Asking { persons: Arc::clone(&self.persons), person }, own)
    }
}

fn permits(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
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

    #[test]
    fn who_takes_much_leaves_others_theirs_and_is_not_remembered() {
        let shares = Shares::new(8);
        let (one, two) = (viewer(1), viewer(2));
        let share = shares.take(Some(&one), 1_000).expect("there is room");
        assert!(shares.take(Some(&one), 1).is_none(), "they have their part");
        let other = shares.take(Some(&two), 2).expect("others have theirs");
        assert_eq!(locked(&shares.persons).len(), 2);
        drop((share, other));
        assert!(locked(&shares.persons).is_empty());
        shares.take(Some(&one), 2).expect("given back");
    }
}
