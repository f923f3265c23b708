//! The offline verifier: whether a bundle is what its manifest says, without any database.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind},
    path::Path,
};

use allhours_eventstore::{
    checkpoint::{Checkpoint, note::Verifier},
    merkle::is_consistent,
    recorded::Position,
};
use serde::{Deserialize, Serialize};

use super::{
    ExportError, FORMAT, Manifest,
    bundle::{MANIFEST, PUBLIC_KEY, SIGNATURE, is_part, signed_text},
    circle::{Circle, SUBJECT},
    features,
    files::{failed, hash_of},
    lines::{self, EVENTS},
    manifest::{FileOf, LogState},
    parquet,
    proof::{self, Rebuilt},
};
use crate::causes::of_json;

/// The most differences that are named.
const NAMED_MAX: usize = 100;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// How many events were looked at; of features, how many customers.
    pub events: u64,
    /// Whether it holds features of customers, and not events.
    pub of_features: bool,
    /// The public key that all was checked with.
    pub public_key: Option<String>,
    /// Whether that key came with the bundle, and so proves nothing about who made it.
    pub key_of_bundle: bool,
    /// What differs, a sentence each; the first hundred.
    pub differences: Vec<String>,
}

impl Checked {
    /// Whether all is as the manifest says.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    pub(super) fn differs(&mut self, what: String) {
        if self.differences.len() < NAMED_MAX {
            self.differences.push(what);
        }
    }

    pub(super) fn compare(&mut self, what: &str, said: &dyn ToString, found: &dyn ToString) {
        let (said, found) = (said.to_string(), found.to_string());
        if said != found {
            self.differs(format!("{what}: the manifest says {said}, it is {found}"));
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    stream_id: String,
    version: i64,
}

/// Checks a bundle with a public key; with the one that lies in it where none is given.
///
/// # Errors
///
/// A file can't be read at all; what is wrong with one that can be is in the answer.
pub fn check(folder: &Path, key: Option<&Verifier>) -> Result<Checked, ExportError> {
    let key_of_bundle = key.is_none();
    let differences = Vec::new();
    let mut checked =
        Checked { events: 0, of_features: false, public_key: None, key_of_bundle, differences };
    let path = folder.join(MANIFEST);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ExportError::NoManifest(folder.to_owned()));
        }
        read => read.map_err(failed(&path))?,
    };
    if features::check::is_one(&bytes) {
        checked.of_features = true;
        return features::check::check(folder, &bytes, key, checked);
    }
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            checked.differs(format!("{MANIFEST} does not read: {}", of_json(&error)));
            return Ok(checked);
        }
    };
    if manifest.to_bytes()? != bytes {
        checked.differs(format!("{MANIFEST} is not written as this program writes it"));
    }
    if manifest.format != FORMAT {
        let found = manifest.format;
        checked.differs(format!("{MANIFEST}: the form is version {found}, known is {FORMAT}"));
        return Ok(checked);
    }
    let Some(key) = key_of(folder, key, &mut checked) else { return Ok(checked) };
    signature(folder, &key, &mut checked)?;
    if !files(folder, &manifest.files, &mut checked)? {
        return Ok(checked);
    }
    let signed = match &manifest.log {
        Some(state) => log_state(folder, state, &key, &mut checked)?,
        None => None,
    };
    rows(folder, &manifest, signed.as_ref(), &mut checked)?;
    Ok(checked)
}

fn text_of(folder: &Path, name: &str) -> Result<String, ExportError> {
    let path = folder.join(name);
    fs::read_to_string(&path).map_err(failed(&path))
}

/// The key to check with: the one given, else the one that lies in the bundle.
pub(super) fn key_of(
    folder: &Path,
    key: Option<&Verifier>,
    checked: &mut Checked,
) -> Option<Verifier> {
    let key = key.cloned().or_else(|| text_of(folder, PUBLIC_KEY).ok()?.parse().ok());
    match &key {
        Some(key) => checked.public_key = Some(key.to_string()),
        None => checked.differs(format!("{PUBLIC_KEY} holds no public key")),
    }
    key
}

/// Whether the manifest is the one that was signed.
pub(super) fn signature(
    folder: &Path,
    key: &Verifier,
    checked: &mut Checked,
) -> Result<(), ExportError> {
    let (_, sha256) = hash_of(&folder.join(MANIFEST))?;
    let note = text_of(folder, SIGNATURE).unwrap_or_default();
    match key.open_text(&note) {
        Err(error) => checked.differs(format!("{SIGNATURE}: {error}")),
        Ok(text) if text != signed_text(&sha256) => {
            checked.differs(format!("{MANIFEST} is not the one that was signed"));
        }
        Ok(_) => {}
    }
    Ok(())
}

/// Compares every file with what the manifest says of it; false where one is not there.
pub(super) fn files(
    folder: &Path,
    files: &[FileOf],
    checked: &mut Checked,
) -> Result<bool, ExportError> {
    // A manifest must not make us read a file elsewhere.
    let outside = |name: &str| Path::new(name).file_name() != Some(name.as_ref());
    if let Some(file) = files.iter().find(|file| outside(&file.name)) {
        checked.differs(format!("{MANIFEST} names a file outside of the bundle: {}", file.name));
        return Ok(false);
    }
    let mut all_there = true;
    for file in files {
        let path = folder.join(&file.name);
        if !path.is_file() {
            checked.differs(format!("{} is missing", file.name));
            all_there = false;
            continue;
        }
        let (bytes, sha256) = hash_of(&path)?;
        checked.compare(&format!("{}: size in bytes", file.name), &file.bytes, &bytes);
        checked.compare(&format!("{}: SHA-256", file.name), &file.sha256, &sha256);
    }
    Ok(all_there)
}

/// The checkpoint, if it was signed and says what the manifest says; and that the log only grew
/// since the one before.
fn log_state(
    folder: &Path,
    state: &LogState,
    key: &Verifier,
    checked: &mut Checked,
) -> Result<Option<Checkpoint>, ExportError> {
    let mut signed = |name: &str| {
        let opened = key.open(&text_of(folder, name)?);
        Ok::<_, ExportError>(match opened {
            Ok(checkpoint) => Some(checkpoint),
            Err(error) => {
                checked.differs(format!("{name}: {error}"));
                None
            }
        })
    };
    let Some(now) = signed(proof::CHECKPOINT)? else { return Ok(None) };
    let before = if state.previous_size > 0 { signed(proof::PREVIOUS)? } else { None };
    checked.compare("size of the log", &state.size, &now.size);
    checked.compare("Merkle root", &state.root, &hex::encode(now.root));
    if let Some(before) = before {
        checked.compare("size of the checkpoint before", &state.previous_size, &before.size);
        let nodes = state.consistency.iter().map(|node| proof::read_hash(node));
        let nodes: Option<Vec<_>> = nodes.collect();
        let grew =
            |nodes: Vec<_>| is_consistent((before.size, before.root), (now.size, now.root), &nodes);
        if !nodes.is_some_and(grew) {
            checked.differs("the log did not only grow since the checkpoint before".to_owned());
        }
    }
    Ok(Some(now))
}

/// Looks at every event, and builds the tree that was signed from them.
fn rows(
    folder: &Path,
    manifest: &Manifest,
    signed: Option<&Checkpoint>,
    checked: &mut Checked,
) -> Result<(), ExportError> {
    let Some(signed) = signed else {
        if manifest.log.is_none() {
            checked.compare("number of events", &manifest.events, &0);
        }
        return Ok(());
    };
    let mut seen =
        Seen { rebuilt: Rebuilt::open(&folder.join(proof::INCLUSION))?, last: 0, first: 0 };
    if manifest.files.iter().any(|file| file.name == EVENTS) {
        events(&folder.join(EVENTS), manifest, &mut seen, checked)?;
    } else {
        let parts = manifest.files.iter().filter(|file| is_part(&file.name));
        let parts = parts.map(|file| folder.join(&file.name)).collect();
        for (number, row) in (1_u64..).zip(parquet::Rows::of(parts)) {
            match row {
                Ok((position, leaf)) => {
                    seen.event(&format!("row {number}"), position, leaf, manifest, checked);
                }
                Err(error) => {
                    checked.differs(format!("row {number}: {error}"));
                    break;
                }
            }
        }
    }
    checked.compare("number of events", &manifest.events, &checked.events.clone());
    checked.compare("first position", &manifest.first_position, &seen.first);
    checked.compare("last position", &manifest.last_position, &seen.last);
    if let Some(wrong) = seen.rebuilt.end(signed) {
        checked.differs(wrong);
    }
    Ok(())
}

/// What is known of the events so far.
struct Seen {
    rebuilt: Rebuilt,
    first: Position,
    last: Position,
}

impl Seen {
    fn event(
        &mut self,
        place: &str,
        position: Position,
        leaf: allhours_eventstore::merkle::Hash,
        manifest: &Manifest,
        checked: &mut Checked,
    ) {
        if position <= self.last {
            checked.differs(format!("{place}: position {position} is out of order"));
        }
        if !(manifest.selection.from..=manifest.selection.to).contains(&position) {
            checked.differs(format!("{place}: position {position} was not asked for"));
        }
        self.rebuilt.event(place, position, leaf);
        self.last = position;
        if self.first == 0 {
            self.first = position;
        }
        checked.events += 1;
    }
}

fn events(
    file: &Path,
    manifest: &Manifest,
    seen: &mut Seen,
    checked: &mut Checked,
) -> Result<(), ExportError> {
    let mut versions: HashMap<String, i64> = HashMap::new();
    let whole = manifest.selection.is_whole();
    let circle = circle_of(file, manifest, checked);
    let mut reader = BufReader::new(File::open(file).map_err(failed(file))?);
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(failed(file))? == 0 {
            break;
        }
        let place = format!("{EVENTS} line {number}");
        let Some(line) = lines::read(&text) else {
            checked.differs(format!("{place} does not read"));
            continue;
        };
        if !line.leaf_fits {
            checked
                .differs(format!("{place}: the event at position {} was changed", line.position));
        }
        if whole && let Some((stream, version)) = version_of(line.event) {
            let before = versions.insert(stream, version);
            if before.is_some_and(|before| before + 1 != version) {
                checked.differs(format!("{place}: version {version} does not follow"));
            }
        }
        if circle.as_ref().is_some_and(|circle| !circle.holds_canonical(line.event)) {
            let position = line.position;
            checked.differs(format!("{place}: position {position} is not about the subject"));
        }
        seen.event(&place, line.position, line.leaf, manifest, checked);
    }
    Ok(())
}

/// Whom the events have to be about, where the bundle is about somebody. One of an earlier version
/// of this program does not say it.
fn circle_of(events: &Path, manifest: &Manifest, checked: &mut Checked) -> Option<Circle> {
    manifest.files.iter().find(|file| file.name == SUBJECT)?;
    let Some(circle) = Circle::read(events.parent()?) else {
        checked.differs(format!("{SUBJECT} does not read"));
        return None;
    };
    if manifest.selection.subject != Some(circle.subject) {
        checked.differs(format!("{SUBJECT} is about somebody else than {MANIFEST}"));
    }
    Some(circle)
}

fn version_of(event: &str) -> Option<(String, i64)> {
    let envelope: Envelope = serde_json::from_str(event).ok()?;
    Some((envelope.stream_id, envelope.version))
}
