//! Places for sockets and event streams: so many in the process, for one tenant, for one person.
//!
//! A place is taken when a connection comes and given back when it ends, however it ends. Whose it
//! is shows only once somebody has signed in; what is taken then is a seat.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use allhours_domain::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{config::Subscriptions, graphql::viewer::Viewer};

/// After how many seconds to try again, as whoever finds no place is told.
pub const RETRY_AFTER_S: u64 = 5;

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum Full {
    /// For anybody.
    Process,
    /// For anybody of this tenant.
    Tenant,
    /// For this person.
    Person,
}

impl Full {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Process, Self::Tenant, Self::Person];

    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Process => "there are too many open sockets and streams",
            Self::Tenant => "this tenant has too many open sockets and streams",
            Self::Person => "you have too many open sockets and streams",
        }
    }

    /// What it is called where it is counted.
    #[must_use]
    pub fn limit(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Tenant => "tenant",
            Self::Person => "person",
        }
    }

    /// Counts the refusal.
    fn told(self) -> Self {
        metrics::counter!("allhours_connections_refused_total", "limit" => self.limit())
            .increment(1);
        self
    }
}

/// Whose connections are counted together: in one tenant, what a token calls them by.
type Person = (TenantId, Uuid);

/// All places of one process.
#[derive(Debug)]
pub struct Places {
    all: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
    tenant_max: usize,
    person_max: usize,
}

/// How many are held by whom; who holds none is not remembered.
#[derive(Debug, Default)]
struct Held {
    tenants: HashMap<TenantId, usize>,
    persons: HashMap<Person, usize>,
}

/// A place of the process; given back when it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

/// A place of somebody; given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    held: Arc<Mutex<Held>>,
    person: Person,
}

impl Places {
    /// As the settings say.
    #[must_use]
    pub fn new(settings: &Subscriptions) -> Self {
        Self {
            all: Arc::new(Semaphore::new(settings.connections_max)),
            held: Arc::default(),
            tenant_max: settings.tenant_connections_max,
            person_max: settings.person_connections_max,
        }
    }

    /// A place for whoever comes.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn take(&self) -> Result<Place, Full> {
        let place = Arc::clone(&self.all).try_acquire_owned();
        place.map(Place).map_err(|_| Full::Process.told())
    }

    /// A seat for somebody who has signed in.
    ///
    /// # Errors
    ///
    /// They, or their tenant, hold as many as may be.
    pub fn seat(&self, viewer: &Viewer) -> Result<Seat, Full> {
        let person = (viewer.tenant, viewer.id);
        let mut held = locked(&self.held);
        if count(&held.persons, &person) >= self.person_max {
            return Err(Full::Person.told());
        }
        if count(&held.tenants, &viewer.tenant) >= self.tenant_max {
            return Err(Full::Tenant.told());
        }
        *held.persons.entry(person).or_default() += 1;
        *held.tenants.entry(viewer.tenant).or_default() += 1;
        Ok(Seat { held: Arc::clone(&self.held), person })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = locked(&self.held);
        give_back(&mut held.persons, self.person);
        give_back(&mut held.tenants, self.person.0);
    }
}

fn locked(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count<K: Hash + Eq>(held: &HashMap<K, usize>, key: &K) -> usize {
    held.get(key).copied().unwrap_or_default()
}

fn give_back<K: Hash + Eq>(held: &mut HashMap<K, usize>, key: K) {
    let left = count(held, &key).saturating_sub(1);
    if left == 0 {
        held.remove(&key);
    } else {
        held.insert(key, left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, graphql::viewer::Role};

    fn places(process: usize, tenant: usize, person: usize) -> Places {
        let settings = config::load(&config::Overrides::default(), &[]).expect("the defaults");
        Places::new(&Subscriptions {
            connections_max: process,
            tenant_connections_max: tenant,
            person_connections_max: person,
            ..settings.subscriptions
        })
    }

    fn viewer(tenant: u128, id: u128) -> Viewer {
        let tenant = TenantId(Uuid::from_u128(tenant));
        Viewer { tenant, role: Role::Agent, id: Uuid::from_u128(id) }
    }

    #[test]
    fn one_person_who_holds_all_of_theirs_leaves_those_of_others() {
        let places = places(9, 9, 2);
        let held: Vec<_> = (0..2).map(|_| places.seat(&viewer(1, 1)).expect("a seat")).collect();
        assert_eq!(places.seat(&viewer(1, 1)).err(), Some(Full::Person));
        places.seat(&viewer(1, 2)).expect("another person");
        places.seat(&viewer(2, 1)).expect("the same name elsewhere");
        drop(held);
        places.seat(&viewer(1, 1)).expect("given back");
    }

    #[test]
    fn one_tenant_that_holds_all_of_its_own_leaves_those_of_others() {
        let places = places(9, 2, 2);
        let held = [1, 2].map(|id| places.seat(&viewer(1, id)).expect("a seat"));
        assert_eq!(places.seat(&viewer(1, 3)).err(), Some(Full::Tenant));
        places.seat(&viewer(2, 3)).expect("another tenant");
        drop(held);
        places.seat(&viewer(1, 3)).expect("given back");
    }

    #[test]
    fn who_holds_nothing_is_not_remembered() {
        let places = places(9, 9, 9);
        drop((0..5).map(|id| places.seat(&viewer(id, id)).expect("a seat")).collect::<Vec<_>>());
        let held = locked(&places.held);
        assert!(held.persons.is_empty() && held.tenants.is_empty());
    }

    #[test]
    fn a_process_has_so_many_places() {
        let places = places(1, 9, 9);
        let place = places.take().expect("a place");
        assert_eq!(places.take().err(), Some(Full::Process));
        drop(place);
        places.take().expect("given back");
    }
}
