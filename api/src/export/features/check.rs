//! Whether a training table is what its manifest says, without any database.

use std::path::Path;

use allhours_eventstore::checkpoint::note::Verifier;

use super::{FORMAT, Manifest, TABLE, table};
use crate::{
    causes::of_json,
    export::{
        ExportError,
        bundle::MANIFEST,
        check::{Checked, files, key_of, signature},
    },
};

/// Whether a manifest is that of a training table.
#[must_use]
pub fn is_one(manifest: &[u8]) -> bool {
    let manifest: Result<serde_json::Value, _> = serde_json::from_slice(manifest);
    manifest.is_ok_and(|manifest| manifest["form"] == super::FORM)
}

/// Checks a table with a public key; with the one that lies beside it where none is given.
///
/// # Errors
///
/// A file can't be read at all; what is wrong with one that can be is in the answer.
pub fn check(
    folder: &Path,
    bytes: &[u8],
    key: Option<&Verifier>,
    mut checked: Checked,
) -> Result<Checked, ExportError> {
    let manifest: Manifest = match serde_json::from_slice(bytes) {
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
    if !manifest.files.iter().any(|file| file.name == TABLE) {
        checked.differs(format!("{MANIFEST} names no {TABLE}"));
        return Ok(checked);
    }
    match table::shape(&folder.join(TABLE)) {
        Ok((rows, names)) => {
            checked.events = rows;
            checked.compare("number of customers", &manifest.customers, &rows);
            let said = manifest.columns.iter().map(|column| column.name.as_str());
            let said: Vec<&str> = ["customer_id", "as_of"].into_iter().chain(said).collect();
            checked.compare("columns", &said.join(", "), &names.join(", "));
        }
        Err(error) => checked.differs(error.to_string()),
    }
    Ok(checked)
}
