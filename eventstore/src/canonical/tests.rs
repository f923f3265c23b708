//! What must never change about canonical bytes.

use allhours_domain::ids::PersonId;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::recorded::StreamType;

fn recorded(payload: String) -> Recorded {
    let instant: Timestamp = "2026-03-01T10:20:30.000450Z".parse().unwrap();
    Recorded {
        position: 7,
        tenant: TenantId(Uuid::from_u128(1)),
        stream: StreamId { stream_type: StreamType("team"), id: Uuid::from_u128(2) },
        version: 3,
        event_id: EventId(Uuid::from_u128(4)),
        name: "team.renamed".to_owned(),
        schema_version: 1,
        command_id: CommandId(Uuid::from_u128(5)),
        correlation_id: CorrelationId(Uuid::from_u128(6)),
        causation_id: None,
        traceparent: None,
        actor: Actor::Person(PersonId(Uuid::from_u128(8))),
        occurred_at: instant,
        recorded_at: instant,
        payload,
        leaf_hash: [0; 32],
    }
}

#[test]
fn the_canonical_bytes_of_an_event_are_these() {
    let event = recorded(r#"{"b": [1, -2, true, null], "a": "x\"\\\n\u0001é/\u007f"}"#.to_owned());
    let expected = concat!(
        r#"{"actor":"person:00000000-0000-0000-0000-000000000008","causation_id":null,"#,
        r#""command_id":"00000000-0000-0000-0000-000000000005","#,
        r#""correlation_id":"00000000-0000-0000-0000-000000000006","#,
        r#""event_id":"00000000-0000-0000-0000-000000000004","name":"team.renamed","#,
        r#""occurred_at":"2026-03-01T10:20:30.00045Z","#,
        r#""payload":{"a":"x\"\\\n\u0001é/"#,
        "\u{7f}",
        r#"","b":[1,-2,true,null]},"recorded_at":"2026-03-01T10:20:30.00045Z","#,
        r#""schema_version":1,"stream_id":"00000000-0000-0000-0000-000000000002","#,
        r#""stream_type":"team","tenant_id":"00000000-0000-0000-0000-000000000001","version":3}"#,
    );
    let bytes = canonical_bytes(&event).unwrap();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
    assert_eq!(
        hex::encode(leaf_hash(&bytes)),
        hex::encode(sha256(&[&[0], expected.as_bytes()].concat()))
    );
}

#[test]
fn a_trace_stands_in_the_bytes_where_there_is_one_and_changes_nothing_where_there_is_none() {
    let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let event = recorded("{}".to_owned());
    let traced = Recorded { traceparent: Some(text.parse().unwrap()), ..event.clone() };
    let bytes = |event: &Recorded| String::from_utf8(canonical_bytes(event).unwrap()).unwrap();
    let without = bytes(&event);
    assert!(!without.contains("trace"), "{without}");
    let version = r#","version":3}"#;
    let with = without.replace(version, &format!(r#","traceparent":"{text}"{version}"#));
    assert_eq!(bytes(&traced), with);
}

#[test]
fn the_position_is_not_part_of_the_bytes() {
    let event = recorded("{}".to_owned());
    let moved = Recorded { position: 8, ..event.clone() };
    assert_eq!(canonical_bytes(&event), canonical_bytes(&moved));
}

#[test]
fn a_fraction_has_no_canonical_bytes() {
    assert_eq!(canonical_text(&json!({ "rate": 0.5 })), Err(NotCanonical::Fraction));
    assert_eq!(
        canonical_text(&json!({ "big": u64::MAX })).unwrap(),
        format!("{{\"big\":{}}}", u64::MAX)
    );
}

#[test]
fn a_nul_character_has_no_canonical_bytes() {
    assert_eq!(canonical_text(&json!(["a\0b"])), Err(NotCanonical::Nul));
    assert_eq!(canonical_text(&json!({ "a\0b": 1 })), Err(NotCanonical::Nul));
}

#[test]
fn an_instant_is_cut_to_microseconds_also_before_1970() {
    let instant: Timestamp = "1969-12-31T23:59:59.123456789Z".parse().unwrap();
    assert_eq!(stored_instant(instant).to_string(), "1969-12-31T23:59:59.123456Z");
}

/// JSON as events hold it: no fractions, no NUL.
fn any_json() -> impl Strategy<Value = Value> {
    let text = "[^\u{0}]{0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Writes as jsonb does: keys by length and then bytes, a blank after each comma and colon.
fn as_jsonb(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| (key.len(), (*key).clone()));
            out.push('{');
            for (index, (key, field)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(&Value::from(key.clone()).to_string());
                out.push_str(": ");
                as_jsonb(field, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                as_jsonb(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

proptest! {
    #[test]
    fn what_jsonb_does_to_a_payload_does_not_change_its_bytes(value in any_json()) {
        let canonical = canonical_text(&value).unwrap();
        let mut jsonb = String::new();
        as_jsonb(&value, &mut jsonb);
        let read: Value = serde_json::from_str(&jsonb).unwrap();
        prop_assert_eq!(canonical_text(&read).unwrap(), canonical.clone());
        let again: Value = serde_json::from_str(&canonical).unwrap();
        prop_assert_eq!(canonical_text(&again).unwrap(), canonical);
    }
}
