//! Process managers: events in, commands out. What they send is derived from what they saw,
//! so that doing it again after a crash changes nothing.

pub mod checkpoints;
pub mod snooze;
