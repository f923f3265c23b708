//! The personal texts inside a payload: found in canonical order, sealed, opened.
//!
//! The stored form of a text is an object that holds `$subject`. The texts of an event are
//! numbered from 0 in canonical order: keys by their bytes, an object before what is in it.

use allhours_domain::ids::{EventId, SubjectId, TenantId};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    canonical::sha256,
    error::LogError,
    keys::{
        cipher::{self, Place},
        keyring::{Held, SubjectKey},
    },
};

const SUBJECT: &str = "$subject";
const TEXT: &str = "text";
const SEALED: &str = "sealed";
const ERASED: &str = "erased";

/// A sealed text, as the side table holds it.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub subject: SubjectId,
    /// Its number among the texts of its event.
    pub field: i16,
    /// The generation of the subject's key.
    pub generation: i16,
    pub ciphertext: Vec<u8>,
}

/// A text that a stored payload names by the hash of its ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub subject: SubjectId,
    pub field: i16,
    pub hash: String,
}

/// Whether a payload may hold personal texts at all; cheap, and never wrong about a no.
pub(crate) fn may_hold_texts(payload: &str) -> bool {
    payload.contains("\"$subject\"")
}

/// Calls `visit` with each text and its number, in canonical order, until one fails.
fn each<E>(
    value: &mut Value,
    visit: &mut impl FnMut(i16, &mut Map<String, Value>) -> Result<(), E>,
) -> Result<(), E> {
    fn walk<E>(
        value: &mut Value,
        next: &mut i16,
        visit: &mut impl FnMut(i16, &mut Map<String, Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        match value {
            Value::Object(fields) if fields.contains_key(SUBJECT) => {
                let field = *next;
                *next += 1;
                visit(field, fields)
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter_mut().collect();
                fields.sort_unstable_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
                fields.into_iter().try_for_each(|(_, field)| walk(field, next, visit))
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, next, visit)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }
    walk(value, &mut 0, visit)
}

fn subject_of(text: &Map<String, Value>) -> Option<SubjectId> {
    let subject = text.get(SUBJECT)?.as_str()?;
    Uuid::parse_str(subject).ok().map(SubjectId)
}

/// The most texts in one event.
const TEXTS_MAX: usize = 1_000;

/// The subjects of all readable texts, each once.
pub(crate) fn subjects(payload: &mut Value) -> Result<Vec<SubjectId>, LogError> {
    let mut subjects = Vec::new();
    each(payload, &mut |field, text| {
        if usize::try_from(field).is_ok_and(|field| field >= TEXTS_MAX) {
            return Err(LogError::OutOfBounds("has an event with too many personal texts"));
        }
        let subject =
            subject_of(text).ok_or(LogError::OutOfBounds("has a personal text about nobody"))?;
        if text.contains_key(TEXT) && !subjects.contains(&subject) {
            subjects.push(subject);
        }
        Ok(())
    })?;
    Ok(subjects)
}

/// Puts a hash in place of each readable text, and gives the ciphertexts.
pub(crate) fn seal(
    tenant: TenantId,
    event: EventId,
    payload: &mut Value,
    key_of: impl Fn(SubjectId) -> Option<std::sync::Arc<SubjectKey>>,
) -> Result<Vec<Sealed>, LogError> {
    let mut sealed = Vec::new();
    each(payload, &mut |field, text| {
        if text.contains_key(ERASED) {
            return Ok(());
        }
        let (Some(subject), Some(Value::String(plain))) = (subject_of(text), text.remove(TEXT))
        else {
            return Err(LogError::OutOfBounds("has a personal text that is not readable"));
        };
        let key = key_of(subject).ok_or(LogError::Key("is missing: a subject's key"))?;
        let place = Place { tenant, subject, event, field, generation: key.generation };
        let ciphertext = cipher::seal(&key.secret, &place.bytes(), plain.as_bytes())?;
        text.insert(SEALED.to_owned(), Value::from(hex::encode(sha256(&ciphertext))));
        sealed.push(Sealed { subject, field, generation: key.generation, ciphertext });
        Ok(())
    })?;
    Ok(sealed)
}

/// The sealed texts that a stored payload names; `None` where one is malformed.
pub(crate) fn named(payload: &mut Value) -> Option<Vec<Named>> {
    let mut named = Vec::new();
    each(payload, &mut |field, text| {
        let subject = subject_of(text).ok_or(())?;
        match text.get(SEALED) {
            Some(Value::String(hash)) => named.push(Named { subject, field, hash: hash.clone() }),
            Some(_) => return Err(()),
            None => {}
        }
        Ok(())
    })
    .ok()?;
    Some(named)
}

/// Why a text did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// The ciphertext is not the one that the event names.
    Altered,
    /// The subject's key does not fit.
    Key,
}

/// Puts the readable text in place of each hash, and a mark where it was forgotten.
pub(crate) fn open(
    tenant: TenantId,
    event: EventId,
    payload: &mut Value,
    sealed_of: impl Fn(SubjectId, i16) -> Option<(i16, std::sync::Arc<[u8]>)>,
    key_of: impl Fn(SubjectId) -> Held,
) -> Result<(), Unopened> {
    each(payload, &mut |field, text| {
        let (Some(subject), Some(Value::String(hash))) = (subject_of(text), text.remove(SEALED))
        else {
            return Ok(());
        };
        let held = key_of(subject);
        let (Some((generation, ciphertext)), Held::Open(key)) = (sealed_of(subject, field), held)
        else {
            text.insert(ERASED.to_owned(), Value::Bool(true));
            return Ok(());
        };
        if hex::encode(sha256(&ciphertext)) != hash {
            return Err(Unopened::Altered);
        }
        let place = Place { tenant, subject, event, field, generation };
        let plain = cipher::open(&key.secret, &place.bytes(), &ciphertext);
        let plain = plain.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        text.insert(TEXT.to_owned(), Value::String(plain.ok_or(Unopened::Key)?));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about(who: u128, text: &str) -> Value {
        json!({ "$subject": Uuid::from_u128(who), "text": text })
    }

    #[test]
    fn texts_are_numbered_in_canonical_order_wherever_they_stand() {
        let mut payload = json!({ "z": about(1, "third"), "a": [1, { "bb": about(2, "second"),
            "a": about(1, "first") }], "plain": { "text": "left alone" } });
        let mut order = Vec::new();
        let visited: Result<(), ()> = each(&mut payload, &mut |field, text| {
            order.push((field, text["text"].as_str().unwrap().to_owned()));
            Ok(())
        });
        visited.unwrap();
        let expected = [(0, "first"), (1, "second"), (2, "third")];
        assert_eq!(order, expected.map(|(field, text)| (field, text.to_owned())));
        let ids = [1, 2].map(|it| SubjectId(Uuid::from_u128(it)));
        assert_eq!(subjects(&mut payload).unwrap(), ids);
    }

    #[test]
    fn a_text_that_is_sealed_already_is_refused() {
        let mut payload = json!({ "text": { "$subject": Uuid::from_u128(1), "sealed": "00" } });
        let error = seal(TenantId(Uuid::nil()), EventId(Uuid::nil()), &mut payload, |_| None);
        assert!(matches!(error, Err(LogError::OutOfBounds(_))), "{error:?}");
    }

    #[test]
    fn a_text_about_nobody_is_refused() {
        let mut payload = json!({ "text": { "$subject": "me", "text": "x" } });
        assert!(matches!(subjects(&mut payload), Err(LogError::OutOfBounds(_))));
    }
}
