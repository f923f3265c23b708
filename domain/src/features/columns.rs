//! Churn features as columns of numbers, for training.

use super::ChurnFeatures;
use crate::words::Tier;

/// A column of the training table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name, with its unit last.
    pub name: &'static str,
    /// What the number counts.
    pub unit: &'static str,
    value: fn(&ChurnFeatures) -> f64,
}

macro_rules! columns {
    ($($name:literal, $unit:literal, $value:expr;)+) => {
        /// Every column, in the order of the training table; new ones come last.
        const COLUMNS: &[Column] = &[$(Column { name: $name, unit: $unit, value: $value },)+];
    };
}

columns! {
    "tenure_days", "days", |it| it.tenure_days;
    "contacts_total", "messages", |it| count(it.contacts_total);
    "contacts_7d", "messages", |it| count(it.contacts_7d);
    "contacts_30d", "messages", |it| count(it.contacts_30d);
    "contacts_90d", "messages", |it| count(it.contacts_90d);
    "conversations_total", "conversations", |it| count(it.conversations_total);
    "conversations_open", "conversations", |it| count(it.conversations_open);
    "reopenings_total", "reopenings", |it| count(it.reopenings_total);
    "reopenings_90d", "reopenings", |it| count(it.reopenings_90d);
    "first_wait_mean_seconds_90d", "seconds", |it| known(it.first_wait_mean_seconds_90d);
    "first_wait_max_seconds_90d", "seconds", |it| known(it.first_wait_max_seconds_90d.map(count));
    "unanswered_share_90d", "share from 0 to 1", |it| known(it.unanswered_share_90d);
    "channels_distinct", "channels", |it| count(it.channels_distinct);
    "silence_days", "days", |it| known(it.silence_days);
    "tier_new", "1 for yes, 0 for no", |it| yes(it.tier == Some(Tier::New));
    "tier_standard", "1 for yes, 0 for no", |it| yes(it.tier == Some(Tier::Standard));
    "tier_vip", "1 for yes, 0 for no", |it| yes(it.tier == Some(Tier::Vip));
    "tier_changes_total", "changes", |it| count(it.tier_changes_total);
    "tier_last_direction", "1 up, -1 down, 0 never", |it| f64::from(it.tier_last_direction);
    "resolved_confirmed_share", "share from 0 to 1", |it| known(it.resolved_confirmed_share);
    "messages_per_conversation", "messages", |it| known(it.messages_per_conversation);
}

impl ChurnFeatures {
    /// The columns of the training table.
    #[must_use]
    pub fn columns() -> &'static [Column] {
        COLUMNS
    }

    /// The names of the columns.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        COLUMNS.iter().map(|column| column.name).collect()
    }

    /// The numbers, in the order of the columns; NaN where there is no value yet.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        COLUMNS.iter().map(|column| (column.value)(self)).collect()
    }
}

fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "counts and seconds stay far below 2^52")]
fn count(value: u64) -> f64 {
    value as f64
}

fn yes(value: bool) -> f64 {
    f64::from(u8::from(value))
}
