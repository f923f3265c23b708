//! Whose a desk is. What another user, such as root, makes in its folder is of no use to its owner.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::{CHECKPOINT_KEY_FILE, MASTER_KEY_FILE, ProgramError, SEARCH_DIR};

/// What the user makes that the program runs as; the private PostgreSQL may run as another one.
const OWNED: [&str; 3] = [MASTER_KEY_FILE, SEARCH_DIR, CHECKPOINT_KEY_FILE];

/// Refuses a desk of another user than the one that the program runs as.
///
/// # Errors
///
/// [`ProgramError::OtherOwner`].
pub(super) fn is_ours(folder: &Path) -> Result<(), ProgramError> {
    belongs_to(folder, rustix::process::geteuid().as_raw())
}

fn belongs_to(folder: &Path, user: u32) -> Result<(), ProgramError> {
    let mut there = OWNED.iter().filter_map(|name| fs::metadata(folder.join(name)).ok());
    match there.next().map(|first| first.uid()) {
        Some(owner) if owner != user => {
            Err(ProgramError::OtherOwner { folder: folder.to_owned(), owner, user })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_for_its_owner_and_an_empty_folder_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let us = folder.path().metadata().unwrap().uid();
        belongs_to(folder.path(), us + 1).unwrap();
        for name in OWNED {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            belongs_to(folder.path(), us).unwrap();
            let refused = belongs_to(folder.path(), us + 1).unwrap_err().to_string();
            let said = format!("belongs to the user {us}, and this is user {}", us + 1);
            assert!(refused.contains(&said), "{refused}");
            fs::remove_file(path).unwrap();
        }
    }
}
