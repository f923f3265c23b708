//! How often and how much: requests of one token, of one tenant, and from one address; and what
//! the documents of one token cost, see [`budget`].

pub mod budget;
pub mod shares;

use std::{
    fmt,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use allhours_domain::ids::TenantId;
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

pub use self::budget::Budget;
use self::budget::Budgets;
use crate::{auth::Authenticated, config::Limits};

/// After how many questions what is no longer needed is dropped.
const SWEEP_EVERY: u32 = 10_000;
/// The smallest burst.
const BURST_MIN: u32 = 50;

/// Too often; ask again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; try again in {retry_after_s} s")]
pub struct TooMany {
    /// When another request would be let through, in seconds, at least 1.
    pub retry_after_s: u64,
}

struct Limit<K: Hash + Eq + Clone>(Option<DefaultKeyedRateLimiter<K>>);

impl<K: Hash + Eq + Clone> Limit<K> {
    /// `burst_min` may come at once, or a tenth of a minute's worth where that is more.
    fn new(per_minute: u32, burst_min: u32) -> Self {
        let burst = NonZeroU32::new((per_minute / 10).max(burst_min).min(per_minute.max(1)));
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        Self(
            quota
                .zip(burst)
                .map(|(quota, burst)| DefaultKeyedRateLimiter::keyed(quota.allow_burst(burst))),
        )
    }

    fn check(&self, key: &K) -> Result<(), TooMany> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(key).map_err(|until| {
            let wait: Duration = until.wait_time_from(limiter.clock().now());
            TooMany { retry_after_s: wait.as_secs().saturating_add(1) }
        })
    }

    fn sweep(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
        }
    }
}

/// The limits of one process.
pub struct RateLimits {
    token: Limit<[u8; 16]>,
    tenant: Limit<TenantId>,
    address: Limit<IpAddr>,
    refused: Limit<IpAddr>,
    budgets: Option<Arc<Budgets>>,
    asked: AtomicU32,
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateLimits").finish_non_exhaustive()
    }
}

impl RateLimits {
    /// As the settings say; `cost_max` is what one document may cost.
    #[must_use]
    pub fn new(limits: &Limits, cost_max: u64) -> Self {
        Self {
            token: Limit::new(limits.token_per_minute, BURST_MIN),
            tenant: Limit::new(limits.tenant_per_minute, BURST_MIN),
            address: Limit::new(limits.address_per_minute, BURST_MIN),
            refused: Limit::new(limits.refused_tokens_per_minute, 1),
            budgets: Budgets::new(limits.token_cost_per_minute, cost_max),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts a request from an address, before anything is known of who asks.
    ///
    /// # Errors
    ///
    /// Too many.
    pub fn from_address(&self, address: IpAddr) -> Result<(), TooMany> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            self.token.sweep();
            self.tenant.sweep();
            self.address.sweep();
            self.refused.sweep();
            self.budgets.iter().for_each(|budgets| budgets.sweep());
        }
        self.address.check(&address)
    }

    /// Counts an operation of somebody.
    ///
    /// # Errors
    ///
    /// Too many.
    pub fn of(&self, who: &Authenticated) -> Result<(), TooMany> {
        self.token.check(&who.token)?;
        self.tenant.check(&who.viewer.tenant)
    }

    /// What the documents of somebody may still cost; none where there is no limit.
    #[must_use]
    pub fn budget(&self, who: &Authenticated) -> Option<Budget> {
        self.budgets.as_ref().map(|budgets| budgets.of(who.token))
    }

    /// Counts a refused token.
    ///
    /// # Errors
    ///
    /// Too many: somebody tries tokens.
    pub fn refused_token(&self, address: IpAddr) -> Result<(), TooMany> {
        self.refused.check(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_burst_a_caller_is_told_when_to_come_back_and_others_are_let_in() {
        let limit = Limit::new(600, 1);
        let let_in = (0..100).filter(|_| limit.check(&1).is_ok()).count();
        assert_eq!(let_in, 60);
        assert_eq!(limit.check(&1), Err(TooMany { retry_after_s: 1 }));
        assert_eq!(limit.check(&2), Ok(()));
    }

    #[test]
    fn zero_means_no_limit() {
        let limit = Limit::new(0, 1);
        assert!((0..10_000).all(|_| limit.check(&1).is_ok()));
    }
}
