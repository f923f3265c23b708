//! Signed notes: text, and below it lines with signatures (C2SP `signed-note`, Ed25519 only).

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::Checkpoint;
use crate::canonical::sha256;

/// The number of Ed25519 among the kinds of signatures of notes.
const ED25519_KIND: u8 = 1;
/// What a line with a signature begins with.
const MARK: &str = "\u{2014} ";

/// Why a note can't be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note at all, or its text is no checkpoint.
    #[error("it is no signed checkpoint")]
    Malformed,
    /// Nobody signed it whom we believe.
    #[error("it is not signed by this key")]
    Unsigned,
    /// Somebody changed the text or the signature.
    #[error("its signature does not fit its text")]
    Forged,
}

/// A name or key that can't be that of a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadKey(&'static str);

/// The public half of a key: a name, and what checks its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    public: [u8; 32],
}

/// A key that signs for one log.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl Signer {
    /// Signs for the log of this name; an empty one becomes `allhours/` and the key's own mark.
    ///
    /// # Errors
    ///
    /// A name with a space, a control character or a `+`.
    pub fn new(name: &str, pair: Ed25519KeyPair) -> Result<Self, BadKey> {
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let own = || format!("allhours/{}", hex::encode(&sha256(&public)[..8]));
        let name = if name.is_empty() { own() } else { name.to_owned() };
        Ok(Self { pair, verifier: Verifier::new(name, public)? })
    }

    /// The name of the log that it signs for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// What checks its signatures.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The text, which ends with a line break, as a signed note.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signed = [&self.verifier.id()[..], signature.as_ref()].concat();
        format!("{text}\n{MARK}{} {}\n", self.name(), STANDARD.encode(signed))
    }
}

impl Verifier {
    fn new(name: String, public: [u8; 32]) -> Result<Self, BadKey> {
        let wrong = |it: char| it == '+' || it.is_whitespace() || it.is_control();
        if name.is_empty() || name.contains(wrong) {
            return Err(BadKey("the name of a key has no spaces and no `+`"));
        }
        Ok(Self { name, public })
    }

    /// The name of the log that it checks for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a signature begins with, so that it is not tried with other keys of the name.
    fn id(&self) -> [u8; 4] {
        let kind = [ED25519_KIND];
        let hash = sha256(&[self.name.as_bytes(), b"\n", &kind, &self.public].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The text of a note that this key signed. Other keys' signatures are passed over.
    ///
    /// # Errors
    ///
    /// Why it can't be believed.
    pub fn open_text<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note).ok_or(NoteError::Malformed)?;
        let mut signed = Err(NoteError::Unsigned);
        for line in signatures.lines() {
            let (name, signature) = line
                .strip_prefix(MARK)
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Malformed)?;
            let signature = STANDARD.decode(signature).map_err(|_| NoteError::Malformed)?;
            let (id, signature) = signature.split_at_checked(4).ok_or(NoteError::Malformed)?;
            if name == self.name && id == self.id() {
                let key = UnparsedPublicKey::new(&ED25519, &self.public);
                let fits = key.verify(text.as_bytes(), signature);
                signed = fits.map_err(|_| NoteError::Forged);
            }
        }
        signed.map(|()| text)
    }

    /// The checkpoint in a note that this key signed for its own log.
    ///
    /// # Errors
    ///
    /// Why it can't be believed.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let checkpoint = Checkpoint::parse(self.open_text(note)?).ok_or(NoteError::Malformed)?;
        if checkpoint.origin == self.name { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }
}

/// What the text of a note states, whoever signed it.
#[must_use]
pub fn stated(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(split(note)?.0)
}

/// The text with its last line break, and the lines with signatures.
fn split(note: &str) -> Option<(&str, &str)> {
    let at = note.rfind("\n\n")?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    (signatures.ends_with('\n') && !text.contains('\r')).then_some((text, signatures))
}

impl fmt::Display for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519_KIND], &self.public[..]].concat());
        write!(formatter, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for Verifier {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let bad = BadKey("a public key is NAME+ID+KEY, as `allhours checkpoint --public-key` says");
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad);
        };
        let key = STANDARD.decode(key).map_err(|_| bad)?;
        let Some((&ED25519_KIND, public)) = key.split_first() else { return Err(bad) };
        let verifier = Self::new(name.to_owned(), public.try_into().map_err(|_| bad)?)?;
        // The id in the middle is a check against slips of the pen.
        if verifier.to_string() == text.trim() { Ok(verifier) } else { Err(bad) }
    }
}
