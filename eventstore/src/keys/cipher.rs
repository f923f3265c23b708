//! What sealing is: AES-256-GCM with a random nonce, bound to the place where the text stands.
//!
//! A ciphertext is a format byte (1), a nonce of 12 bytes, and the encrypted bytes with their
//! tag of 16. Bound to it, but not in it: for a text its tenant, subject, event, ordinal in
//! the event and the generation of the subject's key; for a wrapped key whose key it is.

use allhours_domain::ids::{EventId, SubjectId, TenantId};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use super::{KEY_BYTES, Secret};
use crate::error::LogError;

const FORMAT: u8 = 1;
const HEAD_BYTES: usize = 1 + NONCE_LEN;

/// Where a text stands. A ciphertext opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub tenant: TenantId,
    pub subject: SubjectId,
    pub event: EventId,
    pub field: i16,
    pub generation: i16,
}

impl Place {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(53);
        bytes.push(b't');
        bytes.extend_from_slice(self.tenant.0.as_bytes());
        bytes.extend_from_slice(self.subject.0.as_bytes());
        bytes.extend_from_slice(self.event.0.as_bytes());
        bytes.extend_from_slice(&self.field.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes
    }
}

/// Whose wrapped key it is, as bound to the wrapped bytes.
pub(crate) fn tenant_key_place(tenant: TenantId, generation: i16) -> Vec<u8> {
    let mut bytes = vec![b'k'];
    bytes.extend_from_slice(tenant.0.as_bytes());
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes
}

/// Whose wrapped key it is, as bound to the wrapped bytes.
pub(crate) fn subject_key_place(tenant: TenantId, subject: SubjectId, generation: i16) -> Vec<u8> {
    let mut bytes = vec![b's'];
    bytes.extend_from_slice(tenant.0.as_bytes());
    bytes.extend_from_slice(subject.0.as_bytes());
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes
}

fn aead(key: &Secret) -> LessSafeKey {
    let unbound = UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("a key has 32 bytes");
    LessSafeKey::new(unbound)
}

/// Encrypts `plain` and binds it to `place`.
pub(crate) fn seal(key: &Secret, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, LogError> {
    let mut nonce = [0; NONCE_LEN];
    random(&mut nonce)?;
    let mut out = Vec::with_capacity(HEAD_BYTES + plain.len() + AES_256_GCM.tag_len());
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = aead(key)
        .seal_in_place_separate_tag(nonce, Aad::from(place), &mut out[HEAD_BYTES..])
        .map_err(|_| LogError::Key("cannot seal a text of this length"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// Decrypts what was sealed for `place`; `None` for another key, place or format, or where
/// a bit of it changed.
pub(crate) fn open(key: &Secret, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (head, rest) = sealed.split_at_checked(HEAD_BYTES)?;
    let (format, nonce) = head.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(rest.to_vec());
    let plain_bytes = aead(key).open_in_place(nonce, Aad::from(place), &mut bytes).ok()?.len();
    bytes.truncate(plain_bytes);
    Some(bytes)
}

/// A key from the bytes that `open` gave.
pub(crate) fn secret_from(bytes: &[u8]) -> Option<Secret> {
    <[u8; KEY_BYTES]>::try_from(bytes).ok().map(Zeroizing::new)
}

/// A new random key.
pub(crate) fn random_secret() -> Result<Secret, LogError> {
    let mut secret = Zeroizing::new([0; KEY_BYTES]);
    random(secret.as_mut_slice())?;
    Ok(secret)
}

fn random(bytes: &mut [u8]) -> Result<(), LogError> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| LogError::Key("cannot be made: the system has no random source"))
}

/// A keyed hash of `text`, as a UUID of version 5.
pub(crate) fn blind(key: &Secret, text: &str) -> uuid::Uuid {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_slice());
    let tag = hmac::sign(&key, text.as_bytes());
    let bytes = tag.as_ref().first_chunk::<16>().expect("SHA-256 has 32 bytes");
    uuid::Builder::from_sha1_bytes(*bytes).into_uuid()
}

/// A keyed hash of a hash, so that nobody without the key can try what was hashed.
pub(crate) fn keyed(key: &Secret, hash: &[u8; 32]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_slice());
    let tag = hmac::sign(&key, hash);
    *tag.as_ref().first_chunk().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn place() -> Place {
        Place {
            tenant: TenantId(Uuid::from_u128(1)),
            subject: SubjectId(Uuid::from_u128(2)),
            event: EventId(Uuid::from_u128(3)),
            field: 1,
            generation: 1,
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_with_the_same_key_at_the_same_place(text in ".{0,200}") {
            let key = random_secret().unwrap();
            let sealed = seal(&key, &place().bytes(), text.as_bytes()).unwrap();
            let opened = open(&key, &place().bytes(), &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), text.as_bytes());
        }

        #[test]
        fn a_changed_bit_is_noticed(bit in 0_usize..(13 + 5 + 16) * 8) {
            let key = random_secret().unwrap();
            let mut sealed = seal(&key, &place().bytes(), b"Hello").unwrap();
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(&key, &place().bytes(), &sealed).is_none());
        }
    }

    #[test]
    fn a_ciphertext_opens_at_no_other_place_and_with_no_other_key() {
        let key = random_secret().unwrap();
        let sealed = seal(&key, &place().bytes(), b"Hello").unwrap();
        let other = |change: fn(&mut Place)| {
            let mut other = place();
            change(&mut other);
            open(&key, &other.bytes(), &sealed)
        };
        assert!(other(|it| it.tenant.0 = Uuid::from_u128(9)).is_none());
        assert!(other(|it| it.subject.0 = Uuid::from_u128(9)).is_none());
        assert!(other(|it| it.event.0 = Uuid::from_u128(9)).is_none());
        assert!(other(|it| it.field = 0).is_none());
        assert!(other(|it| it.generation = 2).is_none());
        assert!(open(&random_secret().unwrap(), &place().bytes(), &sealed).is_none());
        assert!(open(&key, &place().bytes(), &sealed[..5]).is_none());
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time_and_blinded_alike() {
        let key = random_secret().unwrap();
        let once = seal(&key, &place().bytes(), b"Hello").unwrap();
        assert_ne!(once, seal(&key, &place().bytes(), b"Hello").unwrap());
        assert_eq!(blind(&key, "email|ada@example.org"), blind(&key, "email|ada@example.org"));
        assert_ne!(blind(&key, "email|ada@example.org"), blind(&key, "email|bob@example.org"));
        assert_eq!(blind(&key, "x").get_version_num(), 5);
    }
}
