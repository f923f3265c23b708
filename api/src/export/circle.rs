//! Whom an export about one person is about, and what of theirs it holds.
//!
//! Written beside the events as `subject.json`, so that nobody has to guess by what rule they
//! were chosen, and the offline check can hold each of them to it. That nothing was left out it
//! can't show: what was left out stands in the bundle as hashes only.

use std::{collections::BTreeSet, path::Path};

use allhours_domain::{
    actor::Actor,
    agent::Agent,
    catalogue::AnyEvent,
    conversation::Conversation,
    customer::{Customer, CustomerEvent},
    ids::TenantId,
};
use allhours_eventstore::{
    log::Log,
    recorded::{Position, Recorded},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{ExportError, Selection};
use crate::desk::stream_of;

/// The file that says whom the events are about.
pub const SUBJECT: &str = "subject.json";
const PAGE: usize = 1_000;
/// The events by which a stream becomes one of a customer's.
const BEGINNINGS: &[&str] = &["conversation.opened", "intake.parsed"];

/// Whom events are about: an event belongs to it that stands in the stream of one of the persons
/// or in one of the streams, that one of the persons caused, or that names one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Who was asked for.
    pub subject: Uuid,
    /// They, and every profile that is merged into them at the end of the range.
    pub persons: BTreeSet<Uuid>,
    /// The conversations of these, and the deliveries that became messages of theirs.
    pub streams: BTreeSet<String>,
}

/// What of an event says whom it is about.
#[derive(Deserialize)]
struct Line<'a> {
    actor: Actor,
    #[serde(borrow)]
    payload: &'a RawValue,
    stream_id: Uuid,
    stream_type: &'a str,
}

impl Circle {
    /// Whom events of the first `to` of a log are about, where they are about `subject`.
    ///
    /// # Errors
    ///
    /// The log failed, or a merge of profiles does not read.
    pub async fn of<L: Log>(
        log: &L,
        tenant: TenantId,
        subject: Uuid,
        to: Position,
    ) -> Result<Self, ExportError> {
        let persons = merged(log, tenant, subject, to).await?;
        let mut circle = Self { subject, persons, streams: BTreeSet::new() };
        let mut after = 0;
        while after < to {
            let page = log.read(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let begins = |event: &&Recorded| {
                event.tenant == tenant
                    && event.position <= to
                    && BEGINNINGS.contains(&event.name.as_str())
                    && circle.is_named_in(&event.payload)
            };
            let begun: Vec<String> =
                page.iter().filter(begins).map(|event| event.stream.to_string()).collect();
            circle.streams.extend(begun);
        }
        Ok(circle)
    }

    /// As it stands in the bundle in `folder`; none where it does not read.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(SUBJECT)).ok()?).ok()
    }

    /// The one way it is written.
    ///
    /// # Errors
    ///
    /// A value that JSON can't hold; a bug.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether an event is about them.
    #[must_use]
    pub fn holds(&self, event: &Recorded) -> bool {
        let stream = event.stream;
        self.is_of(stream.stream_type.0, stream.id, &event.actor, &event.payload)
    }

    /// Whether an event is about them, in its canonical form.
    #[must_use]
    pub fn holds_canonical(&self, event: &str) -> bool {
        let read: Result<Line<'_>, _> = serde_json::from_str(event);
        read.is_ok_and(|it| self.is_of(it.stream_type, it.stream_id, &it.actor, it.payload.get()))
    }

    fn is_of(&self, stream_type: &str, stream_id: Uuid, actor: &Actor, payload: &str) -> bool {
        self.persons.contains(&stream_id)
            || person_of(actor).is_some_and(|person| self.persons.contains(&person))
            || self.streams.contains(&format!("{stream_type}:{stream_id}"))
            || self.is_named_in(payload)
    }

    /// Ids stand in payloads as texts of their own, also where a sealed text is said to be theirs.
    fn is_named_in(&self, payload: &str) -> bool {
        self.persons.iter().any(|person| payload.contains(&format!("\"{person}\"")))
    }
}

/// Refuses a subject or a conversation of which the log of the tenant knows nothing: a mistyped id
/// would give a signed and empty bundle, which looks like an answer.
///
/// # Errors
///
/// [`ExportError::Unknown`], or the log failed.
pub(super) async fn known<L: Log>(log: &L, selection: &Selection) -> Result<(), ExportError> {
    let tenant = selection.tenant;
    if let Some(id) = selection.conversation
        && log.load(tenant, stream_of::<Conversation>(id), 0, 1).await?.is_empty()
    {
        return Err(ExportError::Unknown { what: "conversation", id });
    }
    if let Some(id) = selection.subject
        && log.load(tenant, stream_of::<Customer>(id), 0, 1).await?.is_empty()
        && log.load(tenant, stream_of::<Agent>(id), 0, 1).await?.is_empty()
        && !has_acted(log, tenant, id).await?
    {
        return Err(ExportError::Unknown { what: "customer or agent", id });
    }
    Ok(())
}

/// Whether somebody ever did anything, who is registered as nothing.
async fn has_acted<L: Log>(log: &L, tenant: TenantId, id: Uuid) -> Result<bool, ExportError> {
    let mut after = 0;
    loop {
        let page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(false) };
        after = last.position;
        if page.iter().any(|it| it.tenant == tenant && person_of(&it.actor) == Some(id)) {
            return Ok(true);
        }
    }
}

fn person_of(actor: &Actor) -> Option<Uuid> {
    match actor {
        Actor::Person(id) => Some(id.0),
        Actor::Customer(id) => Some(id.0),
        Actor::Rule(_)
        | Actor::Policy(_)
        | Actor::Model(_)
        | Actor::Timer(_)
        | Actor::Channel(_)
        | Actor::System(_) => None,
    }
}

/// A profile and all that are merged into it, and into those, after the first `to` events.
async fn merged<L: Log>(
    log: &L,
    tenant: TenantId,
    subject: Uuid,
    to: Position,
) -> Result<BTreeSet<Uuid>, ExportError> {
    let mut persons = BTreeSet::from([subject]);
    let mut next = vec![subject];
    while let Some(profile) = next.pop() {
        let sources = sources(log, tenant, profile, to).await?;
        next.extend(sources.into_iter().filter(|source| persons.insert(*source)));
    }
    Ok(persons)
}

/// The profiles that were merged into this one and did not leave again.
async fn sources<L: Log>(
    log: &L,
    tenant: TenantId,
    profile: Uuid,
    to: Position,
) -> Result<BTreeSet<Uuid>, ExportError> {
    let (stream, mut sources) = (stream_of::<Customer>(profile), BTreeSet::new());
    let mut after_version = 0;
    loop {
        let page = log.load(tenant, stream, after_version, PAGE).await?;
        let Some(last) = page.last() else { return Ok(sources) };
        after_version = last.version;
        for event in page.iter().filter(|event| event.position <= to) {
            let read = event.event().map_err(|_| ExportError::Tampered(event.position))?;
            if let AnyEvent::Customer(CustomerEvent::MergeReceived(merge)) = &read {
                sources.insert(merge.source.0);
            } else if let AnyEvent::Customer(CustomerEvent::MergeUndone(undone)) = &read {
                sources.remove(&undone.source.0);
            }
        }
    }
}
