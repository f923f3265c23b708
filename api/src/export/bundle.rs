//! The files of an export, written so that a broken one can be gone on with.
//!
//! `request.json` says what was asked, and fixes the range; the data grow in a `.partial` file;
//! the manifest comes last, so that a folder with a manifest holds a whole export.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use allhours_eventstore::{
    canonical::{canonical_bytes, leaf_hash},
    log::Log,
    recorded::{Position, Recorded},
};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{ExportError, Exported, FORMAT, Selection, check, merkle::Tree, parquet};
use crate::cli::ExportForm;

/// The auditor's events, one canonical event a line with its position.
pub const EVENTS: &str = "events.jsonl";
/// The analyst's events.
pub const PARQUET: &str = "events.parquet";
/// What the folder holds.
pub const MANIFEST: &str = "manifest.json";
const REQUEST: &str = "request.json";
const PAGE: usize = 1_000;

/// What a bundle holds, and the hashes that it can be checked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The version of the program.
    pub tool_version: String,
    /// SHA-256 over the catalogue of events: names and versions.
    pub schema_sha256: String,
    /// Which events were asked for.
    pub selection: Selection,
    /// The file with the events.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// How many events it holds.
    pub events: u64,
    /// The position of the first one; 0 where there is none.
    pub first_position: Position,
    /// The position of the last one; 0 where there is none.
    pub last_position: Position,
    /// The root of the Merkle tree (RFC 6962) over the events' leaf hashes.
    pub merkle_root: String,
}

impl Manifest {
    /// The one way it is written.
    ///
    /// # Errors
    ///
    /// A value that JSON can't hold; a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// An export that is being made.
pub struct Work {
    folder: PathBuf,
    selection: Selection,
    form: ExportForm,
}

/// An export whose data are whole; its manifest is not there yet.
#[derive(Debug)]
pub struct Finished {
    folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Request {
    asked: Selection,
    to: Position,
    form: String,
}

/// What is known of the events written so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub tree: Tree,
    pub first: Position,
    pub last: Position,
}

impl Tally {
    pub(super) fn add(&mut self, position: Position, leaf: [u8; 32]) {
        if self.first == 0 {
            self.first = position;
        }
        self.last = position;
        self.tree.push(leaf);
    }
}

impl Work {
    /// Begins an export, or takes up the one that broke off in this folder. A range up to the
    /// newest event ends where the log ended when it was first asked for.
    ///
    /// # Errors
    ///
    /// The folder can't be used or holds another export.
    pub async fn begin<L: Log>(
        log: &L,
        asked: Selection,
        form: ExportForm,
        folder: PathBuf,
    ) -> Result<Self, ExportError> {
        let asked = asked.checked()?;
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = folder.join(REQUEST);
        let to = asked.to.min(log.head().await?);
        let form_name = format!("{form:?}").to_lowercase();
        let mut request = Request { asked: asked.clone(), to, form: form_name };
        match fs::read(&path) {
            Ok(bytes) => {
                let before: Request = serde_json::from_slice(&bytes)
                    .map_err(|_| ExportError::Other(folder.clone()))?;
                request.to = before.to;
                if before != request {
                    return Err(ExportError::Other(folder));
                }
            }
            Err(_) => {
                write_whole(&path, &serde_json::to_vec(&request)?)?;
            }
        }
        let selection = Selection { to: request.to.max(asked.from), ..asked };
        Ok(Self { folder, selection, form })
    }

    /// Writes what is missing.
    ///
    /// # Errors
    ///
    /// See [`ExportError`].
    pub async fn finish<L: Log>(
        self,
        log: &L,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Finished, ExportError> {
        let (file, tally) = match self.form {
            ExportForm::Auditor => (EVENTS, self.lines(log, progress).await?),
            ExportForm::Analyst => (PARQUET, self.columns(log, progress).await?),
        };
        let path = self.folder.join(file);
        let (bytes, sha256) = hash_of(&path)?;
        let manifest = Manifest {
            format: FORMAT,
            tool: "allhours".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: schema_sha256(),
            selection: self.selection,
            file: file.to_owned(),
            bytes,
            sha256,
            events: tally.tree.leaves(),
            first_position: tally.first,
            last_position: tally.last,
            merkle_root: hex::encode(tally.tree.root()),
        };
        let hash = digest::digest(&digest::SHA256, &manifest.to_bytes()?);
        let manifest_sha256 = hex::encode(hash.as_ref());
        Ok(Finished { folder: self.folder, manifest, manifest_sha256 })
    }

    async fn lines<L: Log>(
        &self,
        log: &L,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Tally, ExportError> {
        let whole = self.folder.join(EVENTS);
        let partial = self.folder.join(format!("{EVENTS}.partial"));
        if whole.exists() {
            return check::tally(&whole);
        }
        let mut tally = check::taken_up(&partial)?;
        let file = File::options().create(true).append(true).open(&partial);
        let mut out = BufWriter::new(file.map_err(failed(&partial))?);
        let after = tally.last.max(self.selection.from - 1);
        self.each(log, after, progress, |event| {
            let canonical =
                canonical_bytes(event).map_err(|_| ExportError::Tampered(event.position))?;
            let leaf = leaf_hash(&canonical);
            if leaf != event.leaf_hash {
                return Err(ExportError::Tampered(event.position));
            }
            tally.add(event.position, leaf);
            write_line(&mut out, event.position, &canonical).map_err(failed(&partial))
        })
        .await?;
        let file = out.into_inner().map_err(|error| failed(&partial)(error.into_error()))?;
        file.sync_all().map_err(failed(&partial))?;
        fs::rename(&partial, &whole).map_err(failed(&whole))?;
        Ok(tally)
    }

    /// A Parquet file can't be gone on with: it is written anew.
    async fn columns<L: Log>(
        &self,
        log: &L,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Tally, ExportError> {
        let partial = self.folder.join(format!("{PARQUET}.partial"));
        let file = File::create(&partial).map_err(failed(&partial))?;
        let mut out = parquet::Writer::new(file)?;
        let mut tally = Tally::default();
        let after = self.selection.from - 1;
        self.each(log, after, progress, |event| {
            tally.add(event.position, event.leaf_hash);
            out.write(event)
        })
        .await?;
        out.close()?;
        let whole = self.folder.join(PARQUET);
        fs::rename(&partial, &whole).map_err(failed(&whole))?;
        Ok(tally)
    }

    async fn each<L: Log>(
        &self,
        log: &L,
        mut after: Position,
        progress: &(dyn Fn(Position) + Send + Sync),
        mut with: impl FnMut(&Recorded) -> Result<(), ExportError> + Send,
    ) -> Result<(), ExportError> {
        while after < self.selection.to {
            let page = log.read(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            for event in page.iter().filter(|event| self.selection.fits(event)) {
                with(event)?;
            }
            progress(after.min(self.selection.to));
        }
        Ok(())
    }
}

impl Finished {
    /// Puts the manifest in place; from now on the export is whole.
    ///
    /// # Errors
    ///
    /// The folder can't be written.
    pub fn publish(self) -> Result<Exported, ExportError> {
        write_whole(&self.folder.join(MANIFEST), &self.manifest.to_bytes()?)?;
        Ok(Exported {
            folder: self.folder,
            events: self.manifest.events,
            from_position: self.manifest.selection.from,
            to_position: self.manifest.selection.to,
            manifest_sha256: self.manifest_sha256,
        })
    }
}

fn write_line(out: &mut impl Write, position: Position, canonical: &[u8]) -> std::io::Result<()> {
    write!(out, "{{\"position\":{position},\"event\":")?;
    out.write_all(canonical)?;
    out.write_all(b"}\n")
}

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> ExportError + use<> {
    let path = path.to_owned();
    move |source| ExportError::File { path: path.clone(), source }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    let draft = path.with_extension("draft");
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(failed(path))
}

pub(super) fn hash_of(path: &Path) -> Result<(u64, String), ExportError> {
    let mut hash = HashWriter(digest::Context::new(&digest::SHA256));
    let mut file = File::open(path).map_err(failed(path))?;
    let bytes = std::io::copy(&mut file, &mut hash).map_err(failed(path))?;
    Ok((bytes, hex::encode(hash.0.finish().as_ref())))
}

struct HashWriter(digest::Context);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What tells one catalogue of events from another.
#[must_use]
pub fn schema_sha256() -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for (_, kind) in allhours_domain::catalogue::catalogue() {
        hash.update(format!("{} {}\n", kind.name, kind.version).as_bytes());
    }
    hex::encode(hash.finish().as_ref())
}
