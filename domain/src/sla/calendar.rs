//! When a desk is open, as somebody configures it.
//!
//! Times are those that a clock on the wall of the zone shows. A day has frames; a frame that ends
//! at or before the time it begins at ends on the day after, and belongs to the day on which it
//! begins. Where the clock is put forward the hour that it never shows is not there; where it is
//! put back, an hour that it shows twice counts twice.

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::text::Name;

/// Minutes of a day.
pub(super) const DAY_MINUTES: u16 = 1_440;
/// The most frames of one day.
pub const FRAMES_MAX: usize = 12;
/// The most days that are not as their weekday.
pub const EXCEPTIONS_MAX: usize = 2_000;

/// A stretch of a day by the clock on the wall, in minutes since its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// From this minute on, 0 to 1,439.
    pub from_minute: u16,
    /// Up to this minute and not beyond it, 0 to 1,440; at or before `from_minute`, on the day
    /// after.
    pub to_minute: u16,
}

/// Which days are not as their weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// One day.
    Date(Date),
    /// The same day of every year; 29 February in the years that have it.
    Yearly {
        /// The month, 1 to 12.
        month: i8,
        /// The day of the month, from 1.
        day: i8,
    },
}

/// A day that is not as its weekday: a holiday, half a one, or a working day made up for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Which days.
    pub on: On,
    /// What it is called, as people will read it.
    pub name: Name,
    /// When the desk is open nevertheless; never on a whole holiday.
    pub frames: Vec<Frame>,
}

/// When a desk is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Whose clock on the wall, a name of the IANA time zone database.
    pub zone: String,
    /// The frames of each weekday, Monday first.
    pub week: [Vec<Frame>; 7],
    /// Days that are not as their weekday; one of a date goes before a yearly one.
    pub exceptions: Vec<Exception>,
}

/// Why a calendar can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarRefusal {
    /// Nobody knows the zone.
    #[error("`{0}` is no time zone of the IANA database")]
    UnknownZone(String),
    /// A frame begins or ends at a minute that no day has.
    #[error("{place}: a frame goes from 00:00 up to 24:00, not {} to {}", frame.from_minute, frame.to_minute)]
    NoTime {
        /// Of which day.
        place: String,
        /// Which.
        frame: Frame,
    },
    /// A frame takes no time; a whole day is 00:00 to 24:00.
    #[error("{place}: the frame from minute {minute} to itself is empty; a whole day is 0 to 1440")]
    Empty {
        /// Of which day.
        place: String,
        /// At which minute.
        minute: u16,
    },
    /// Two frames share a minute.
    #[error("{place}: two frames overlap at minute {minute}")]
    Overlap {
        /// Of which day.
        place: String,
        /// From which minute of that day on.
        minute: u16,
    },
    /// More frames than a day may have.
    #[error("{place}: at most {FRAMES_MAX} frames a day")]
    TooManyFrames {
        /// Which day.
        place: String,
    },
    /// There is no such day in any year.
    #[error("there is no day {day} of month {month}")]
    NoDay {
        /// The month.
        month: i8,
        /// The day.
        day: i8,
    },
    /// Two exceptions for the same day.
    #[error("two exceptions are for {0}")]
    Twice(String),
    /// More exceptions than a calendar may have.
    #[error("at most {EXCEPTIONS_MAX} exceptions")]
    TooManyExceptions,
}

impl Frame {
    /// A whole day.
    pub const WHOLE_DAY: Self = Self { from_minute: 0, to_minute: DAY_MINUTES };

    /// Its end in minutes since the midnight that its day begins with, up to 2,879.
    pub(super) fn end_minute(self) -> u16 {
        if self.to_minute > self.from_minute {
            self.to_minute
        } else {
            self.to_minute + DAY_MINUTES
        }
    }
}

impl Calendar {
    /// Open at every minute.
    #[must_use]
    pub fn always() -> Self {
        Self {
            zone: "UTC".to_owned(),
            week: std::array::from_fn(|_| vec![Frame::WHOLE_DAY]),
            exceptions: Vec::new(),
        }
    }

    /// Refuses what no clock or no year has, and frames that share a minute. A frame that lasts
    /// past midnight may reach into a frame of an exception: there every minute counts once.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn checked(self) -> Result<Self, CalendarRefusal> {
        self.time_zone()?;
        for (number, frames) in (0..).zip(&self.week) {
            check_day(WEEKDAYS[number], frames)?;
        }
        for (number, today) in self.week.iter().enumerate() {
            let next = (number + 1) % 7;
            check_night(WEEKDAYS[next], today, &self.week[next])?;
        }
        if self.exceptions.len() > EXCEPTIONS_MAX {
            return Err(CalendarRefusal::TooManyExceptions);
        }
        let mut days: Vec<On> = self.exceptions.iter().map(|exception| exception.on).collect();
        days.sort_unstable();
        if let Some(twice) = days.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(CalendarRefusal::Twice(twice[0].to_string()));
        }
        for exception in &self.exceptions {
            if let On::Yearly { month, day } = exception.on
                // A leap year has every day that any year has.
                && Date::new(2_000, month, day).is_err()
            {
                return Err(CalendarRefusal::NoDay { month, day });
            }
            check_day(&exception.on.to_string(), &exception.frames)?;
        }
        Ok(self)
    }

    pub(super) fn time_zone(&self) -> Result<TimeZone, CalendarRefusal> {
        TimeZone::get(&self.zone).map_err(|_| CalendarRefusal::UnknownZone(self.zone.clone()))
    }
}

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The frames in the order in which they begin.
pub(super) fn in_order(frames: &[Frame]) -> Vec<Frame> {
    let mut frames = frames.to_vec();
    frames.sort_unstable_by_key(|frame| frame.from_minute);
    frames
}

fn check_day(place: &str, frames: &[Frame]) -> Result<(), CalendarRefusal> {
    let place = || place.to_owned();
    if frames.len() > FRAMES_MAX {
        return Err(CalendarRefusal::TooManyFrames { place: place() });
    }
    for frame in frames {
        if frame.from_minute >= DAY_MINUTES || frame.to_minute > DAY_MINUTES {
            return Err(CalendarRefusal::NoTime { place: place(), frame: *frame });
        }
        if frame.from_minute == frame.to_minute {
            return Err(CalendarRefusal::Empty { place: place(), minute: frame.from_minute });
        }
    }
    for pair in in_order(frames).windows(2) {
        if pair[0].end_minute() > pair[1].from_minute {
            return Err(CalendarRefusal::Overlap { place: place(), minute: pair[1].from_minute });
        }
    }
    Ok(())
}

/// Whether what lasts past midnight meets what begins on the day after.
fn check_night(place: &str, today: &[Frame], next: &[Frame]) -> Result<(), CalendarRefusal> {
    let last = today.iter().map(|frame| frame.end_minute()).max().unwrap_or_default();
    let first = next.iter().map(|frame| frame.from_minute).min();
    match first {
        Some(minute) if last > minute + DAY_MINUTES => {
            Err(CalendarRefusal::Overlap { place: place.to_owned(), minute })
        }
        Some(_) | None => Ok(()),
    }
}

impl std::fmt::Display for On {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Date(date) => write!(formatter, "{date}"),
            Self::Yearly { month, day } => write!(formatter, "{month:02}-{day:02} of every year"),
        }
    }
}
