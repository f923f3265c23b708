//! What a bundle says of itself: `manifest.json`.

use allhours_eventstore::recorded::Position;
use serde::{Deserialize, Serialize};

use super::Selection;

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
    /// Every other file of the bundle, by name.
    pub files: Vec<FileOf>,
    /// How many events it holds.
    pub events: u64,
    /// The position of the first one; 0 where there is none.
    pub first_position: Position,
    /// The position of the last one; 0 where there is none.
    pub last_position: Position,
    /// What the log was up to the end of the range; none where it was empty.
    pub log: Option<LogState>,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOf {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// What the log was, as its checkpoint says, and that it only grew since the checkpoint before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogState {
    /// How many events it had.
    pub size: Position,
    /// The root of its Merkle tree (RFC 9162) over their leaf hashes.
    pub root: String,
    /// The size of the checkpoint before; 0 where there was none.
    pub previous_size: Position,
    /// The consistency proof (RFC 9162, section 2.1.4) from that one to this.
    pub consistency: Vec<String>,
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
