//! The sealed texts: each is the one that its event names, or the log says why it is gone.

use std::collections::HashMap;

use allhours_domain::ids::TenantId;
use serde_json::Value;
use tokio_postgres::{Client, Row};
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

/// What was redacted, and where in the log the last word of it stands. All of it is known before
/// the first event is looked at, since a redaction comes after what it redacts, and perhaps in
/// another conversation.
pub(super) struct Redacted(HashMap<(Uuid, Text), Position>);

/// A text that can be redacted.
#[derive(PartialEq, Eq, Hash)]
enum Text {
    /// Of a message, also as it was delivered.
    Message(String),
    /// The subject line of a conversation.
    Subject(Uuid),
    /// What was delivered to a conversation, which may hold a subject line.
    Deliveries(String),
    /// Of a field of a conversation.
    Field(Uuid, String),
}

impl Redacted {
    pub(super) async fn read(client: &Client) -> Result<Self, LogError> {
        let mut all = HashMap::new();
        for row in client.query(sql::VERIFY_REDACTED, &[]).await? {
            let (tenant, position): (Uuid, Position) = (row.try_get(0)?, row.try_get(1)?);
            let (name, stream): (&str, Uuid) = (row.try_get(2)?, row.try_get(3)?);
            let (message, field): (Option<_>, Option<_>) = (row.try_get(4)?, row.try_get(5)?);
            let mut texts: Vec<Text> = message.into_iter().map(Text::Message).collect();
            texts.extend(field.map(|field| Text::Field(stream, field)));
            if name == SUBJECT_REDACTED {
                texts.push(Text::Subject(stream));
                let deliveries: Vec<String> = row.try_get(6)?;
                texts.extend(deliveries.into_iter().map(Text::Deliveries));
            }
            for text in texts {
                let last: &mut Position = all.entry((tenant, text)).or_default();
                *last = position.max(*last);
            }
        }
        Ok(Self(all))
    }

    /// Whether one of these was redacted after `position`.
    fn explain(&self, tenant: TenantId, position: Position, texts: Vec<Text>) -> bool {
        let mut last = texts.into_iter().filter_map(|text| self.0.get(&(tenant.0, text)));
        last.any(|redacted| *redacted > position)
    }
}

const SUBJECT_REDACTED: &str = "conversation.subject_redacted";

/// What a text that is gone may have been redacted as.
fn redacted_as(row: &Row) -> Result<Vec<Text>, LogError> {
    let (name, stream): (&str, Uuid) = (row.try_get(1)?, row.try_get(2)?);
    let (message, field): (Option<_>, Option<_>) = (row.try_get(3)?, row.try_get(4)?);
    let conversation: Option<_> = row.try_get(5)?;
    let mut texts: Vec<Text> = message.into_iter().map(Text::Message).collect();
    texts.extend(conversation.map(Text::Deliveries));
    if name == "conversation.opened" {
        texts.push(Text::Subject(stream));
    } else if name == "conversation.field_set" {
        texts.extend(field.map(|field| Text::Field(stream, field)));
    }
    Ok(texts)
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

/// A text is gone because its subject was forgotten or it was redacted, because it was parked
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
        let (number, settled): (i64, bool) = (row.try_get(0)?, row.try_get(6)?);
        let it = usize::try_from(number - 1).ok().and_then(|index| gone.get(index));
        let it = it.expect("the numbers are those of what was asked");
        if !settled && !redacted.explain(it.tenant, it.position, redacted_as(&row)?) {
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
