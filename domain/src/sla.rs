//! What the desk promises, and by when: calendars of open hours, clocks that stand still while
//! somebody else has to act, and the instant at which a promise is broken.
//!
//! Read [`calendar`] (what somebody configures), [`hours`] (the same, made ready for reckoning),
//! then [`deadline`](mod@deadline) (when time is up, and what counted). All of it is pure: the
//! same intervals, calendar and promise give the same instant, however late anybody looks.

pub mod calendar;
pub mod deadline;
pub mod hours;
#[cfg(test)]
mod tests;

pub use self::{
    calendar::{Calendar, CalendarRefusal, Exception, Frame, On},
    deadline::{Counted, Deadline, Interval, Promise, State, Why, explain, sla_deadline},
    hours::Hours,
};
