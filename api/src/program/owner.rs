//! Whose a desk is. What another user, such as root, makes in its folder is of no use to its owner.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use super::{CHECKPOINT_KEY_FILE, MASTER_KEY_FILE, ProgramError, SEARCH_DIR};

/// What the user makes that the program runs as; the private PostgreSQL may run as another one.
const MADE: [&str; 3] = [MASTER_KEY_FILE, SEARCH_DIR, CHECKPOINT_KEY_FILE];

/// Refuses a desk of another user than the one that the program runs as. A key of somebody else's
/// is no reason where it was put there for this user to read; root reads everything.
///
/// # Errors
///
/// [`ProgramError::OtherOwner`].
pub(super) fn is_ours(folder: &Path) -> Result<(), ProgramError> {
    let user = rustix::process::geteuid();
    let is_for_us = |path: &Path| !user.is_root() && File::open(path).is_ok();
    belongs_to(folder, user.as_raw(), is_for_us)
}

fn belongs_to(
    folder: &Path,
    user: u32,
    is_for_us: impl Fn(&Path) -> bool,
) -> Result<(), ProgramError> {
    for name in MADE {
        let path = folder.join(name);
        let Ok(made) = fs::metadata(&path) else { continue };
        let owner = made.uid();
        if owner != user && (made.is_dir() || !is_for_us(&path)) {
            return Err(ProgramError::OtherOwner { folder: folder.to_owned(), owner, user });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_for_its_owner_and_an_empty_folder_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let us = folder.path().metadata().unwrap().uid();
        let unreadable = |_: &Path| false;
        belongs_to(folder.path(), us + 1, unreadable).unwrap();
        for name in MADE {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            belongs_to(folder.path(), us, unreadable).unwrap();
            let refused = belongs_to(folder.path(), us + 1, unreadable).unwrap_err().to_string();
            let said = format!("belongs to the user {us}, and this is user {}", us + 1);
            assert!(refused.contains(&said), "{refused}");
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn keys_that_others_put_there_to_be_read_are_no_reason_and_a_folder_to_write_is() {
        let folder = tempfile::tempdir().unwrap();
        let us = folder.path().metadata().unwrap().uid();
        let readable = |_: &Path| true;
        for name in [MASTER_KEY_FILE, CHECKPOINT_KEY_FILE] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        belongs_to(folder.path(), us + 1, readable).unwrap();
        fs::create_dir(folder.path().join(SEARCH_DIR)).unwrap();
        belongs_to(folder.path(), us + 1, readable).unwrap_err();
        belongs_to(folder.path(), us, readable).unwrap();
    }
}
