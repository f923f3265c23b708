//! The offline verifier: whether a bundle is what its manifest says, without any database.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
};

use allhours_eventstore::{canonical::leaf_hash, recorded::Position};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    ExportError, FORMAT, Manifest,
    bundle::{EVENTS, MANIFEST, Tally, failed, hash_of},
};

/// The most differences that are named.
const NAMED_MAX: usize = 100;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// How many events were looked at.
    pub events: u64,
    /// What differs, a sentence each; the first hundred.
    pub differences: Vec<String>,
}

impl Checked {
    /// Whether all is as the manifest says.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    fn differs(&mut self, what: String) {
        if self.differences.len() < NAMED_MAX {
            self.differences.push(what);
        }
    }

    fn compare(&mut self, what: &str, said: &dyn ToString, found: &dyn ToString) {
        let (said, found) = (said.to_string(), found.to_string());
        if said != found {
            self.differs(format!("{what}: the manifest says {said}, it is {found}"));
        }
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    position: Position,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Envelope {
    stream_id: String,
    version: i64,
}

/// Checks a bundle.
///
/// # Errors
///
/// A file can't be read at all; what is wrong with one that can be is in the answer.
pub fn check(folder: &Path) -> Result<Checked, ExportError> {
    let mut checked = Checked { events: 0, differences: Vec::new() };
    let path = folder.join(MANIFEST);
    let bytes = fs::read(&path).map_err(failed(&path))?;
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            checked.differs(format!("the manifest does not read: {error}"));
            return Ok(checked);
        }
    };
    if manifest.to_bytes()? != bytes {
        checked.differs("the manifest is not written as this program writes it".to_owned());
    }
    if manifest.format != FORMAT {
        checked.differs(format!("the form is version {}, known is {FORMAT}", manifest.format));
        return Ok(checked);
    }
    // A manifest must not make us read a file elsewhere.
    if Path::new(&manifest.file).file_name() != Some(manifest.file.as_ref()) {
        checked.differs("the manifest names a file outside of the bundle".to_owned());
        return Ok(checked);
    }
    let file = folder.join(&manifest.file);
    let (size, sha256) = hash_of(&file)?;
    checked.compare("size in bytes", &manifest.bytes, &size);
    checked.compare("SHA-256", &manifest.sha256, &sha256);
    if manifest.file == EVENTS {
        events(&file, &manifest, &mut checked)?;
    }
    Ok(checked)
}

fn events(file: &Path, manifest: &Manifest, checked: &mut Checked) -> Result<(), ExportError> {
    let mut tally = Tally::default();
    let mut versions: HashMap<String, i64> = HashMap::new();
    let whole = manifest.selection.is_whole();
    let mut reader = BufReader::new(File::open(file).map_err(failed(file))?);
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(failed(file))? == 0 {
            break;
        }
        let Some((position, event)) = read_line(&text) else {
            checked.differs(format!("line {number} does not read"));
            continue;
        };
        if position <= tally.last {
            checked.differs(format!("line {number}: position {position} is out of order"));
        }
        if !(manifest.selection.from..=manifest.selection.to).contains(&position) {
            checked.differs(format!("line {number}: position {position} was not asked for"));
        }
        if whole && let Some((stream, version)) = version_of(event) {
            let before = versions.insert(stream, version);
            if before.is_some_and(|before| before + 1 != version) {
                checked.differs(format!("line {number}: version {version} does not follow"));
            }
        }
        tally.add(position, leaf_hash(event.as_bytes()));
    }
    checked.events = tally.tree.leaves();
    checked.compare("number of events", &manifest.events, &tally.tree.leaves());
    checked.compare("first position", &manifest.first_position, &tally.first);
    checked.compare("last position", &manifest.last_position, &tally.last);
    checked.compare("Merkle root", &manifest.merkle_root, &hex::encode(tally.tree.root()));
    Ok(())
}

/// A line in exactly the form that is written, or nothing.
fn read_line(text: &[u8]) -> Option<(Position, &str)> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
    let line: Line<'_> = serde_json::from_str(text).ok()?;
    let again = format!("{{\"position\":{},\"event\":{}}}", line.position, line.event.get());
    (again == text).then_some((line.position, line.event.get()))
}

fn version_of(event: &str) -> Option<(String, i64)> {
    let envelope: Envelope = serde_json::from_str(event).ok()?;
    Some((envelope.stream_id, envelope.version))
}

/// What a whole file of events holds.
pub(super) fn tally(file: &Path) -> Result<Tally, ExportError> {
    read_up(file).map(|(tally, _)| tally)
}

/// What a file that broke off holds; a last line that is not whole is cut away.
pub(super) fn taken_up(file: &Path) -> Result<Tally, ExportError> {
    if !file.exists() {
        return Ok(Tally::default());
    }
    let (tally, good) = read_up(file)?;
    let cut = File::options().write(true).open(file).and_then(|file| file.set_len(good));
    cut.map_err(failed(file))?;
    Ok(tally)
}

fn read_up(file: &Path) -> Result<(Tally, u64), ExportError> {
    let mut tally = Tally::default();
    let mut good = 0;
    let mut reader = BufReader::new(File::open(file).map_err(failed(file))?);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text).map_err(failed(file))?;
        let Some((position, event)) = read_line(&text).filter(|(it, _)| *it > tally.last) else {
            return Ok((tally, good));
        };
        tally.add(position, leaf_hash(event.as_bytes()));
        good += read as u64;
    }
}
