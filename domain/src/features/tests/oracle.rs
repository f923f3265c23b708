//! Churn features counted by hand: slowly, from the whole history, window by window.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::life::{Happened, What};
use crate::{
    conversation::ConversationEvent,
    customer::CustomerEvent,
    features::ChurnFeatures,
    ids::ConversationId,
    words::{ResolutionKind, Tier},
};

type Moments<'a> = Vec<(&'a ConversationEvent, Timestamp)>;

/// What everything up to `as_of` says.
pub fn features_by_hand(facts: &[Happened], as_of: Timestamp) -> ChurnFeatures {
    let known: Vec<_> = facts.iter().filter(|it| it.at <= as_of).collect();
    let profile: Vec<_> = known.iter().filter_map(|it| profile_event(it)).collect();
    if profile.iter().any(|event| matches!(event, CustomerEvent::Erased(_))) {
        return ChurnFeatures::default();
    }
    let mut conversations: BTreeMap<ConversationId, Moments> = BTreeMap::new();
    for happened in &known {
        if let What::Conversation(id, event) = &happened.what {
            conversations.entry(*id).or_default().push((event, happened.at));
        }
    }
    let all: Moments = conversations.values().flatten().copied().collect();
    let when = |of: fn(&ConversationEvent) -> bool| -> Vec<Timestamp> {
        all.iter().filter(|(event, _)| of(event)).map(|(_, at)| *at).collect()
    };
    let contacts = when(|it| matches!(it, ConversationEvent::CustomerMessageReceived(_)));
    let replies = when(|it| matches!(it, ConversationEvent::AgentReplied(_)));
    let reopenings = when(|it| matches!(it, ConversationEvent::Reopened(_)));
    let within = |moments: &[Timestamp], days| {
        moments.iter().filter(|at| is_within(**at, as_of, days)).count() as u64
    };
    let not_merged = conversations.values().filter(|it| !is_merged(it)).count() as u64;
    let waits: Vec<_> = conversations
        .values()
        .filter_map(first_wait)
        .filter(|wait| is_within(wait.since, as_of, 90))
        .collect();
    let answered: Vec<_> = waits.iter().filter_map(|wait| wait.seconds).collect();
    let (resolutions, confirmed) = resolutions(&all);
    ChurnFeatures {
        tenure_days: known.iter().map(|it| it.at).min().map_or(0.0, |first| days(first, as_of)),
        contacts_total: contacts.len() as u64,
        contacts_7d: within(&contacts, 7),
        contacts_30d: within(&contacts, 30),
        contacts_90d: within(&contacts, 90),
        conversations_total: not_merged,
        conversations_open: conversations.values().filter(|it| is_open(it)).count() as u64,
        reopenings_total: reopenings.len() as u64,
        reopenings_90d: within(&reopenings, 90),
        first_wait_mean_seconds_90d: share(answered.iter().sum(), answered.len() as u64),
        first_wait_max_seconds_90d: answered.iter().copied().max(),
        unanswered_share_90d: share((waits.len() - answered.len()) as u64, waits.len() as u64),
        channels_distinct: channels(&all),
        silence_days: contacts.iter().max().map(|last| days(*last, as_of)),
        tier: tiers(&profile).last().copied(),
        tier_changes_total: tiers(&profile).len().saturating_sub(1) as u64,
        tier_last_direction: direction(&tiers(&profile)),
        resolved_confirmed_share: share(confirmed, resolutions),
        messages_per_conversation: share((contacts.len() + replies.len()) as u64, not_merged),
    }
}

fn profile_event(happened: &Happened) -> Option<&CustomerEvent> {
    match &happened.what {
        What::Customer(event) => Some(event),
        What::Conversation(..) => None,
    }
}

/// By the calendar: the day of `as_of` and the days before it, `days` in all.
fn is_within(at: Timestamp, as_of: Timestamp, days: i64) -> bool {
    let date = |instant: Timestamp| instant.to_zoned(TimeZone::UTC).date();
    date(at) > date(as_of) - days.days()
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn share(part: u64, whole: u64) -> Option<f64> {
    if whole == 0 { None } else { Some(part as f64 / whole as f64) }
}

/// The last word on a merge counts.
fn is_merged(moments: &Moments) -> bool {
    let last = moments.iter().rev().find_map(|(event, _)| match event {
        ConversationEvent::MergedInto(_) => Some(true),
        ConversationEvent::Unmerged(_) => Some(false),
        _ => None,
    });
    last.unwrap_or(false)
}

/// The last word on resolving counts, and none on a merge.
fn is_open(moments: &Moments) -> bool {
    let last = moments.iter().rev().find_map(|(event, _)| match event {
        ConversationEvent::Opened(_) | ConversationEvent::Reopened(_) => Some(true),
        ConversationEvent::Resolved(_) | ConversationEvent::Closed(_) => Some(false),
        _ => None,
    });
    last.unwrap_or(false) && !is_merged(moments)
}

struct Wait {
    since: Timestamp,
    seconds: Option<u64>,
}

/// None where nobody waits: the customer wrote nothing, the agent wrote first, or the
/// conversation was merged into another before it was answered.
fn first_wait(moments: &Moments) -> Option<Wait> {
    let (first, since) = moments.iter().find(|(event, _)| is_message(event))?;
    if matches!(first, ConversationEvent::AgentReplied(_)) {
        return None;
    }
    let answer = moments.iter().find(|(it, _)| matches!(it, ConversationEvent::AgentReplied(_)));
    let seconds = answer
        .map(|(_, at)| u64::try_from(at.duration_since(*since).as_secs()).unwrap_or_default());
    if seconds.is_none() && is_merged(moments) {
        return None;
    }
    Some(Wait { since: *since, seconds })
}

fn is_message(event: &ConversationEvent) -> bool {
    matches!(
        event,
        ConversationEvent::CustomerMessageReceived(_) | ConversationEvent::AgentReplied(_)
    )
}

fn resolutions(all: &Moments) -> (u64, u64) {
    let (mut resolutions, mut confirmed) = (0, 0);
    for (event, _) in all {
        match event {
            ConversationEvent::Resolved(event) if event.kind == ResolutionKind::Confirmed => {
                resolutions += 1;
                confirmed += 1;
            }
            ConversationEvent::Resolved(_) => resolutions += 1,
            ConversationEvent::ResolutionConfirmed(_) => confirmed += 1,
            _ => {}
        }
    }
    (resolutions, confirmed)
}

fn channels(all: &Moments) -> u64 {
    let written: BTreeSet<_> = all
        .iter()
        .filter_map(|(event, _)| match event {
            ConversationEvent::CustomerMessageReceived(event) => Some(event.channel),
            _ => None,
        })
        .collect();
    written.len() as u64
}

/// Every tier the customer had, in order.
fn tiers(profile: &[&CustomerEvent]) -> Vec<Tier> {
    profile
        .iter()
        .filter_map(|event| match event {
            CustomerEvent::Identified(event) => Some(event.tier),
            CustomerEvent::TierSet(event) => Some(event.to),
            _ => None,
        })
        .collect()
}

fn direction(tiers: &[Tier]) -> i8 {
    let steps = [Tier::New, Tier::Standard, Tier::Vip];
    let step = |tier: &Tier| steps.iter().position(|it| it == tier);
    match tiers {
        [.., before, now] if step(now) > step(before) => 1,
        [.., _, _] => -1,
        _ => 0,
    }
}
