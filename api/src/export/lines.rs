//! An auditor's events: one a line, with its position and its leaf hash.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use allhours_eventstore::{canonical::leaf_hash, merkle::Hash, recorded::Position};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ExportError, files::failed};

/// The file of the events.
pub const EVENTS: &str = "events.jsonl";

#[derive(Deserialize)]
struct Raw<'a> {
    position: Position,
    leaf: &'a str,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub position: Position,
    /// The hash of the event as it stands in the line.
    pub leaf: Hash,
    /// Whether that is the hash which the line names.
    pub leaf_fits: bool,
    /// The canonical bytes of the event.
    pub event: &'a str,
}

pub(super) fn write(
    out: &mut impl Write,
    position: Position,
    leaf: &Hash,
    canonical: &[u8],
) -> io::Result<()> {
    write!(out, "{{\"position\":{position},\"leaf\":\"{}\",\"event\":", hex::encode(leaf))?;
    out.write_all(canonical)?;
    out.write_all(b"}\n")
}

/// A line in exactly the form that is written, or nothing.
pub(super) fn read(text: &[u8]) -> Option<Line<'_>> {
    let whole = std::str::from_utf8(text).ok()?;
    let raw: Raw<'_> = serde_json::from_str(whole.strip_suffix('\n')?).ok()?;
    let event = raw.event.get();
    let again =
        format!("{{\"position\":{},\"leaf\":\"{}\",\"event\":{event}}}\n", raw.position, raw.leaf);
    let leaf = leaf_hash(event.as_bytes());
    let leaf_fits = hex::encode(leaf) == raw.leaf;
    (again == whole).then_some(Line { position: raw.position, leaf, leaf_fits, event })
}

/// The position and leaf hash of each line; one that is not as it was written is an error.
pub(super) struct Rows {
    path: PathBuf,
    reader: BufReader<File>,
    last: Position,
    /// How many bytes the whole lines have.
    good: u64,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let file = File::open(path).map_err(failed(path))?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), last: 0, good: 0 })
    }
}

impl Iterator for Rows {
    type Item = Result<(Position, Hash), ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut text = Vec::new();
        let read_up = self.reader.read_until(b'\n', &mut text);
        let bytes = match read_up {
            Ok(bytes) => bytes as u64,
            Err(error) => return Some(Err(failed(&self.path)(error))),
        };
        if bytes == 0 {
            return None;
        }
        let line = read(&text).filter(|line| line.leaf_fits && line.position > self.last);
        let Some(line) = line else {
            return Some(Err(ExportError::Unreadable(self.path.clone())));
        };
        self.last = line.position;
        self.good += bytes;
        Some(Ok((line.position, line.leaf)))
    }
}

/// The last position of a file that broke off, 0 for none; a last line that is not whole is cut.
pub(super) fn taken_up(path: &Path) -> Result<Position, ExportError> {
    if !path.exists() {
        return Ok(0);
    }
    let mut rows = Rows::open(path)?;
    for row in rows.by_ref() {
        match row {
            Ok(_) => {}
            Err(ExportError::Unreadable(_)) => break,
            Err(error) => return Err(error),
        }
    }
    let cut = File::options().write(true).open(path).and_then(|file| file.set_len(rows.good));
    cut.map_err(failed(path))?;
    Ok(rows.last)
}
