//! Writing files so that a kill at any moment leaves the old file or the new one.

use std::{
    io::{self, Write as _},
    path::Path,
};
use tempfile::NamedTempFile;

/// Replaces the file at `path` by `bytes`: written beside it, flushed to the disk, then renamed over it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = parent(path)?;
    fs_err::create_dir_all(folder)?;
    let mut file = NamedTempFile::with_prefix_in(".tmp-", folder)?;
    file.write_all(bytes)?;
    persist(file, path)
}

/// Flushes a temporary file and gives it its name, in place of what had it.
pub(crate) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(parent(path)?)
}

/// Flushes a folder's list of names, without which a rename may be forgotten when the power fails.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened for this; elsewhere the rename itself is as durable as it gets.
    if cfg!(unix) {
        fs_err::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} has no folder", path.display()),
        )
    })
}
