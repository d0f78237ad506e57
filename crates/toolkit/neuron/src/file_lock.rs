//! Files that one process uses at a time.

use fs_err::File;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Locks a file by another one beside it; nothing when another process has it. The lock is held as long as what is
/// returned is open: the operating system lets go when the process ends, however it ends.
pub(crate) fn lock(path: &Path) -> io::Result<Option<File>> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(name))?;
    match file.file().try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}
