//! The sealed texts: each is the one that its event names, or the log says why it is gone.

use std::collections::{HashMap, HashSet};

use allhours_domain::ids::TenantId;
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Finding, Rule, Verified};
use crate::{
    canonical::sha256,
    error::LogError,
    recorded::{Position, Recorded},
    sql, texts,
};

/// A text that an event names.
pub(super) struct NamedText {
    tenant: TenantId,
    position: Position,
    event: Uuid,
    text: texts::Named,
}

impl NamedText {
    fn finding(&self, rule: Rule) -> Finding {
        let (position, tenant, id) = (self.position, self.tenant, self.event);
        Finding { rule, position: Some(position), tenant: Some(tenant), id: Some(id) }
    }
}

/// The texts that an event names; none where one is malformed.
pub(super) fn texts_named(event: &Recorded) -> Option<Vec<NamedText>> {
    if !texts::may_hold_texts(&event.payload) {
        return Some(Vec::new());
    }
    let mut payload: Value = serde_json::from_str(&event.payload).ok()?;
    let (tenant, position, id) = (event.tenant, event.position, event.event_id.0);
    let named = texts::named(&mut payload)?;
    Some(named.into_iter().map(|text| NamedText { tenant, position, event: id, text }).collect())
}

/// The messages whose text was redacted. All of them are known before the first event is looked
/// at, since a redaction comes after what it redacts, and perhaps in another conversation.
pub(super) struct Redacted(HashSet<(Uuid, String)>);

impl Redacted {
    pub(super) async fn read(client: &Client) -> Result<Self, LogError> {
        let rows = client.query(sql::VERIFY_REDACTED, &[]).await?;
        let messages = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Self(messages.collect::<Result<_, tokio_postgres::Error>>()?))
    }

    fn holds(&self, tenant: TenantId, message: Option<String>) -> bool {
        message.is_some_and(|message| self.0.contains(&(tenant.0, message)))
    }
}

/// Looks at the texts that a page of events names.
pub(super) async fn check_texts(
    client: &Client,
    named: &[NamedText],
    redacted: &Redacted,
    verified: &mut Verified,
) -> Result<(), LogError> {
    if named.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = named.iter().map(|it| it.tenant.0).collect();
    let subjects: Vec<Uuid> = named.iter().map(|it| it.text.subject.0).collect();
    let positions: Vec<Position> = named.iter().map(|it| it.position).collect();
    let fields: Vec<i16> = named.iter().map(|it| it.text.field).collect();
    let rows =
        client.query(sql::LOG_CIPHERTEXTS, &[&tenants, &subjects, &positions, &fields]).await?;
    let stored: HashMap<(Position, i16), String> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), hex::encode(sha256(row.get::<_, &[u8]>(3)))))
        .collect();
    let mut gone = Vec::new();
    for it in named {
        match stored.get(&(it.position, it.text.field)) {
            None => gone.push(it),
            Some(hash) => {
                verified.texts += 1;
                if *hash != it.text.hash {
                    verified.found(it.finding(Rule::TextsAgree));
                }
            }
        }
    }
    check_gone(client, &gone, redacted, verified).await
}

/// A text is gone because its subject was forgotten or its message redacted, because it was parked
/// until it became a message, or because it was discarded; or else it was lost.
async fn check_gone(
    client: &Client,
    gone: &[&NamedText],
    redacted: &Redacted,
    verified: &mut Verified,
) -> Result<(), LogError> {
    if gone.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = gone.iter().map(|it| it.tenant.0).collect();
    let subjects: Vec<Uuid> = gone.iter().map(|it| it.text.subject.0).collect();
    let positions: Vec<Position> = gone.iter().map(|it| it.position).collect();
    let rows = client.query(sql::VERIFY_UNFORGOTTEN, &[&tenants, &subjects, &positions]).await?;
    let mut lost = Vec::new();
    for row in rows {
        let (number, settled): (i64, bool) = (row.try_get(0)?, row.try_get(2)?);
        let it = usize::try_from(number - 1).ok().and_then(|index| gone.get(index));
        let it = it.expect("the numbers are those of what was asked");
        if !settled && !redacted.holds(it.tenant, row.try_get(1)?) {
            lost.push(it);
        }
    }
    verified.texts_deleted += u64::try_from(gone.len() - lost.len()).unwrap_or(u64::MAX);
    // Named once, however many of its texts are gone.
    lost.dedup_by_key(|it| it.position);
    for it in lost {
        verified.found(it.finding(Rule::TextsAreKept));
    }
    Ok(())
}
