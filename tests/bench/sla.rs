//! How fast it is known when a promise is broken, and whether an oracle counts the same.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use allhours_domain::sla::{Hours, sla_deadline};
use allhours_tests::sla::{Case, agrees, cases};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use crate::figures::Figure;

/// How many cases, where `BENCH_CASES` does not say otherwise.
const CASES: usize = 1_000_000;
/// How many of them are kept to be reckoned again and again.
const KEPT: usize = 10_000;

/// All on one thread.
pub fn run(seconds: u64) -> Vec<Figure> {
    let asked = std::env::var("BENCH_CASES").ok().and_then(|it| it.parse().ok());
    let wanted = asked.unwrap_or(CASES);
    let mut runner = TestRunner::deterministic();
    let strategy = cases();
    let mut kept: Vec<(Case, Option<Hours>)> = Vec::new();
    let (mut tried, mut different) = (0, 0);
    while tried < wanted {
        let case = strategy.new_tree(&mut runner).expect("a case").current();
        // Some nights meet a day and are refused.
        let Ok(hours) = case.calendar.as_ref().map(Hours::of).transpose() else { continue };
        let found = sla_deadline(&case.promise(hours.as_ref()), &case.intervals);
        different += usize::from(!agrees(&case, found));
        tried += 1;
        if kept.len() < KEPT {
            kept.push((case, hours));
        }
    }
    vec![oracle(tried, different), rate(&kept, Duration::from_secs(seconds))]
}

fn oracle(tried: usize, different: usize) -> Figure {
    Figure {
        what: "`sla_deadline` against an oracle that counts minutes".to_owned(),
        ours: format!("{different} of {tried} random cases differ"),
        peer: String::new(),
        ratio: None,
        goal: "0 of 1,000,000",
        met: different == 0 && tried >= CASES,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of some seconds fit")]
fn rate(kept: &[(Case, Option<Hours>)], time: Duration) -> Figure {
    let begun = Instant::now();
    let mut reckoned = 0_u64;
    while begun.elapsed() < time {
        for (case, hours) in kept {
            black_box(sla_deadline(&case.promise(hours.as_ref()), &case.intervals));
            reckoned += 1;
        }
    }
    let rate = reckoned as f64 / begun.elapsed().as_secs_f64();
    Figure {
        what: "`sla_deadline`, one core, the calendar made ready".to_owned(),
        ours: format!("{rate:.0}/s"),
        peer: String::new(),
        ratio: None,
        goal: ">= 200,000/s",
        met: rate >= 200_000.0,
    }
}
