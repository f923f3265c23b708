//! Events as JSON Lines, oldest first: history for programs that read lines.

use std::{io, io::Write};

use allhours_domain::{catalogue::catalogue, ids::TenantId};
use allhours_eventstore::{
    error::LogError,
    log::Log,
    recorded::{Position, Recorded},
};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

use crate::{cli::ids, tenant::tenant_id};

/// How many events are read at once.
const PAGE: usize = 1_000;

/// How like a name another must be to be taken for what was meant.
const LIKENESS_MIN: f64 = 0.85;

/// Which events are wanted; everything said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Type(Vec<String>),
    Stream(Vec<String>),
    /// As they were written, and whom that means.
    Tenant(Vec<(String, TenantId)>),
    Actor(Vec<String>),
    Command(Vec<Uuid>),
    Correlation(Vec<Uuid>),
}

/// A condition that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the condition `{0}` {1}")]
pub struct BadCondition(String, String);

impl Conditions {
    /// Reads conditions such as `type=conversation.*|desk.opened,tenant=demo`.
    ///
    /// # Errors
    ///
    /// Which one does not read.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, BadCondition> {
        let parts = texts.into_iter().flat_map(|text| text.split(','));
        parts.map(condition).collect::<Result<_, _>>().map(Self)
    }

    /// The tenants that are asked for, as they were written.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        let words = self.0.iter().filter_map(|condition| match condition {
            Condition::Tenant(words) => Some(words),
            Condition::Type(_)
            | Condition::Stream(_)
            | Condition::Actor(_)
            | Condition::Command(_)
            | Condition::Correlation(_) => None,
        });
        words.flatten().map(|(word, _)| word.as_str())
    }

    /// Whether an event fits.
    #[must_use]
    pub fn fit(&self, event: &Recorded) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Type(patterns) => patterns.iter().any(|it| matches(it, &event.name)),
            Condition::Stream(patterns) => {
                let stream = event.stream.to_string();
                patterns.iter().any(|it| *it == stream || *it == event.stream.stream_type.0)
            }
            Condition::Tenant(tenants) => tenants.iter().any(|(_, id)| *id == event.tenant),
            Condition::Actor(patterns) => {
                let actor = event.actor.to_string();
                patterns.iter().any(|it| matches(it, &actor))
            }
            Condition::Command(ids) => ids.contains(&event.command_id.0),
            Condition::Correlation(ids) => ids.contains(&event.correlation_id.0),
        })
    }
}

fn condition(text: &str) -> Result<Condition, BadCondition> {
    let bad = |why: &str| BadCondition(text.to_owned(), why.to_owned());
    let (key, values) = text.split_once('=').ok_or(bad("is not KEY=VALUE"))?;
    let values: Vec<&str> = values.split('|').map(str::trim).collect();
    if values.iter().any(|value| value.is_empty()) {
        return Err(bad("has no value"));
    }
    let texts = || values.iter().map(|value| (*value).to_owned()).collect();
    let ids = || {
        let ids: Result<Vec<Uuid>, _> = values.iter().map(|it| Uuid::parse_str(it)).collect();
        ids.map_err(|_| bad("needs an id"))
    };
    Ok(match key.trim() {
        "type" => match values.iter().find_map(|value| no_such_type(value)) {
            Some(why) => return Err(bad(&why)),
            None => Condition::Type(texts()),
        },
        "stream" => {
            let named = |value: &&str| ids::stream(value).unwrap_or_else(|| (*value).to_owned());
            Condition::Stream(values.iter().map(named).collect())
        }
        "tenant" => {
            let named = |word: &&str| ((*word).to_owned(), tenant_id(word));
            Condition::Tenant(values.iter().map(named).collect())
        }
        "actor" => Condition::Actor(texts()),
        "command" => Condition::Command(ids()?),
        "correlation" => Condition::Correlation(ids()?),
        _ => return Err(bad("asks for none of type, stream, tenant, actor, command, correlation")),
    })
}

/// What to say where no event is ever called like this.
fn no_such_type(pattern: &str) -> Option<String> {
    let names: Vec<&str> = catalogue().into_iter().map(|(_, kind)| kind.name).collect();
    if names.iter().any(|name| matches(pattern, name)) {
        return None;
    }
    let wanted = pattern.trim_end_matches('*');
    let nearest = names.into_iter().map(|name| (strsim::jaro_winkler(wanted, name), name));
    let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((likeness, name)) if likeness > LIKENESS_MIN => format!(", but `{name}`"),
        Some(_) | None => String::new(),
    };
    Some(format!("names an event that there is not{hint}; docs/events.md lists all"))
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => pattern == text,
    }
}

/// Why a replay ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The lines can't be written.
    #[error("the events can't be written: {0}")]
    Write(#[from] io::Error),
    /// An event's payload is no JSON.
    #[error("event {0} does not read back")]
    Payload(Position),
}

/// Which part of the log, and how.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// From this position on.
    pub from: Position,
    /// Up to this one; the newest when it began where nothing is said.
    pub to: Option<Position>,
    /// Which events.
    pub conditions: Conditions,
    /// With personal texts readable.
    pub open: bool,
}

/// Writes a part of the log; says how many events.
///
/// # Errors
///
/// The log failed, or nobody reads any more.
pub async fn replay<L: Log>(
    log: &L,
    part: &Part,
    out: &mut (impl Write + Send),
) -> Result<u64, ReplayError> {
    let head = log.head().await?;
    let to = part.to.map_or(head, |to| to.min(head));
    let mut after = part.from.max(1) - 1;
    let mut written = 0;
    while after < to {
        let mut page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        page.retain(|event| event.position <= to && part.conditions.fit(event));
        let page = if part.open { log.open(page).await? } else { page };
        for event in &page {
            writeln!(out, "{}", line(event)?)?;
            written += 1;
        }
    }
    out.flush()?;
    Ok(written)
}

/// One event as JSON.
fn line(event: &Recorded) -> Result<String, ReplayError> {
    let broken = |_| ReplayError::Payload(event.position);
    let payload: &RawValue = serde_json::from_str(&event.payload).map_err(broken)?;
    let envelope = json!({
        "position": event.position,
        "tenant": event.tenant,
        "stream": event.stream.to_string(),
        "version": event.version,
        "eventId": event.event_id,
        "type": event.name,
        "schemaVersion": event.schema_version,
        "commandId": event.command_id,
        "correlationId": event.correlation_id,
        "causationId": event.causation_id,
        "traceparent": event.traceparent.map(|it| it.to_string()),
        "actor": event.actor,
        "occurredAt": event.occurred_at,
        "recordedAt": event.recorded_at,
        "leafHash": hex::encode(event.leaf_hash),
    });
    let mut text = envelope.to_string();
    text.truncate(text.len() - 1);
    Ok(format!("{text},\"payload\":{payload}}}"))
}

#[cfg(test)]
mod tests {

    use allhours_domain::trace::Traceparent;
    use allhours_eventstore::{canonical::canonical_bytes, keys::MasterKey, memory::MemoryLog};
    use serde_json::Value;

    use super::*;
    use crate::{demo, desk::Desk, export::parquet};

    async fn replayed(part: Part) -> Vec<Value> {
        let log = MemoryLog::new(MasterKey::generate().unwrap());
        demo::make(&Desk::new(log.clone())).await.unwrap();
        let mut out = Vec::new();
        let written = replay(&log, &part, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines.len() as u64, written);
        lines
    }

    fn conditions(text: &str) -> Conditions {
        Conditions::parse([text]).unwrap()
    }

    #[tokio::test]
    async fn every_event_is_a_line_in_order() {
        let lines = replayed(Part::default()).await;
        let positions: Vec<i64> =
            lines.iter().map(|line| line["position"].as_i64().unwrap()).collect();
        assert_eq!(positions, (1_i64..).take(positions.len()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn only_what_fits_is_written() {
        let part = Part { from: 2, conditions: conditions("type=team.*"), ..Part::default() };
        let lines = replayed(part).await;
        assert!(lines.iter().all(|line| line["type"].as_str().unwrap().starts_with("team.")));
        assert!(!lines.is_empty());
        let none = Part { conditions: conditions("type=team.*,tenant=other"), ..Part::default() };
        assert!(replayed(none).await.is_empty());
    }

    #[tokio::test]
    async fn texts_are_sealed_unless_they_are_asked_for() {
        let of = |open| Part {
            conditions: conditions("type=conversation.customer_message_received"),
            open,
            ..Part::default()
        };
        let sealed = replayed(of(false)).await;
        assert!(sealed.iter().all(|line| line["payload"]["text"]["sealed"].is_string()));
        let open = replayed(of(true)).await;
        assert!(open.iter().all(|line| line["payload"]["text"]["text"].is_string()));
    }

    /// The names in one column of the table that says which belong together.
    fn documented(column: usize) -> String {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
        let document = std::fs::read_to_string(document).unwrap();
        let table = document.split("### What an event's parts are called").nth(1).unwrap();
        let rows = table.lines().skip_while(|line| !line.starts_with('|'));
        let rows = rows.take_while(|line| line.starts_with('|'));
        rows.filter_map(|row| row.split('|').nth(column + 2)).collect::<Vec<_>>().join(" ")
    }

    #[tokio::test]
    async fn every_part_of_an_event_stands_in_the_table_by_each_of_its_names() {
        let line = replayed(Part { to: Some(1), ..Part::default() }).await.remove(0);
        let log = MemoryLog::new(MasterKey::generate().unwrap());
        demo::make(&Desk::new(log.clone())).await.unwrap();
        let mut event = log.read(0, 1).await.unwrap().remove(0);
        event.traceparent = Some(Traceparent { trace_id: 1, parent_id: 2, flags: 1 });
        let bytes = canonical_bytes(&event).unwrap();
        let canonical: Value = serde_json::from_slice(&bytes).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect();
        let in_bundle: Vec<String> = keys(&canonical);
        let columns = parquet::schema();
        let columns = columns.fields().iter().map(|field| field.name().clone());
        let all: [Vec<String>; 3] = [
            keys(&line),
            in_bundle.iter().map(|key| format!("event.{key}")).collect(),
            columns.collect(),
        ];
        for (column, names) in all.iter().enumerate() {
            let documented = documented(column);
            assert!(names.len() > 10, "{names:?}");
            for name in names {
                assert!(documented.contains(&format!("`{name}`")), "{name}: {documented}");
            }
        }
    }

    #[test]
    fn a_condition_that_does_not_read_is_named() {
        for text in ["type", "colour=red", "type=", "command=7", "type=conversation.opned"] {
            assert!(Conditions::parse([text]).is_err(), "{text}");
        }
    }
}
