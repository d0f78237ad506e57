//! Files that are either the old or the new, never half of each.

use std::{
    io::{self, Write},
    path::Path,
};

/// Replaces a file's content: the new bytes go to a file beside it, reach the disk, and take its name in one step.
///
/// # Errors
///
/// When the folder or the file cannot be written; the old content stands then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(content)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    // The name itself is on disk only when the folder is.
    fs_err::File::open(folder)?.sync_all()
}
