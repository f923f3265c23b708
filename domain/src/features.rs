//! Churn features: what the history of a customer says, as of an instant.
//!
//! [`CustomerHistory`] is the fold, small enough to be a row; [`features`] reads it as of an
//! instant and refuses a history that knows more than was known then, so that nothing of
//! the future leaks into training. For a past instant fold [`CustomerHistory::until`].
//! Each profile has a history of its own; what they say together of one person, as far as they
//! were merged by then, [`Persons`] knows.
//!
//! A contact is a message of the customer. Days are calendar days in UTC; a window of n days
//! is the day of the instant and the n - 1 days before it.

mod columns;
mod history;
mod persons;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::history::{Day, seconds_between, utc_day};
pub use self::{
    columns::Column,
    history::{CONVERSATIONS_MAX, CustomerHistory, WINDOW_DAYS},
    persons::Persons,
};
use crate::{
    conversation::ConversationEvent, customer::CustomerEvent, ids::ConversationId, words::Tier,
};

/// Something that happened to a customer, or in a conversation of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<'a> {
    /// To their profile.
    Customer(&'a CustomerEvent),
    /// In a conversation of theirs.
    Conversation(ConversationId, &'a ConversationEvent),
}

/// What is known of a customer at an instant. None stands for what has no value yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChurnFeatures {
    /// Days since the first fact, with fractions.
    pub tenure_days: f64,
    /// Contacts ever.
    pub contacts_total: u64,
    /// Contacts within 7 days.
    pub contacts_7d: u64,
    /// Contacts within 30 days.
    pub contacts_30d: u64,
    /// Contacts within 90 days.
    pub contacts_90d: u64,
    /// Conversations ever; one that was merged into another counts no more.
    pub conversations_total: u64,
    /// Conversations that are not resolved, closed or merged into another.
    pub conversations_open: u64,
    /// Reopenings ever.
    pub reopenings_total: u64,
    /// Reopenings within 90 days.
    pub reopenings_90d: u64,
    /// Mean time from the first contact of a conversation to its first answer, in seconds,
    /// over those begun within 90 days and answered.
    pub first_wait_mean_seconds_90d: Option<f64>,
    /// The longest such time, in seconds.
    pub first_wait_max_seconds_90d: Option<u64>,
    /// The share, 0 to 1, of the conversations begun within 90 days that nobody answered yet.
    pub unanswered_share_90d: Option<f64>,
    /// On how many channels they wrote.
    pub channels_distinct: u64,
    /// Days since the last contact, with fractions.
    pub silence_days: Option<f64>,
    /// How they are served.
    pub tier: Option<Tier>,
    /// How often the tier changed.
    pub tier_changes_total: u64,
    /// The last change of tier: 1 for up (new, standard, vip), -1 for down, 0 for never.
    pub tier_last_direction: i8,
    /// The share, 0 to 1, of resolutions that the customer confirmed.
    pub resolved_confirmed_share: Option<f64>,
    /// Messages of both sides for each conversation.
    pub messages_per_conversation: Option<f64>,
}

/// The history holds facts that came after the instant that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the history reaches to {last_at}, later than {as_of}")]
pub struct LaterFacts {
    /// When the newest fact happened.
    pub last_at: Timestamp,
    /// The instant that was asked for.
    pub as_of: Timestamp,
}

/// What `history` says as of an instant.
///
/// # Errors
///
/// The history holds later facts; features would leak them.
pub fn features(history: &CustomerHistory, as_of: Timestamp) -> Result<ChurnFeatures, LaterFacts> {
    if let Some(last_at) = history.last_at.filter(|last_at| *last_at > as_of) {
        return Err(LaterFacts { last_at, as_of });
    }
    let (week, month, quarter) =
        (history.within(as_of, 7), history.within(as_of, 30), history.within(as_of, 90));
    Ok(ChurnFeatures {
        tenure_days: history.first_at.map_or(0.0, |first_at| days_between(first_at, as_of)),
        contacts_total: history.contacts,
        contacts_7d: week.contacts,
        contacts_30d: month.contacts,
        contacts_90d: quarter.contacts,
        conversations_total: history.conversations,
        conversations_open: history.open(),
        reopenings_total: history.reopenings,
        reopenings_90d: quarter.reopenings,
        first_wait_mean_seconds_90d: ratio(quarter.waits_seconds, quarter.answered),
        first_wait_max_seconds_90d: (quarter.answered > 0).then_some(quarter.wait_max_seconds),
        unanswered_share_90d: ratio(quarter.begun.saturating_sub(quarter.answered), quarter.begun),
        channels_distinct: history.channels.len() as u64,
        silence_days: history.last_contact_at.map(|last_at| days_between(last_at, as_of)),
        tier: history.tier,
        tier_changes_total: history.tier_changes,
        tier_last_direction: history.tier_last_direction,
        resolved_confirmed_share: ratio(history.confirmed, history.resolutions),
        messages_per_conversation: ratio(history.messages, history.conversations),
    })
}

/// None where there is nothing to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts and seconds stay far below 2^52")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a history stay far below 2^52")]
fn days_between(from: Timestamp, to: Timestamp) -> f64 {
    seconds_between(from, to) as f64 / 86_400.0
}

impl CustomerHistory {
    /// The sum of the days in a window that ends with the day of `as_of`.
    fn within(&self, as_of: Timestamp, days: i32) -> Day {
        let today = utc_day(as_of);
        self.days.range(today - days + 1..=today).fold(Day::default(), |sum, (_, day)| sum.and(day))
    }
}
