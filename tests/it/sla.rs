//! By when a promise is due, against an oracle that counts minutes one by one.

use allhours_domain::sla::{Deadline, Hours, Promise, Why, explain, sla_deadline};
use allhours_tests::sla::{Case, agrees, cases};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// The hours of a case; none where its calendar is refused, since a night meets a day.
fn hours(case: &Case) -> Result<Option<Hours>, TestCaseError> {
    let hours = case.calendar.as_ref().map(Hours::of).transpose();
    hours.map_err(|refused| TestCaseError::reject(refused.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_promise_is_broken_at_the_very_minute_that_an_oracle_counts(case in cases()) {
        let hours = hours(&case)?;
        let found = sla_deadline(&case.promise(hours.as_ref()), &case.intervals);
        prop_assert!(agrees(&case, found), "{found:?}");
    }

    #[test]
    fn what_is_explained_is_all_of_the_intervals_and_counts_up_to_the_promise(case in cases()) {
        let hours = hours(&case)?;
        let promise = case.promise(hours.as_ref());
        let last = case.intervals.last().and_then(|it| it.until);
        let until = match sla_deadline(&promise, &case.intervals) {
            Deadline::At(due) => due,
            Deadline::Paused { .. } => last.expect("one that ends"),
            Deadline::Never => return Ok(()),
        };
        let told = explain(&promise, &case.intervals, until);
        let begin = case.intervals[0].from;
        prop_assert_eq!(told.first().map(|it| it.from), Some(begin));
        prop_assert_eq!(told.last().map(|it| it.until), Some(until));
        prop_assert!(told.windows(2).all(|pair| pair[0].until == pair[1].from));
        prop_assert!(told.iter().all(|it| it.from < it.until));
        let counted = told.iter().filter(|it| it.why == Why::Counted);
        let counted: SignedDuration = counted.map(|it| it.until.duration_since(it.from)).sum();
        let expected = match sla_deadline(&promise, &case.intervals) {
            Deadline::Paused { left } => case.within - left,
            Deadline::At(_) | Deadline::Never => case.within,
        };
        prop_assert_eq!(counted, expected);
    }

    #[test]
    fn a_promise_that_is_changed_applies_to_the_same_intervals_as_if_it_had_always_been(
        case in cases(),
        more in 1_i64..500,
    ) {
        let hours = hours(&case)?;
        let promise = case.promise(hours.as_ref());
        let longer = Promise { within: case.within + SignedDuration::from_mins(more), ..promise };
        let due = |promise: &Promise<'_>| match sla_deadline(promise, &case.intervals) {
            Deadline::At(due) => due,
            Deadline::Paused { .. } | Deadline::Never => Timestamp::MAX,
        };
        let (first, second) = (due(&promise), due(&longer));
        prop_assert!(first < second || first == Timestamp::MAX, "{first} {second}");
        prop_assert_eq!(due(&promise), first, "and changed back it is as it was");
    }
}
