//! Files that are there whole or not at all, and their hashes.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use ring::digest;

use super::ExportError;

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> ExportError + use<> {
    let path = path.to_owned();
    move |source| ExportError::File { path: path.clone(), source }
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
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
