//! How much: what a token's documents may cost, as a store that fills up again by the second.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::clock;

/// Which token: the first half of its SHA-256.
type Token = [u8; 16];

/// What is asked costs more than is left; ask again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this costs more than is left for now; try again in {retry_after_s} s")]
pub struct Spent {
    /// When there would be enough, in seconds, at least 1.
    pub retry_after_s: u64,
}

/// How much somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// How much they may ask at once after a pause.
    pub maximum: u64,
    /// How much they may ask at once now.
    pub available: u64,
    /// How much comes back every second.
    pub restored_per_s: f64,
}

#[derive(Debug, Clone, Copy)]
struct Store {
    available: f64,
    at: Instant,
}

/// The stores of all tokens. One that was full again is forgotten.
#[derive(Debug)]
pub struct Budgets {
    restored_per_s: f64,
    maximum: u32,
    stores: Mutex<HashMap<Token, Store>>,
}

impl Budgets {
    /// With so much a minute for each token; none where that is 0. A tenth of it may be asked at
    /// once, and always as much as one document may cost.
    #[must_use]
    pub fn new(per_minute: u32, cost_max: u64) -> Option<Arc<Self>> {
        let document = u32::try_from(cost_max).unwrap_or(u32::MAX);
        (per_minute > 0).then(|| {
            Arc::new(Self {
                restored_per_s: f64::from(per_minute) / 60.0,
                maximum: (per_minute / 10).max(document),
                stores: Mutex::default(),
            })
        })
    }

    /// What is left for a token.
    #[must_use]
    pub fn of(self: &Arc<Self>, token: Token) -> Budget {
        Budget { budgets: Arc::clone(self), token }
    }

    /// Forgets the stores that are full.
    pub fn sweep(&self) {
        let now = clock::instant();
        let is_full = |store: &Store| self.filled(*store, now) >= f64::from(self.maximum);
        self.stores().retain(|_, store| !is_full(store));
    }

    fn stores(&self) -> MutexGuard<'_, HashMap<Token, Store>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in a store by now.
    fn filled(&self, store: Store, now: Instant) -> f64 {
        let passed_s = now.saturating_duration_since(store.at).as_secs_f64();
        (store.available + passed_s * self.restored_per_s).min(f64::from(self.maximum))
    }

    fn take(&self, token: Token, cost: u64, now: Instant) -> Result<(), Spent> {
        let cost = f64::from(u32::try_from(cost).unwrap_or(u32::MAX));
        let mut stores = self.stores();
        let full = Store { available: f64::from(self.maximum), at: now };
        let store = stores.entry(token).or_insert(full);
        let available = self.filled(*store, now);
        if available < cost {
            let wait_s = ((cost - available) / self.restored_per_s).ceil();
            return Err(Spent { retry_after_s: whole(wait_s).max(1) });
        }
        *store = Store { available: available - cost, at: now };
        Ok(())
    }

    fn settle(&self, token: Token, unused: u64, now: Instant) -> Throttle {
        let unused = f64::from(u32::try_from(unused).unwrap_or(u32::MAX));
        let mut stores = self.stores();
        let maximum = f64::from(self.maximum);
        let mut available = maximum;
        // One that was forgotten meanwhile is full.
        if let Some(store) = stores.get_mut(&token) {
            available = (self.filled(*store, now) + unused).min(maximum);
            *store = Store { available, at: now };
        }
        Throttle {
            maximum: self.maximum.into(),
            available: whole(available),
            restored_per_s: self.restored_per_s,
        }
    }
}

/// The whole part of what is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "both are meant: of a store at most a u32's worth, of a wait the largest there is"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// What one token may still ask; goes with a request.
#[derive(Clone)]
pub struct Budget {
    budgets: Arc<Budgets>,
    token: Token,
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Budget {
    /// Takes what a document may cost at most.
    ///
    /// # Errors
    ///
    /// There is less.
    pub fn take(&self, cost: u64) -> Result<(), Spent> {
        self.budgets.take(self.token, cost, clock::instant())
    }

    /// Gives back what an answer did not use; says what is left.
    #[must_use]
    pub fn settle(&self, unused: u64) -> Throttle {
        self.budgets.settle(self.token, unused, clock::instant())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ME: Token = [1; 16];

    #[test]
    fn what_is_used_comes_back_by_the_second_and_what_is_not_used_at_once() {
        let budgets = Budgets::new(600, 50).unwrap();
        let now = clock::instant();
        assert_eq!(budgets.take(ME, 60, now), Ok(()));
        assert_eq!(budgets.take(ME, 25, now), Err(Spent { retry_after_s: 3 }));
        let left = budgets.settle(ME, 40, now);
        assert_eq!(left, Throttle { maximum: 60, available: 40, restored_per_s: 10.0 });
        assert_eq!(budgets.take(ME, 40, now), Ok(()));
        let later = now + Duration::from_secs(2);
        assert_eq!(budgets.take(ME, 21, later), Err(Spent { retry_after_s: 1 }));
        assert_eq!(budgets.take(ME, 20, later), Ok(()));
        assert_eq!(budgets.take([2; 16], 60, later), Ok(()), "others have their own");
    }

    #[test]
    fn a_store_holds_no_more_than_its_maximum_and_at_least_one_document() {
        let budgets = Budgets::new(60, 1_000).unwrap();
        let now = clock::instant();
        assert_eq!(budgets.take(ME, 1_000, now), Ok(()));
        let later = now + Duration::from_hours(1);
        assert_eq!(budgets.settle(ME, 1_000, later).available, 1_000);
        assert!(budgets.take(ME, 1_001, later).is_err());
    }

    #[test]
    fn stores_that_are_full_are_forgotten_and_no_limit_is_none() {
        let budgets = Budgets::new(60, 10).unwrap();
        budgets.of(ME).take(10).unwrap();
        budgets.of([2; 16]).take(0).unwrap();
        budgets.sweep();
        assert_eq!(budgets.stores().keys().collect::<Vec<_>>(), [&ME]);
        assert!(Budgets::new(0, 10).is_none());
    }
}
