//! Taking events out: an auditor's bundle that can be checked offline, an analyst's Parquet.
//!
//! Read [`selection`] (which events), [`circle`] (those of one person), [`bundle`] (the files)
//! and their [`manifest`], [`lines`] and [`parquet`] (the events in them), [`proof`] (that they
//! stand in the signed log), [`check`] (the offline verifier). The same range and filters give
//! the same bytes. [`features`] is the training table.

pub mod bundle;
pub mod check;
pub mod circle;
pub mod features;
mod files;
pub mod lines;
pub mod manifest;
pub mod parquet;
pub mod proof;
pub mod selection;
#[cfg(test)]
mod tests;

use std::{io, ops::RangeInclusive, path::PathBuf};

use allhours_domain::{
    actor::Actor,
    desk::{self, Desk as Settings},
    features::LaterFacts,
    ids::TenantId,
    text::Key,
};
use allhours_eventstore::{
    checkpoint::{Checkpoints, note::Signer},
    error::LogError,
    log::Log,
    recorded::Position,
};
use allhours_projections::error::ProjectionError;
use ring::digest;
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    manifest::Manifest,
    selection::{Selection, SelectionError},
};
use crate::desk::{CommandContext, CommandError, Desk};

/// The version of the files' form; raised when it changes.
pub const FORMAT: u32 = 2;

/// In which form events are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// Canonical events and a manifest that can be checked offline.
    Auditor,
    /// Parquet files with the same columns each time.
    Analyst,
}

/// Why an export could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file can't be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds another export.
    #[error("{} holds another export; choose another folder", .0.display())]
    Other(PathBuf),
    /// Another export works on the folder just now.
    #[error("another export writes into {}; wait for its end, or choose another folder", .0.display())]
    Busy(PathBuf),
    /// The folder holds something that no export of ours left there.
    #[error("{} is not empty and holds no export; choose another folder", .0.display())]
    NotEmpty(PathBuf),
    /// The folder holds a whole export, and what came since is not in it.
    #[error(
        "{} holds a whole export of the log up to {to}; choose another folder for one of today",
        folder.display()
    )]
    Whole {
        /// Which.
        folder: PathBuf,
        /// Up to which position.
        to: Position,
    },
    /// Nobody and nothing of this id was ever there: an empty export would look like an answer.
    #[error("there is no {what} {id} in this tenant")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// By which id.
        id: Uuid,
    },
    /// What is asked for can't be.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The table of features, or the fold of the log into it, failed.
    #[error(transparent)]
    Projections(#[from] ProjectionError),
    /// A history holds facts that came after the moment; a bug, since they are left out.
    #[error(transparent)]
    Leak(#[from] LaterFacts),
    /// An event is not what its hash says.
    #[error("event {0} is not what its hash says; run `allhours verify`")]
    Tampered(Position),
    /// The log is not what its checkpoint says.
    #[error("the log is not what its checkpoint at {0} says; run `allhours verify`")]
    NotAsSigned(Position),
    /// There is no whole bundle in a folder.
    #[error("{} holds no whole bundle: there is no manifest.json", .0.display())]
    NoManifest(PathBuf),
    /// A file of events does not read.
    #[error("{} does not read as this program writes it", .0.display())]
    Unreadable(PathBuf),
    /// The Parquet file can't be written.
    #[error("the Parquet file can't be written: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// A manifest can't be written as JSON; a bug.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The desk did not take the record of the export.
    #[error("the export could not be recorded: {0}")]
    NotRecorded(String),
}

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// Into which folder.
    pub folder: PathBuf,
    /// How many events.
    pub events: u64,
    /// From this position on.
    pub from_position: Position,
    /// Up to this one.
    pub to_position: Position,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
}

/// Takes events out, and records in the log that this was done.
///
/// # Errors
///
/// See [`ExportError`]. What was written stays and is gone on with the next time.
pub async fn export<L: Checkpoints>(
    desk: &Desk<L>,
    signer: &Signer,
    selection: Selection,
    form: ExportForm,
    folder: PathBuf,
    progress: &(dyn Fn(Position) + Send + Sync),
) -> Result<Exported, ExportError> {
    circle::known(desk.log(), &selection).await?;
    let work = bundle::Work::begin(desk.log(), selection, form, folder).await?;
    let finished = work.finish(desk.log(), signer, progress).await?;
    let manifest = &finished.manifest;
    let record = Record {
        tenant: manifest.selection.tenant,
        form: match form {
            ExportForm::Auditor => "auditor",
            ExportForm::Analyst => "analyst",
        },
        range: manifest.selection.from..=manifest.selection.to,
        count: manifest.events,
        manifest_sha256: &finished.manifest_sha256,
    };
    record.write(desk).await?;
    finished.publish()
}

/// What the log shall say of an export.
struct Record<'a> {
    tenant: TenantId,
    form: &'static str,
    range: RangeInclusive<Position>,
    /// How many events; of features, how many customers.
    count: u64,
    manifest_sha256: &'a str,
}

impl Record<'_> {
    async fn write<L: Log>(self, desk: &Desk<L>) -> Result<(), ExportError> {
        let not_recorded = |why: String| ExportError::NotRecorded(why);
        let key = |text: &str| Key::new(text).map_err(|error| not_recorded(error.to_string()));
        let command = desk::command::RecordExport {
            form: key(self.form)?,
            from_position: *self.range.start(),
            to_position: *self.range.end(),
            events: self.count,
            manifest_sha256: key(self.manifest_sha256)?,
        };
        let context = CommandContext::now(self.tenant, Actor::System("export".to_owned()));
        match desk.execute::<Settings>(&context, self.tenant.0, command, None).await {
            Ok(_) => Ok(()),
            Err(CommandError::Refused(no)) => Err(not_recorded(no.to_string())),
            Err(CommandError::Stale(stale)) => Err(not_recorded(stale.to_string())),
            Err(CommandError::Log(error)) => Err(error.into()),
        }
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
