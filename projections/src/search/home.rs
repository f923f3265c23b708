//! The folder of the index: one owner, one folder for each generation, one of them live.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::error::SearchError;

/// The name of the file that says which generation is live.
const LIVE: &str = "live";
/// The name of the file by which another process asks for a rebuild.
const WANTED: &str = "rebuild";
/// Who may look into the folder: it holds texts that people wrote, as they wrote them.
const OWNER_ONLY: u32 = 0o700;

/// The folder, owned by this process as long as this value lives.
pub(super) struct Home {
    folder: PathBuf,
    _lock: File,
}

impl Home {
    /// Becomes the owner of `folder`.
    pub(super) fn own(folder: &Path) -> Result<Self, SearchError> {
        make(folder)?;
        // One that is there may have been made by an earlier version, or copied.
        fs::set_permissions(folder, Permissions::from_mode(OWNER_ONLY))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("owner.lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(SearchError::Owned(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The folder of a generation.
    pub(super) fn generation(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    /// Which generation is live, if any.
    pub(super) fn live(&self) -> Option<u64> {
        live(&self.folder)
    }

    /// A number that no generation has had that is still there.
    pub(super) fn unused(&self) -> Result<u64, SearchError> {
        let newest = self.generations()?.into_iter().chain(self.live()).max();
        Ok(newest.unwrap_or(0) + 1)
    }

    /// Makes a generation the live one, for good: after a crash it is that one or the one before.
    pub(super) fn make_live(&self, number: u64) -> Result<(), SearchError> {
        // The folder may have been taken away while the process ran.
        make(&self.folder)?;
        let draft = self.folder.join("live.draft");
        let mut file = File::create(&draft)?;
        writeln!(file, "{number}")?;
        file.sync_all()?;
        fs::rename(&draft, self.folder.join(LIVE))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// Deletes all generations but these.
    pub(super) fn sweep(&self, keep: &[u64]) -> Result<(), SearchError> {
        for number in self.generations()?.into_iter().filter(|it| !keep.contains(it)) {
            fs::remove_dir_all(self.generation(number))?;
        }
        Ok(())
    }

    /// Whether another process asked for a rebuild since this was last called.
    pub(super) fn take_wish(&self) -> bool {
        fs::remove_file(self.folder.join(WANTED)).is_ok()
    }

    fn generations(&self) -> Result<Vec<u64>, SearchError> {
        // The folder may have been taken away while the process ran.
        make(&self.folder)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let number = entry.file_name().to_str().and_then(|it| it.parse().ok());
            if let Some(number) = number.filter(|_| entry.path().is_dir()) {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(folder)
}

/// Which generation is live in `folder`, if any.
pub(super) fn live(folder: &Path) -> Option<u64> {
    fs::read_to_string(folder.join(LIVE)).ok()?.trim().parse().ok()
}

/// Asks the process that owns the index in `folder` to rebuild it beside the live one.
///
/// # Errors
///
/// The folder can't be written.
pub fn ask_for_rebuild(folder: &Path) -> io::Result<()> {
    make(folder)?;
    File::create(folder.join(WANTED)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::own(folder.path()).unwrap();
        assert!(matches!(Home::own(folder.path()), Err(SearchError::Owned(_))));
        drop(home);
        assert!(Home::own(folder.path()).is_ok());
    }

    #[test]
    fn nobody_else_looks_into_the_folder_whoever_made_it() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("search");
        let mode = || fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        ask_for_rebuild(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        drop(Home::own(&folder).unwrap());
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn the_live_generation_is_remembered_and_the_others_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::own(folder.path()).unwrap();
        assert_eq!(home.live(), None);
        for number in [1, 2] {
            fs::create_dir(home.generation(number)).unwrap();
        }
        home.make_live(2).unwrap();
        home.sweep(&[2]).unwrap();
        assert_eq!(home.live(), Some(2));
        assert!(!home.generation(1).exists());
        assert_eq!(home.unused().unwrap(), 3);
    }

    #[test]
    fn a_wish_is_granted_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::own(folder.path()).unwrap();
        assert!(!home.take_wish());
        ask_for_rebuild(folder.path()).unwrap();
        assert!(home.take_wish());
        assert!(!home.take_wish());
    }
}
