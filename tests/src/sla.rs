//! Promises and calendars at random, and an oracle that counts the minutes of one by one: it asks
//! the time zone what the clock on the wall shows at each, and looks whether the calendar is open
//! then. It shares nothing with the engine but the words.

use allhours_domain::{
    sla::{Calendar, Deadline, Exception, Frame, Hours, Interval, On, Promise, State},
    text::Name,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use proptest::{collection::vec, prelude::*, sample::select};

/// How many days the oracle looks ahead.
pub const DAYS_MAX: i64 = 40;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Zones with all kinds of changes: by an hour and by half of one, north and south, by a fraction
/// of an hour from UTC, over the date line, around Ramadan, none.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Pacific/Apia",
    "Pacific/Chatham",
];

/// Days about which clocks were or will be changed somewhere, and one of no account.
const BEGINNINGS: &[(i16, i8, i8)] = &[
    (2026, 3, 6),
    (2026, 3, 27),
    (2026, 4, 3),
    (2026, 10, 2),
    (2026, 10, 23),
    (2026, 10, 30),
    (2018, 11, 2),
    (2026, 2, 13),
    (2011, 12, 28),
    (2023, 12, 29),
    (2026, 6, 15),
];

const STATES: &[State] =
    &[State::Desk, State::WaitingOnCustomer, State::WaitingOnThirdParty, State::Snoozed];

/// A promise about one episode, as its parts.
#[derive(Debug, Clone)]
pub struct Case {
    /// When the desk is open; none for always.
    pub calendar: Option<Calendar>,
    /// What was promised.
    pub within: SignedDuration,
    /// When the clock stands still.
    pub paused_in: Vec<State>,
    /// Whose turn it was when.
    pub intervals: Vec<Interval>,
}

impl Case {
    /// Where the oracle gives up.
    fn end(&self) -> Option<Timestamp> {
        Some(self.intervals.first()?.from + SignedDuration::from_hours(24 * DAYS_MAX))
    }

    /// The promise, within these hours.
    #[must_use]
    pub fn promise<'a>(&'a self, hours: Option<&'a Hours>) -> Promise<'a> {
        Promise { within: self.within, hours, paused_in: &self.paused_in }
    }
}

/// Whether the oracle counts to the same instant; where it gives up, whether none is before that.
///
/// # Panics
///
/// See [`broken_at`].
#[must_use]
pub fn agrees(case: &Case, found: Deadline) -> bool {
    match (found, broken_at(case)) {
        (Deadline::At(found), Some(counted)) => found == counted,
        (Deadline::At(found), None) => case.end().is_some_and(|end| found > end),
        (Deadline::Paused { .. } | Deadline::Never, counted) => counted.is_none(),
    }
}

/// Cases in whole minutes.
pub fn cases() -> impl Strategy<Value = Case> {
    (select(BEGINNINGS), select(ZONES)).prop_flat_map(|((year, month, day), zone)| {
        let begin = Date::constant(year, month, day);
        let calendar = prop_oneof![1 => Just(None), 9 => calendars(begin, zone).prop_map(Some)];
        let paused = prop_oneof![
            Just(vec![]),
            Just(vec![State::WaitingOnCustomer]),
            Just(vec![State::WaitingOnCustomer, State::WaitingOnThirdParty, State::Snoozed]),
        ];
        let within = prop_oneof![1_i64..600, 1_i64..4_000].prop_map(SignedDuration::from_mins);
        (calendar, within, paused, intervals(begin)).prop_map(
            |(calendar, within, paused_in, intervals)| Case {
                calendar,
                within,
                paused_in,
                intervals,
            },
        )
    })
}

fn calendars(begin: Date, zone: &'static str) -> impl Strategy<Value = Calendar> {
    let week = [(); 7].map(|()| days());
    let exceptions = vec((0_i32..14, any::<bool>(), days()), 0..4);
    (week, exceptions).prop_map(move |(week, exceptions)| {
        let exceptions = exceptions.into_iter().map(|(after, yearly, frames)| {
            let date = begin.saturating_add(jiff::Span::new().days(after));
            let on = if yearly {
                On::Yearly { month: date.month(), day: date.day() }
            } else {
                On::Date(date)
            };
            let name = Name::new("Holiday").expect("a name");
            Exception { on, name, frames }
        });
        let mut exceptions: Vec<Exception> = exceptions.collect();
        exceptions.sort_by_key(|exception| exception.on);
        exceptions.dedup_by_key(|exception| exception.on);
        Calendar { zone: zone.to_owned(), week, exceptions }
    })
}

/// The frames of a day, at most one of them over midnight.
fn days() -> impl Strategy<Value = Vec<Frame>> {
    let daylight = vec(150_u16..1_300, 0..=6).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.dedup();
        let frames = cuts.chunks_exact(2);
        frames.map(|cut| Frame { from_minute: cut[0], to_minute: cut[1] }).collect::<Vec<_>>()
    });
    let night = prop_oneof![
        3 => Just(None),
        1 => (1_300_u16..1_440, 0_u16..150)
            .prop_map(|(from_minute, to_minute)| Some(Frame { from_minute, to_minute })),
    ];
    prop_oneof![
        6 => (daylight, night).prop_map(|(mut frames, night)| {
            frames.extend(night);
            frames
        }),
        1 => Just(vec![Frame::WHOLE_DAY]),
    ]
}

fn intervals(begin: Date) -> impl Strategy<Value = Vec<Interval>> {
    let stretches = vec((1_i64..3_000, select(STATES)), 0..6);
    (0_i64..4_320, stretches, any::<bool>()).prop_map(move |(after, stretches, goes_on)| {
        let midnight = begin.to_zoned(TimeZone::UTC).expect("a day of our time").timestamp();
        let mut from = midnight + SignedDuration::from_mins(after);
        let mut intervals = vec![];
        for (minutes, state) in std::iter::once((after % 977 + 1, State::Desk)).chain(stretches) {
            let until = from + SignedDuration::from_mins(minutes);
            intervals.push(Interval { from, until: Some(until), state });
            from = until;
        }
        if goes_on {
            intervals.push(Interval { from, until: None, state: State::Desk });
        }
        intervals
    })
}

/// The first instant at which as many minutes have counted as were promised; none where that is
/// not within [`DAYS_MAX`] of the beginning.
///
/// # Panics
///
/// A zone that nobody knows; [`cases`] have none.
#[must_use]
pub fn broken_at(case: &Case) -> Option<Timestamp> {
    let zone = case.calendar.as_ref().map(|it| TimeZone::get(&it.zone).expect("a zone"));
    let mut left = case.within;
    let end = case.end()?;
    for interval in &case.intervals {
        let until = interval.until.unwrap_or(end).min(end);
        let mut at = interval.from;
        while at < until {
            let open = match (&case.calendar, &zone) {
                (Some(calendar), Some(zone)) => is_open(calendar, zone, at),
                (None, _) | (_, None) => true,
            };
            at += MINUTE;
            if open && !case.paused_in.contains(&interval.state) {
                left -= MINUTE;
            }
            if left.is_zero() {
                return Some(at);
            }
        }
    }
    None
}

/// Whether the clock on the wall shows a time at which the calendar is open.
fn is_open(calendar: &Calendar, zone: &TimeZone, at: Timestamp) -> bool {
    let shown = zone.to_datetime(at);
    let (today, time) = (shown.date(), shown.time());
    let minute = u16::try_from(time.hour()).expect("an hour") * 60
        + u16::try_from(time.minute()).expect("a minute");
    let since_today = frames_of(calendar, today).iter().any(|frame| {
        let ends_today = frame.to_minute > frame.from_minute;
        minute >= frame.from_minute && (!ends_today || minute < frame.to_minute)
    });
    let since_yesterday = today.yesterday().is_ok_and(|yesterday| {
        frames_of(calendar, yesterday)
            .iter()
            .any(|frame| frame.to_minute <= frame.from_minute && minute < frame.to_minute)
    });
    since_today || since_yesterday
}

fn frames_of(calendar: &Calendar, date: Date) -> &[Frame] {
    let dated = calendar.exceptions.iter().find(|it| it.on == On::Date(date));
    let yearly = || {
        let on = On::Yearly { month: date.month(), day: date.day() };
        calendar.exceptions.iter().find(|it| it.on == on)
    };
    if let Some(exception) = dated.or_else(yearly) {
        return &exception.frames;
    }
    let weekday = date.weekday().to_monday_zero_offset();
    &calendar.week[usize::try_from(weekday).expect("a weekday")]
}
