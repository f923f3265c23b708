//! By when something is due, in cases that can be followed by hand.

use jiff::{SignedDuration, Timestamp, civil::date};

use super::{
    Calendar, CalendarRefusal, Counted, Deadline, Exception, Frame, Hours, Interval, On, Promise,
    State, Why, explain, sla_deadline,
};
use crate::text::Name;

const NINE_TO_FIVE: Frame = Frame { from_minute: 540, to_minute: 1_020 };

fn office(zone: &str) -> Calendar {
    let weekday = |number| if number < 5 { vec![NINE_TO_FIVE] } else { vec![] };
    Calendar { zone: zone.to_owned(), week: std::array::from_fn(weekday), exceptions: vec![] }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn turn(from: &str, until: Option<&str>, state: State) -> Interval {
    Interval { from: instant(from), until: until.map(instant), state }
}

fn due(calendar: &Calendar, hours: i64, intervals: &[Interval]) -> Deadline {
    let open = Hours::of(calendar).unwrap();
    let within = SignedDuration::from_hours(hours);
    let paused_in = &[State::WaitingOnCustomer];
    sla_deadline(&Promise { within, hours: Some(&open), paused_in }, intervals)
}

fn at(text: &str) -> Deadline {
    Deadline::At(instant(text))
}

#[test]
fn what_begins_on_friday_afternoon_is_due_on_monday() {
    let since = [turn("2026-11-20T15:00:00Z", None, State::Desk)];
    assert_eq!(due(&office("UTC"), 4, &since), at("2026-11-23T11:00:00Z"));
    assert_eq!(due(&office("UTC"), 2, &since), at("2026-11-20T17:00:00Z"), "at closing time");
}

#[test]
fn the_clock_stands_still_while_the_customer_has_to_answer() {
    let turns = [
        turn("2026-11-20T15:00:00Z", Some("2026-11-20T16:00:00Z"), State::Desk),
        turn("2026-11-20T16:00:00Z", Some("2026-11-22T12:00:00Z"), State::WaitingOnCustomer),
        turn("2026-11-22T12:00:00Z", None, State::Desk),
    ];
    assert_eq!(due(&office("UTC"), 4, &turns), at("2026-11-23T12:00:00Z"));
    let left = SignedDuration::from_hours(3);
    assert_eq!(due(&office("UTC"), 4, &turns[..2]), Deadline::Paused { left });
}

#[test]
fn a_holiday_half_a_holiday_and_a_day_made_up_for_count_as_they_are() {
    let closed = |on, frames| Exception { on, name: Name::new("Feast").unwrap(), frames };
    let mut calendar = office("UTC");
    calendar.exceptions = vec![
        closed(On::Yearly { month: 11, day: 23 }, vec![]),
        closed(On::Date(date(2026, 11, 24)), vec![Frame { from_minute: 540, to_minute: 720 }]),
        closed(On::Date(date(2026, 11, 21)), vec![NINE_TO_FIVE]),
    ];
    let since = [turn("2026-11-20T16:00:00Z", None, State::Desk)];
    assert_eq!(due(&calendar, 1 + 8 + 2, &since), at("2026-11-24T11:00:00Z"));
    assert_eq!(due(&calendar, 1 + 8 + 3 + 1, &since), at("2026-11-25T10:00:00Z"));
    let dated = closed(On::Date(date(2026, 11, 23)), vec![NINE_TO_FIVE]);
    calendar.exceptions.push(dated);
    assert_eq!(due(&calendar, 1 + 8 + 2, &since), at("2026-11-23T11:00:00Z"), "a date goes first");
}

#[test]
fn a_night_over_a_change_of_the_clock_has_as_many_hours_as_the_clock_shows() {
    let night = Frame { from_minute: 1_320, to_minute: 360 };
    let nights = Calendar { week: std::array::from_fn(|_| vec![night]), ..office("Europe/Berlin") };
    // 22:00 to 6:00 in summer time; one hour more, since 2:00 to 3:00 comes twice.
    let autumn = [turn("2026-10-24T20:00:00Z", None, State::Desk)];
    assert_eq!(due(&nights, 9, &autumn), at("2026-10-25T05:00:00Z"));
    // One hour less, since 2:00 to 3:00 never comes.
    let spring = [turn("2026-03-28T21:00:00Z", None, State::Desk)];
    assert_eq!(due(&nights, 7, &spring), at("2026-03-29T04:00:00Z"));
}

#[test]
fn a_desk_that_is_never_open_breaks_no_promise() {
    let closed = Calendar { week: Default::default(), ..office("UTC") };
    let since = [turn("2026-11-20T16:00:00Z", None, State::Desk)];
    assert_eq!(due(&closed, 1, &since), Deadline::Never);
    let all_hours = Promise { within: SignedDuration::MAX, hours: None, paused_in: &[] };
    assert_eq!(sla_deadline(&all_hours, &since), Deadline::Never);
}

#[test]
fn every_stretch_is_told_with_why_it_counted_or_not() {
    let mut calendar = office("UTC");
    let name = Name::new("Feast").unwrap();
    calendar.exceptions =
        vec![Exception { on: On::Date(date(2026, 11, 23)), name, frames: vec![] }];
    let turns = [
        turn("2026-11-20T16:00:00Z", Some("2026-11-24T10:00:00Z"), State::Desk),
        turn("2026-11-24T10:00:00Z", Some("2026-11-24T12:00:00Z"), State::WaitingOnCustomer),
        turn("2026-11-24T12:00:00Z", None, State::Desk),
    ];
    let open = Hours::of(&calendar).unwrap();
    let paused_in = &[State::WaitingOnCustomer];
    let within = SignedDuration::from_hours(4);
    let promise = Promise { within, hours: Some(&open), paused_in };
    let told = explain(&promise, &turns, instant("2026-11-24T14:00:00Z"));
    let stretch =
        |from: &str, until: &str, why| Counted { from: instant(from), until: instant(until), why };
    assert_eq!(
        told,
        [
            stretch("2026-11-20T16:00:00Z", "2026-11-20T17:00:00Z", Why::Counted),
            stretch("2026-11-20T17:00:00Z", "2026-11-23T00:00:00Z", Why::Closed),
            stretch("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", Why::ClosedOn(0)),
            stretch("2026-11-24T00:00:00Z", "2026-11-24T09:00:00Z", Why::Closed),
            stretch("2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", Why::Counted),
            stretch(
                "2026-11-24T10:00:00Z",
                "2026-11-24T12:00:00Z",
                Why::Paused(State::WaitingOnCustomer)
            ),
            stretch("2026-11-24T12:00:00Z", "2026-11-24T14:00:00Z", Why::Counted),
        ]
    );
    assert_eq!(sla_deadline(&promise, &turns), at("2026-11-24T14:00:00Z"));
}

#[test]
fn a_calendar_that_can_not_be_is_refused_and_the_place_named() {
    let frame = |from_minute, to_minute| Frame { from_minute, to_minute };
    let monday = |frames| {
        let mut calendar = office("UTC");
        calendar.week[0] = frames;
        calendar.checked().unwrap_err().to_string()
    };
    assert!(monday(vec![frame(540, 540)]).starts_with("Monday: the frame from minute 540"));
    assert!(monday(vec![frame(540, 1_441)]).starts_with("Monday: a frame goes from 00:00"));
    assert_eq!(
        monday(vec![frame(600, 700), frame(500, 601)]),
        "Monday: two frames overlap at minute 600"
    );
    assert_eq!(monday(vec![frame(1_000, 541)]), "Tuesday: two frames overlap at minute 540");
    let many = (0..13).map(|number| frame(number * 100, number * 100 + 1)).collect();
    assert_eq!(monday(many), "Monday: at most 12 frames a day");
    let nowhere = office("Europe/Atlantis").checked().unwrap_err();
    assert_eq!(nowhere, CalendarRefusal::UnknownZone("Europe/Atlantis".to_owned()));
    let on = On::Yearly { month: 2, day: 30 };
    let name = Name::new("Feast").unwrap();
    let exception = Exception { on, name, frames: vec![] };
    let twice = Calendar { exceptions: vec![exception.clone(); 2], ..office("UTC") };
    assert_eq!(
        twice.checked().unwrap_err().to_string(),
        "two exceptions are for 02-30 of every year"
    );
    let none = Calendar { exceptions: vec![exception], ..office("UTC") };
    assert_eq!(none.checked().unwrap_err(), CalendarRefusal::NoDay { month: 2, day: 30 });
}
