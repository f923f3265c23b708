//! A calendar made ready for reckoning: which stretches of time it is open, as instants.
//!
//! The zone's offsets are laid out once, from 1970 to the end of 2199. Between two changes of the
//! offset the clock on the wall runs evenly, so that the frames of each day are sums there; a day
//! on which the clock is put forward or back is taken in two parts.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::calendar::{Calendar, CalendarRefusal, DAY_MINUTES, Frame, On, in_order};

const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = DAY_MINUTES as i64 * MINUTE_US;
/// The first and the last year in which hours are known.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// A stretch of a time in which the offset of the zone does not change.
#[derive(Debug, Clone, Copy)]
struct Regime {
    /// From this instant on, in microseconds since 1970.
    from_us: i64,
    /// What the clock on the wall is ahead of UTC, in microseconds.
    offset_us: i64,
}

/// When a desk is open, ready for reckoning.
#[derive(Debug, Clone)]
pub struct Hours {
    week: [Vec<Frame>; 7],
    /// Days since 1970-01-01, with the number of the exception that they are.
    exceptions: Vec<(i32, usize)>,
    /// The frames of each exception.
    frames: Vec<Vec<Frame>>,
    regimes: Vec<Regime>,
}

/// A stretch of time in microseconds since 1970: from the first one on, up to and without the
/// second.
pub(super) type Stretch = (i64, i64);

/// An instant in microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

impl Hours {
    /// Makes a calendar ready.
    ///
    /// # Errors
    ///
    /// See [`Calendar::checked`].
    pub fn of(calendar: &Calendar) -> Result<Self, CalendarRefusal> {
        let calendar = calendar.clone().checked()?;
        let mut exceptions = BTreeMap::new();
        let numbered = || calendar.exceptions.iter().enumerate();
        for (number, exception) in numbered() {
            if let On::Yearly { month, day } = exception.on {
                let days = YEARS.filter_map(|year| Date::new(year, month, day).ok());
                exceptions.extend(days.map(|date| (days_since_1970(date), number)));
            }
        }
        // What is said of a date goes before what is said of every year.
        for (number, exception) in numbered() {
            if let On::Date(date) = exception.on {
                exceptions.insert(days_since_1970(date), number);
            }
        }
        Ok(Self {
            regimes: regimes(&calendar.time_zone()?),
            exceptions: exceptions.into_iter().collect(),
            frames: calendar.exceptions.iter().map(|it| in_order(&it.frames)).collect(),
            week: calendar.week.map(|frames| in_order(&frames)),
        })
    }

    /// The open stretches that end after an instant, in order, none of them empty; they may touch.
    pub(super) fn open_after(&self, after_us: i64) -> impl Iterator<Item = Stretch> + '_ {
        let first = self.regimes.partition_point(|it| it.from_us <= after_us).saturating_sub(1);
        let mut done_us = after_us;
        (first..self.regimes.len())
            .flat_map(move |number| self.of_regime(number, after_us))
            .filter_map(move |(from_us, to_us)| {
                // A night's frame may reach into one of an exception.
                let from_us = from_us.max(done_us);
                (to_us > from_us).then(|| {
                    done_us = to_us;
                    (from_us, to_us)
                })
            })
    }

    /// The number of the exception that the day of an instant is, by the clock on the wall.
    pub(super) fn exception_at(&self, at_us: i64) -> Option<usize> {
        let number = self.regimes.partition_point(|it| it.from_us <= at_us).saturating_sub(1);
        let day = (at_us + self.regimes[number].offset_us).div_euclid(DAY_US);
        self.exception_of(day)
    }

    /// When the day after the one of an instant begins, by the clock on the wall.
    pub(super) fn next_day(&self, at_us: i64) -> i64 {
        let number = self.regimes.partition_point(|it| it.from_us <= at_us).saturating_sub(1);
        let offset_us = self.regimes[number].offset_us;
        let next_us = ((at_us + offset_us).div_euclid(DAY_US) + 1) * DAY_US - offset_us;
        // Where the clock is changed before, it is looked at anew there.
        let changed_us = self.regimes.get(number + 1).map_or(i64::MAX, |it| it.from_us);
        next_us.min(changed_us)
    }

    /// The open stretches within one regime that end after an instant.
    fn of_regime(&self, number: usize, after_us: i64) -> impl Iterator<Item = Stretch> + '_ {
        let Regime { from_us, offset_us } = self.regimes[number];
        let end_us = self.regimes.get(number + 1).map_or_else(horizon_us, |next| next.from_us);
        let begin_us = from_us.max(after_us);
        // The day before may have a frame that lasts past midnight.
        let first_day = (begin_us + offset_us).div_euclid(DAY_US) - 1;
        let last_day = (end_us + offset_us - 1).div_euclid(DAY_US);
        (first_day..=last_day).flat_map(move |day| {
            let midnight_us = day * DAY_US - offset_us;
            self.frames_of(day).iter().filter_map(move |frame| {
                let from_us = midnight_us + i64::from(frame.from_minute) * MINUTE_US;
                let to_us = midnight_us + i64::from(frame.end_minute()) * MINUTE_US;
                let (from_us, to_us) = (from_us.max(begin_us), to_us.min(end_us));
                (to_us > from_us).then_some((from_us, to_us))
            })
        })
    }

    fn frames_of(&self, day: i64) -> &[Frame] {
        match self.exception_of(day) {
            Some(number) => &self.frames[number],
            // 1970-01-01 was a Thursday.
            None => &self.week[usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()],
        }
    }

    fn exception_of(&self, day: i64) -> Option<usize> {
        let found = self.exceptions.binary_search_by_key(&day, |(day, _)| i64::from(*day)).ok()?;
        Some(self.exceptions[found].1)
    }
}

fn days_since_1970(date: Date) -> i32 {
    let hours = date.duration_since(Date::constant(1970, 1, 1)).as_hours();
    i32::try_from(hours / 24).unwrap_or(i32::MAX)
}

/// The end of what is known.
fn horizon_us() -> i64 {
    let end = Date::constant(*YEARS.end() + 1, 1, 1);
    i64::from(days_since_1970(end)) * DAY_US
}

fn regimes(zone: &TimeZone) -> Vec<Regime> {
    let begin = Timestamp::UNIX_EPOCH;
    let offset_us = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * 1_000_000;
    let first = Regime { from_us: i64::MIN / 4, offset_us: offset_us(zone.to_offset(begin)) };
    let changes = zone
        .following(begin)
        .map(|it| Regime { from_us: micros(it.timestamp()), offset_us: offset_us(it.offset()) })
        .take_while(|regime| regime.from_us < horizon_us());
    std::iter::once(first).chain(changes).collect()
}
