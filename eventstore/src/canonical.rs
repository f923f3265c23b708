//! The canonical bytes of an event, and its leaf hash. An offline verifier needs only this page.
//!
//! The canonical bytes are one JSON object without white space, in UTF-8:
//!
//! - keys of every object stand in the order of their UTF-8 bytes;
//! - numbers are whole, in decimal, without leading zeros, fraction or exponent;
//! - in strings only `"`, `\` and characters below U+0020 are escaped: `\"`, `\\`, `\b`, `\t`,
//!   `\n`, `\f`, `\r`, the rest as `\u00xx` in lower case (as in RFC 8785);
//! - instants are RFC 3339 in UTC with `Z`, as many decimals as needed, at most six;
//! - ids are lower case with hyphens, absent ones `null`.
//!
//! The object's keys: `actor`, `causation_id`, `command_id`, `correlation_id`, `event_id`,
//! `name`, `occurred_at`, `payload`, `recorded_at`, `schema_version`, `stream_id`,
//! `stream_type`, `tenant_id`, `traceparent`, `version`. `traceparent` is there only where the
//! event has one: older events have none, and keep their bytes. The position is not in it: the
//! Merkle tree gives it.
//!
//! The leaf hash is SHA-256 over a zero byte and the canonical bytes (RFC 6962, section 2.1).

use std::io::Write as _;

use allhours_domain::{
    actor::Actor,
    ids::{CommandId, CorrelationId, EventId, TenantId},
    trace::Traceparent,
};
use jiff::{Timestamp, TimestampRound, Unit};
use ring::digest;
use serde_json::Value;

use crate::recorded::{Recorded, StreamId};

/// Why a value has no canonical bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// Not JSON at all.
    #[error("is not JSON")]
    Malformed,
    /// Two stores may write a fraction in two ways, so events hold none.
    #[error("holds a number that is not whole")]
    Fraction,
    /// PostgreSQL can't store it.
    #[error("holds a NUL character")]
    Nul,
}

/// All of an event but its position and payload.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which stream.
    pub stream: StreamId,
    /// Its number in the stream.
    pub version: i32,
    /// Its own id.
    pub event_id: EventId,
    /// The stored name.
    pub name: &'a str,
    /// The version of its shape.
    pub schema_version: i16,
    /// The command that caused it.
    pub command_id: CommandId,
    /// All that follows from one outside cause.
    pub correlation_id: CorrelationId,
    /// The event that made somebody send the command.
    pub causation_id: Option<EventId>,
    /// The W3C trace of the request that asked for it, if it was part of one.
    pub traceparent: Option<Traceparent>,
    /// Who or what caused it.
    pub actor: &'a Actor,
    /// When it happened, in whole microseconds.
    pub occurred_at: Timestamp,
    /// When it was written down, in whole microseconds.
    pub recorded_at: Timestamp,
}

impl<'a> From<&'a Recorded> for Envelope<'a> {
    fn from(event: &'a Recorded) -> Self {
        Self {
            tenant: event.tenant,
            stream: event.stream,
            version: event.version,
            event_id: event.event_id,
            name: &event.name,
            schema_version: event.schema_version,
            command_id: event.command_id,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            traceparent: event.traceparent,
            actor: &event.actor,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
        }
    }
}

/// The canonical bytes of an event as it is recorded; its texts must be sealed.
///
/// # Errors
///
/// A payload that no event can have.
pub fn canonical_bytes(event: &Recorded) -> Result<Vec<u8>, NotCanonical> {
    let payload = serde_json::from_str(&event.payload).map_err(|_| NotCanonical::Malformed)?;
    canonical_event(&Envelope::from(event), &canonical_text(&payload)?)
}

/// The canonical bytes of an event with this payload, which is canonical already.
///
/// # Errors
///
/// An actor with a NUL character in its name.
pub fn canonical_event(envelope: &Envelope<'_>, payload: &str) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::with_capacity(payload.len() + 640);
    out.extend_from_slice(b"{\"actor\":");
    string(&envelope.actor.to_string(), &mut out)?;
    match envelope.causation_id {
        Some(id) => write(&mut out, format_args!(",\"causation_id\":\"{id}\"")),
        None => write(&mut out, format_args!(",\"causation_id\":null")),
    }
    write(
        &mut out,
        format_args!(
            ",\"command_id\":\"{}\",\"correlation_id\":\"{}\",\"event_id\":\"{}\",\"name\":",
            envelope.command_id, envelope.correlation_id, envelope.event_id
        ),
    );
    string(envelope.name, &mut out)?;
    write(
        &mut out,
        format_args!(
            ",\"occurred_at\":\"{}\",\"payload\":{payload},\"recorded_at\":\"{}\",\
             \"schema_version\":{},\"stream_id\":\"{}\",\"stream_type\":",
            envelope.occurred_at, envelope.recorded_at, envelope.schema_version, envelope.stream.id
        ),
    );
    string(envelope.stream.stream_type.0, &mut out)?;
    write(&mut out, format_args!(",\"tenant_id\":\"{}\"", envelope.tenant));
    if let Some(traceparent) = envelope.traceparent {
        write(&mut out, format_args!(",\"traceparent\":\"{traceparent}\""));
    }
    write(&mut out, format_args!(",\"version\":{}}}", envelope.version));
    Ok(out)
}

/// SHA-256 over a zero byte and the canonical bytes.
#[must_use]
pub fn leaf_hash(canonical: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(canonical);
    hash_bytes(&context.finish())
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    hash_bytes(&digest::digest(&digest::SHA256, bytes))
}

fn hash_bytes(digest: &digest::Digest) -> [u8; 32] {
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The canonical text of a JSON value.
///
/// # Errors
///
/// A fraction or a NUL character anywhere in it.
pub fn canonical_text(value: &Value) -> Result<String, NotCanonical> {
    let mut out = Vec::with_capacity(256);
    canonical(value, &mut out)?;
    String::from_utf8(out).map_err(|_| NotCanonical::Malformed)
}

fn canonical(value: &Value, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            if !(number.is_i64() || number.is_u64()) {
                return Err(NotCanonical::Fraction);
            }
            write(out, format_args!("{number}"));
        }
        Value::String(text) => string(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                canonical(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (key, field)) in sorted(fields).into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(key, out)?;
                out.push(b':');
                canonical(field, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// The fields of an object in canonical order, whatever order the map keeps.
pub(crate) fn sorted(fields: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
    sorted
}

fn string(text: &str, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    if text.as_bytes().contains(&0) {
        return Err(NotCanonical::Nul);
    }
    serde_json::to_writer(out, text).map_err(|_| NotCanonical::Malformed)
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes all that is written to it");
}

/// An instant as the log keeps it: cut to whole microseconds.
#[must_use]
pub fn stored_instant(instant: Timestamp) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Floor);
    // Always possible: the ends of what can be represented are whole seconds.
    instant.round(round).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
