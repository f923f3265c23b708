//! The files of an export, written so that a broken one can be gone on with.
//!
//! `request.json` says what was asked, and fixes the range; the data grow in a `.partial` file;
//! the manifest comes last, so that a folder with a manifest holds a whole export.

use std::{
    fs::{self, File},
    io::BufWriter,
    ops::Range,
    path::{Path, PathBuf},
};

use allhours_eventstore::{
    canonical::{canonical_bytes, leaf_hash},
    checkpoint::{
        self, Checkpoints,
        note::{self, Signer},
    },
    log::Log,
    recorded::{Position, Recorded},
};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{
    ExportError, ExportForm, Exported, FORMAT, Selection,
    circle::{Circle, SUBJECT},
    files::{Owned, begin, begun, failed, hash_of, is_whole, write_whole},
    lines::{self, EVENTS},
    manifest::{FileOf, LogState, Manifest},
    parquet,
    proof::{self, Proved},
};

/// What the folder holds.
pub const MANIFEST: &str = "manifest.json";
/// The signed hash of the manifest.
pub const SIGNATURE: &str = "manifest.note";
/// The public key that checks both notes, for those who have it from nowhere else.
pub const PUBLIC_KEY: &str = "public-key";
/// The analyst's events are in files `events-000000.parquet`, `events-000001.parquet`, ...
const PART_BEGINS: &str = "events-";
const PART_ENDS: &str = ".parquet";
const PAGE: usize = 1_000;
/// How many positions one Parquet file covers.
const PART_POSITIONS: Position = 250_000;

/// An export that is being made.
pub struct Work {
    folder: Owned,
    selection: Selection,
    form: ExportForm,
    /// How long the log is taken to be: what comes later is not looked at.
    size: Position,
    /// Whom the events are about, where somebody was asked for.
    circle: Option<Circle>,
    /// How many positions one Parquet file covers.
    pub(super) part_positions: Position,
}

/// An export whose data are whole; its manifest is not there yet.
#[derive(Debug)]
pub struct Finished {
    folder: Owned,
    /// What it holds.
    pub manifest: Manifest,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    signature: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Request {
    asked: Selection,
    to: Position,
    form: String,
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
        let owned = Owned::take(&folder)?;
        let begun = begun(&folder)?;
        let to = asked.to.min(log.head().await?);
        let form_name = format!("{form:?}").to_lowercase();
        let mut request = Request { asked: asked.clone(), to, form: form_name };
        match begun {
            Some(bytes) => {
                let before: Request = serde_json::from_slice(&bytes)
                    .map_err(|_| ExportError::Other(folder.clone()))?;
                request.to = before.to;
                if before != request {
                    return Err(ExportError::Other(folder));
                }
                if asked.to == Position::MAX && is_whole(&folder) {
                    return Err(ExportError::Whole { folder, to: before.to });
                }
            }
            None => begin(&folder, &serde_json::to_vec(&request)?)?,
        }
        let selection = Selection { to: request.to.max(asked.from), ..asked };
        let (size, part_positions) = (request.to, PART_POSITIONS);
        Ok(Self { folder: owned, selection, form, size, circle: None, part_positions })
    }

    /// Writes what is missing.
    ///
    /// # Errors
    ///
    /// See [`ExportError`].
    pub async fn finish<L: Checkpoints>(
        mut self,
        log: &L,
        signer: &Signer,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Finished, ExportError> {
        if let Some(subject) = self.selection.subject {
            let circle = Circle::of(log, self.selection.tenant, subject, self.size).await?;
            write_whole(&self.folder.path().join(SUBJECT), &circle.to_bytes()?)?;
            self.circle = Some(circle);
        }
        let mut names = match self.form {
            ExportForm::Auditor => self.lines(log, progress).await?,
            ExportForm::Analyst => self.columns(log, progress).await?,
        };
        names.extend(self.circle.as_ref().map(|_| SUBJECT.to_owned()));
        let (state, proved) = self.proved(log, signer, &mut names).await?;
        write_whole(
            &self.folder.path().join(PUBLIC_KEY),
            format!("{}\n", signer.verifier()).as_bytes(),
        )?;
        names.push(PUBLIC_KEY.to_owned());
        names.sort_unstable();
        let file = |name: String| {
            let (bytes, sha256) = hash_of(&self.folder.path().join(&name))?;
            Ok(FileOf { name, bytes, sha256 })
        };
        let manifest = Manifest {
            format: FORMAT,
            tool: "allhours".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: super::schema_sha256(),
            files: names.into_iter().map(file).collect::<Result<_, ExportError>>()?,
            selection: self.selection,
            events: proved.events,
            first_position: proved.first,
            last_position: proved.last,
            log: state,
        };
        let hash = digest::digest(&digest::SHA256, &manifest.to_bytes()?);
        let manifest_sha256 = hex::encode(hash.as_ref());
        let signature = signer.sign(&signed_text(&manifest_sha256));
        Ok(Finished { folder: self.folder, manifest, manifest_sha256, signature })
    }

    /// Writes the checkpoint of the log, the one before, and that the events stand in it.
    async fn proved<L: Checkpoints>(
        &self,
        log: &L,
        signer: &Signer,
        names: &mut Vec<String>,
    ) -> Result<(Option<LogState>, Proved), ExportError> {
        if self.size == 0 {
            let nothing = Proved { events: 0, first: 0, last: 0, consistency: Vec::new() };
            return Ok((None, nothing));
        }
        let kept = checkpoint::at(log, signer, self.size).await?;
        let stated = note::stated(&kept.note).ok_or(ExportError::NotAsSigned(self.size))?;
        let mut write = |name: &str, text: &str| {
            names.push(name.to_owned());
            write_whole(&self.folder.path().join(name), text.as_bytes())
        };
        write(proof::CHECKPOINT, &kept.note)?;
        if kept.previous > 0 {
            let before = log.checkpoint_up_to(kept.previous).await?;
            let before = before.filter(|before| before.size == kept.previous);
            let before = before.ok_or(ExportError::NotAsSigned(kept.previous))?;
            write(proof::PREVIOUS, &before.note)?;
        }
        let rows: Box<dyn Iterator<Item = _> + Send> = match self.form {
            ExportForm::Auditor => Box::new(lines::Rows::open(&self.folder.path().join(EVENTS))?),
            ExportForm::Analyst => {
                let parts = names.iter().filter(|name| is_part(name));
                let parts = parts.map(|name| self.folder.path().join(name)).collect();
                Box::new(parquet::Rows::of(parts))
            }
        };
        let draft = self.folder.path().join(format!("{}.partial", proof::INCLUSION));
        let proved = proof::write(log, &stated, kept.previous, rows, &draft).await?;
        let whole = self.folder.path().join(proof::INCLUSION);
        fs::rename(&draft, &whole).map_err(failed(&whole))?;
        names.push(proof::INCLUSION.to_owned());
        let state = LogState {
            size: kept.size,
            root: hex::encode(stated.root),
            previous_size: kept.previous,
            consistency: proved.consistency.iter().map(hex::encode).collect(),
        };
        Ok((Some(state), proved))
    }

    async fn lines<L: Log>(
        &self,
        log: &L,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Vec<String>, ExportError> {
        let whole = self.folder.path().join(EVENTS);
        let partial = self.folder.path().join(format!("{EVENTS}.partial"));
        if whole.exists() {
            return Ok(vec![EVENTS.to_owned()]);
        }
        let last = lines::taken_up(&partial)?;
        let file = File::options().create(true).append(true).open(&partial);
        let mut out = BufWriter::new(file.map_err(failed(&partial))?);
        let range = last.max(self.selection.from - 1)..self.selection.to;
        self.each(log, range, progress, |event| {
            let canonical =
                canonical_bytes(event).map_err(|_| ExportError::Tampered(event.position))?;
            let leaf = leaf_hash(&canonical);
            if leaf != event.leaf_hash {
                return Err(ExportError::Tampered(event.position));
            }
            lines::write(&mut out, event.position, &leaf, &canonical).map_err(failed(&partial))
        })
        .await?;
        let file = out.into_inner().map_err(|error| failed(&partial)(error.into_error()))?;
        file.sync_all().map_err(failed(&partial))?;
        fs::rename(&partial, &whole).map_err(failed(&whole))?;
        Ok(vec![EVENTS.to_owned()])
    }

    /// Writes the Parquet files that are not there yet, each of a fixed stretch of positions.
    async fn columns<L: Log>(
        &self,
        log: &L,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<Vec<String>, ExportError> {
        let mut names = Vec::new();
        let mut after = self.selection.from - 1;
        while after < self.selection.to.min(self.size) {
            let part = after / self.part_positions;
            let end = ((part + 1) * self.part_positions).min(self.selection.to);
            let name = format!("{PART_BEGINS}{part:06}{PART_ENDS}");
            let whole = self.folder.path().join(&name);
            let events = if whole.exists() {
                1
            } else {
                self.part(log, after..end, &whole, progress).await?
            };
            // A stretch without events has no file.
            if events > 0 {
                names.push(name);
            }
            after = end;
        }
        Ok(names)
    }

    async fn part<L: Log>(
        &self,
        log: &L,
        range: Range<Position>,
        whole: &Path,
        progress: &(dyn Fn(Position) + Send + Sync),
    ) -> Result<u64, ExportError> {
        let partial = whole.with_extension("parquet.partial");
        let file = File::create(&partial).map_err(failed(&partial))?;
        let synced = file.try_clone().map_err(failed(&partial))?;
        let mut out = parquet::Writer::new(file)?;
        let mut events = 0;
        self.each(log, range, progress, |event| {
            events += 1;
            out.write(event)
        })
        .await?;
        out.close()?;
        synced.sync_all().map_err(failed(&partial))?;
        if events == 0 {
            fs::remove_file(&partial).map_err(failed(&partial))?;
        } else {
            fs::rename(&partial, whole).map_err(failed(whole))?;
        }
        Ok(events)
    }

    async fn each<L: Log>(
        &self,
        log: &L,
        range: Range<Position>,
        progress: &(dyn Fn(Position) + Send + Sync),
        mut with: impl FnMut(&Recorded) -> Result<(), ExportError> + Send,
    ) -> Result<(), ExportError> {
        let Range { start: mut after, end } = range;
        while after < end {
            let page = log.read(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let circle = self.circle.as_ref();
            let wanted =
                |event: &&Recorded| event.position <= end && self.selection.fits(event, circle);
            for event in page.iter().filter(wanted) {
                with(event)?;
            }
            progress(after.min(end));
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
        write_whole(&self.folder.path().join(SIGNATURE), self.signature.as_bytes())?;
        write_whole(&self.folder.path().join(MANIFEST), &self.manifest.to_bytes()?)?;
        Ok(Exported {
            folder: self.folder.path().to_owned(),
            events: self.manifest.events,
            from_position: self.manifest.selection.from,
            to_position: self.manifest.selection.to,
            manifest_sha256: self.manifest_sha256,
        })
    }
}

/// Whether a file of a bundle is a stretch of an analyst's events.
pub(super) fn is_part(name: &str) -> bool {
    name.starts_with(PART_BEGINS) && name.ends_with(PART_ENDS)
}

/// What is signed of a manifest: words that no checkpoint begins with, and its hash.
pub(super) fn signed_text(manifest_sha256: &str) -> String {
    format!("allhours bundle\n{manifest_sha256}\n")
}
