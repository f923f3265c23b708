//! Churn features of every customer as of one moment: the table that models are trained with. A row
//! is a person: the profile that went on by then, with all that had been merged into it by then.
//!
//! Today's come from the table that is kept current, those of an earlier moment are folded from
//! the log up to there: what came later is not seen. Who was forgotten since, or took back the
//! consent, is in neither. Read [`table`] (the Parquet file), then [`check`] (what holds it to its
//! manifest, offline).

pub mod check;
pub mod table;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use allhours_domain::{
    features::{ChurnFeatures, Persons, features},
    ids::TenantId,
};
use allhours_eventstore::{
    checkpoint::note::Signer, database::Database, log::Log, recorded::Position,
};
use allhours_projections::churn_features::{
    HistoryRow,
    past::{self, Histories, Later},
};
use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{
    ExportError, Record,
    bundle::{MANIFEST, PUBLIC_KEY, SIGNATURE, signed_text},
    files::{Owned, begin, begun, failed, hash_of, is_whole, write_whole},
    manifest::FileOf,
};
use crate::{clock, desk::Desk};

/// The version of the files' form; raised when it changes.
pub const FORMAT: u32 = 1;
/// The form, as the manifest and the log name it.
pub const FORM: &str = "features";
/// The table.
pub const TABLE: &str = "features.parquet";

/// A place in the log and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What had happened by then counts,
    pub at: Timestamp,
    /// where it stands in the log up to here.
    pub position: Position,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of which tenant.
    pub tenant: TenantId,
    /// As of when; none for now.
    pub moment: Option<Moment>,
    /// Into which folder.
    pub folder: PathBuf,
}

/// What the folder holds, and the hashes that it can be checked by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// [`FORM`].
    pub form: String,
    /// The version of this form.
    pub format: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The version of the program.
    pub tool_version: String,
    /// Whose customers.
    pub tenant: TenantId,
    /// As of when.
    pub as_of: Timestamp,
    /// What stands in the log up to here was known then.
    pub position: Position,
    /// How many customers there are: the rows.
    pub customers: u64,
    /// How many may not be used, and are not there.
    pub left_out: u64,
    /// How many events could not be read, and so do not count.
    pub unreadable_events: u64,
    /// What the numbers are.
    pub columns: Vec<ColumnOf>,
    /// Every other file, by name.
    pub files: Vec<FileOf>,
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnOf {
    /// Its name.
    pub name: String,
    /// What the number counts.
    pub unit: String,
}

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// Into which folder.
    pub folder: PathBuf,
    /// As of when.
    pub as_of: Timestamp,
    /// Up to which position.
    pub position: Position,
    /// How many customers.
    pub customers: u64,
    /// How many were left out.
    pub left_out: u64,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
}

/// What was asked, and the moment that was fixed then.
#[derive(Serialize, Deserialize)]
struct Request {
    form: String,
    tenant: TenantId,
    asked: Option<Moment>,
    moment: Moment,
}

/// Takes the features out, and records in the log that this was done.
///
/// # Errors
///
/// See [`ExportError`]. One that broke off is begun again for the same moment.
pub async fn export<L: Log>(
    (desk, database, signer): (&Desk<L>, &Database, &Signer),
    asked: Asked,
    progress: &(dyn Fn(Position) + Send + Sync),
) -> Result<Exported, ExportError> {
    let Asked { tenant, moment, folder } = asked;
    let log = desk.log();
    let _owned = Owned::take(&folder)?;
    let (moment, today) = if let Some(bytes) = begun(&folder)? {
        let before: Option<Request> = serde_json::from_slice(&bytes).ok();
        let same = |it: &Request| it.form == FORM && it.tenant == tenant && it.asked == moment;
        let before = before.filter(same).ok_or_else(|| ExportError::Other(folder.clone()))?;
        if moment.is_none() && is_whole(&folder) {
            return Err(ExportError::Whole { folder, to: before.moment.position });
        }
        (before.moment, None)
    } else {
        let (fixed, today) = match moment {
            Some(moment) => (moment, None),
            None => now(log, database, tenant).await?,
        };
        let form = FORM.to_owned();
        let request = Request { form, tenant, asked: moment, moment: fixed };
        begin(&folder, &serde_json::to_vec(&request)?)?;
        (fixed, today)
    };
    let histories = match today {
        Some(histories) => histories,
        None => past::at(log, tenant, moment.position, moment.at, progress).await?,
    };
    let later = Later::than(log, tenant, moment.position, log.head().await?).await?;
    let (rows, left_out) = rows(&histories, &later, moment.at)?;
    let written = Written { tenant, moment, left_out, unreadable_events: histories.unreadable };
    written.publish(desk, signer, &folder, &rows).await
}

/// The present moment, and the kept histories where they are those of this moment.
async fn now<L: Log>(
    log: &L,
    database: &Database,
    tenant: TenantId,
) -> Result<(Moment, Option<Histories>), ExportError> {
    let kept = past::kept(database, tenant).await?;
    let position = log.head().await?;
    let at = clock::now();
    let moment = Moment { at, position };
    let Some(histories) = kept else { return Ok((moment, None)) };
    let later = Later::than(log, tenant, histories.position, position).await?;
    // An import may hold dialogues of tomorrow; then the fold leaves them out.
    let known = |row: &HistoryRow| row.history.last_at().is_none_or(|last| last <= at);
    let current = !later.changed && histories.rows.iter().all(known);
    Ok((moment, current.then_some(histories)))
}

/// The features of all who may be used, and how many may not.
fn rows(
    histories: &Histories,
    later: &Later,
    at: Timestamp,
) -> Result<(Vec<table::Row>, u64), ExportError> {
    let allowed: Vec<_> =
        histories.rows.iter().map(|row| (row.customer_id, later.allows(row))).collect();
    let persons = Persons::of(allowed.iter().map(|(id, history)| (*id, history.as_ref())));
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for (customer, history) in persons.each() {
        if history.may_be_used() {
            let values = features(&history, at)?.values();
            rows.push(table::Row { customer, values });
        } else {
            left_out += 1;
        }
    }
    Ok((rows, left_out))
}

/// What is known of a table before its files are there.
struct Written {
    tenant: TenantId,
    moment: Moment,
    left_out: u64,
    unreadable_events: u64,
}

impl Written {
    async fn publish<L: Log>(
        self,
        desk: &Desk<L>,
        signer: &Signer,
        folder: &Path,
        rows: &[table::Row],
    ) -> Result<Exported, ExportError> {
        let whole = folder.join(TABLE);
        let partial = folder.join(format!("{TABLE}.partial"));
        let file = File::create(&partial).map_err(failed(&partial))?;
        let synced = file.try_clone().map_err(failed(&partial))?;
        table::write(file, self.moment.at, rows)?;
        synced.sync_all().map_err(failed(&partial))?;
        fs::rename(&partial, &whole).map_err(failed(&whole))?;
        write_whole(&folder.join(PUBLIC_KEY), format!("{}\n", signer.verifier()).as_bytes())?;
        let mut manifest = self.manifest(rows.len() as u64);
        for name in [TABLE, PUBLIC_KEY] {
            let (bytes, sha256) = hash_of(&folder.join(name))?;
            manifest.files.push(FileOf { name: name.to_owned(), bytes, sha256 });
        }
        let text = manifest.to_bytes()?;
        let manifest_sha256 = hex::encode(digest::digest(&digest::SHA256, &text));
        let record = Record {
            tenant: self.tenant,
            form: FORM,
            range: 1.min(self.moment.position)..=self.moment.position,
            count: manifest.customers,
            manifest_sha256: &manifest_sha256,
        };
        record.write(desk).await?;
        let signature = signer.sign(&signed_text(&manifest_sha256));
        write_whole(&folder.join(SIGNATURE), signature.as_bytes())?;
        // Last, so that a folder with a manifest holds a whole export.
        write_whole(&folder.join(MANIFEST), &text)?;
        Ok(Exported {
            folder: folder.to_owned(),
            as_of: self.moment.at,
            position: self.moment.position,
            customers: manifest.customers,
            left_out: self.left_out,
            manifest_sha256,
        })
    }

    fn manifest(&self, customers: u64) -> Manifest {
        let columns = ChurnFeatures::columns()
            .iter()
            .map(|column| ColumnOf { name: column.name.to_owned(), unit: column.unit.to_owned() });
        Manifest {
            form: FORM.to_owned(),
            format: FORMAT,
            tool: "allhours".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            tenant: self.tenant,
            as_of: self.moment.at,
            position: self.moment.position,
            customers,
            left_out: self.left_out,
            unreadable_events: self.unreadable_events,
            columns: columns.collect(),
            files: Vec::new(),
        }
    }
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
