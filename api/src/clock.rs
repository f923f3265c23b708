//! The only caller of `now()` and maker of ids: time and chance enter the program here.

use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

/// The time of day.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// An instant to measure durations from; never goes back.
#[must_use]
pub fn instant() -> Instant {
    Instant::now()
}

/// A new id that sorts by the time it was made (UUID version 7).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// The id that belongs to `name` within `space`: the same whenever it is asked for.
#[must_use]
pub fn derived_id(space: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&space, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later() {
        let ids: Vec<Uuid> = (0..1_000).map(|_| new_id()).collect();
        assert!(ids.is_sorted(), "{ids:?}");
    }

    #[test]
    fn a_derived_id_is_the_same_each_time() {
        let space = Uuid::from_u128(7);
        assert_eq!(derived_id(space, "a"), derived_id(space, "a"));
        assert_ne!(derived_id(space, "a"), derived_id(space, "b"));
    }
}
