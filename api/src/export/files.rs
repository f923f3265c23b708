//! Files that are there whole or not at all, and their hashes.

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use ring::digest;

use super::{ExportError, bundle::MANIFEST};

/// What was asked, and what was fixed then; the first file of an export.
pub(super) const REQUEST: &str = "request.json";
/// How the name of a file ends that is not whole yet.
const DRAFT: &str = "draft";

/// A folder that nobody else exports into as long as this value lives.
#[derive(Debug)]
pub(super) struct Owned {
    folder: PathBuf,
    _lock: File,
    made: bool,
}

impl Owned {
    /// Becomes the one who exports into `folder`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// The folder can't be used, or another export writes there just now.
    pub(super) fn take(folder: &Path) -> Result<Self, ExportError> {
        let made = !folder.exists();
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let lock = File::open(folder).map_err(failed(folder))?;
        // A file system without locks must not stop all exports.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Err(ExportError::Busy(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock, made })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.made {
            // Goes only where it is empty: where nothing was begun.
            fs::remove_dir(&self.folder).ok();
        }
    }
}

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> ExportError + use<> {
    let path = path.to_owned();
    move |source| ExportError::File { path: path.clone(), source }
}

/// What was asked of an export that was begun in a folder; none where nothing was.
///
/// # Errors
///
/// The folder can't be used, or holds something else.
pub(super) fn begun(folder: &Path) -> Result<Option<Vec<u8>>, ExportError> {
    let path = folder.join(REQUEST);
    let entries = match fs::read(&path) {
        Ok(bytes) => return Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::read_dir(folder),
        Err(error) => return Err(failed(&path)(error)),
    };
    match entries {
        Ok(entries) => {
            // One that was killed while it wrote its first file has begun nothing.
            let draft = path.with_extension(DRAFT);
            let foreign = |entry: std::io::Result<fs::DirEntry>| {
                entry.is_ok_and(|entry| entry.path() != draft)
            };
            let foreign = entries.into_iter().any(foreign);
            if foreign { Err(ExportError::NotEmpty(folder.to_owned())) } else { Ok(None) }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(folder)(error)),
    }
}

/// Whether the export in a folder is whole: its manifest comes last.
pub(super) fn is_whole(folder: &Path) -> bool {
    folder.join(MANIFEST).exists()
}

/// Begins an export by writing down what was asked; where that fails, nothing is left behind.
pub(super) fn begin(folder: &Path, request: &[u8]) -> Result<(), ExportError> {
    let path = folder.join(REQUEST);
    write_whole(&path, request).inspect_err(|_| {
        // What can't be removed was told of already: it could not be written.
        fs::remove_file(path.with_extension(DRAFT)).ok();
    })
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    let draft = path.with_extension(DRAFT);
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
