//! When a promise is broken, and what counted until then.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hours::{Hours, Stretch, micros};

/// Whose turn it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The desk's.
    Desk,
    /// The customer has to answer.
    WaitingOnCustomer,
    /// Somebody outside both has.
    WaitingOnThirdParty,
    /// It was put aside.
    Snoozed,
}

/// A stretch of an episode in which it was the same one's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// From this instant on.
    pub from: Timestamp,
    /// Up to this instant; none for the one that goes on.
    pub until: Option<Timestamp>,
    /// Whose turn.
    pub state: State,
}

/// What was promised for one episode.
#[derive(Debug, Clone)]
pub struct Promise<'a> {
    /// How long it may take.
    pub within: SignedDuration,
    /// Within which hours time counts; none for all.
    pub hours: Option<&'a Hours>,
    /// In which states the clock stands still.
    pub paused_in: &'a [State],
}

/// When time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// At this instant.
    At(Timestamp),
    /// Nobody can say yet: the clock stands still, with so much left.
    Paused {
        /// How much.
        left: SignedDuration,
    },
    /// Never: the calendar is not open again for long enough, or it is beyond all time.
    Never,
}

/// Why a stretch counted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was the desk's turn, and the desk was open.
    Counted,
    /// The desk was closed, as on each such weekday.
    Closed,
    /// The desk was closed on a day that is not as its weekday; the number of that exception.
    ClosedOn(usize),
    /// The clock stood still, since it was somebody else's turn.
    Paused(State),
}

/// A stretch, and whether it counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// From this instant on.
    pub from: Timestamp,
    /// Up to this instant.
    pub until: Timestamp,
    /// Whether it counted, and if not, why.
    pub why: Why,
}

/// The instant at which a promise is broken: the first at which as much time has counted as was
/// promised. Intervals are in order and share no instant; what lies between two does not count.
#[must_use]
pub fn sla_deadline(promise: &Promise<'_>, intervals: &[Interval]) -> Deadline {
    let mut left_us = micros_of(promise.within);
    let mut goes_on = false;
    for interval in intervals.iter().filter(|it| promise.counts_in(it.state)) {
        let (from_us, until_us) = bounds(interval);
        goes_on = interval.until.is_none();
        match promise.hours {
            None if until_us.saturating_sub(from_us) >= left_us => {
                return at(from_us.saturating_add(left_us));
            }
            None => left_us -= (until_us - from_us).max(0),
            Some(hours) => {
                for (open_us, close_us) in within(hours, (from_us, until_us)) {
                    if close_us - open_us >= left_us {
                        return at(open_us + left_us);
                    }
                    left_us -= close_us - open_us;
                }
            }
        }
    }
    if goes_on {
        Deadline::Never
    } else {
        Deadline::Paused { left: SignedDuration::from_micros(left_us) }
    }
}

/// Every stretch of the intervals up to `until`, with whether it counted; together they are the
/// intervals, none is empty.
#[must_use]
pub fn explain(promise: &Promise<'_>, intervals: &[Interval], until: Timestamp) -> Vec<Counted> {
    let mut told = Vec::new();
    for interval in intervals {
        let (from_us, until_us) = bounds(interval);
        let until_us = until_us.min(micros(until));
        if !promise.counts_in(interval.state) {
            tell(&mut told, (from_us, until_us), Why::Paused(interval.state));
            continue;
        }
        let Some(hours) = promise.hours else {
            tell(&mut told, (from_us, until_us), Why::Counted);
            continue;
        };
        let mut done_us = from_us;
        for (open_us, close_us) in within(hours, (from_us, until_us)) {
            tell_closed(&mut told, hours, (done_us, open_us));
            tell(&mut told, (open_us, close_us), Why::Counted);
            done_us = close_us;
        }
        tell_closed(&mut told, hours, (done_us, until_us));
    }
    told
}

impl Promise<'_> {
    fn counts_in(&self, state: State) -> bool {
        !self.paused_in.contains(&state)
    }
}

/// The open stretches within a stretch.
fn within(hours: &Hours, (from_us, until_us): Stretch) -> impl Iterator<Item = Stretch> + '_ {
    hours
        .open_after(from_us)
        .take_while(move |(open_us, _)| *open_us < until_us)
        .map(move |(open_us, close_us)| (open_us, close_us.min(until_us)))
}

/// Tells of a stretch outside the hours, day by day where days differ.
fn tell_closed(told: &mut Vec<Counted>, hours: &Hours, (mut from_us, until_us): Stretch) {
    while from_us < until_us {
        let end_us = hours.next_day(from_us).min(until_us);
        let why = hours.exception_at(from_us).map_or(Why::Closed, Why::ClosedOn);
        tell(told, (from_us, end_us), why);
        from_us = end_us;
    }
}

/// Adds a stretch, to the one before it where that is of the same kind and ends there.
fn tell(told: &mut Vec<Counted>, (from_us, until_us): Stretch, why: Why) {
    if from_us >= until_us {
        return;
    }
    let (from, until) = (timestamp(from_us), timestamp(until_us));
    match told.last_mut() {
        Some(last) if last.why == why && last.until == from => last.until = until,
        Some(_) | None => told.push(Counted { from, until, why }),
    }
}

fn bounds(interval: &Interval) -> Stretch {
    (micros(interval.from), interval.until.map_or(i64::MAX, micros))
}

fn micros_of(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn at(at_us: i64) -> Deadline {
    Timestamp::from_microsecond(at_us).map_or(Deadline::Never, Deadline::At)
}

/// Beyond what can be said, the last instant that can.
fn timestamp(at_us: i64) -> Timestamp {
    Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::MAX)
}
