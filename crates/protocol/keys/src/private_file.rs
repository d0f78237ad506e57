//! Files for their owner's eyes, written whole or not at all.
//!
//! A file is written under another name in the same folder, with mode 0600 from its first byte, forced to disk, and only
//! then given its name. Folders made on the way get mode 0700; folders that exist keep theirs. Where the system has no
//! such modes (Windows) the user's default rights apply.

use crate::KeyError;
use std::{
    io::{self, Read, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// What to do when the file is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// Fail and leave it as it is, even when it appears at the last moment.
    #[default]
    Refuse,
    /// Put the new one in its place.
    Replace,
}

/// Writes `contents` to `path`, atomically.
pub(crate) fn write(path: &Path, contents: &[u8], overwrite: Overwrite) -> Result<(), KeyError> {
    let failed = |action, source| KeyError::Io {
        action,
        path: path.to_owned(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_folder(folder).map_err(|source| KeyError::Io {
        action: "make the folder",
        path: folder.to_owned(),
        source,
    })?;
    let mut file = tempfile::Builder::new()
        .prefix(".assay-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(|source| failed("write beside", source))?;
    file.write_all(contents)
        .map_err(|source| failed("write", source))?;
    file.as_file()
        .sync_all()
        .map_err(|source| failed("save", source))?;
    match overwrite {
        Overwrite::Replace => drop(
            file.persist(path)
                .map_err(|refused| failed("replace", refused.error))?,
        ),
        Overwrite::Refuse => match file.persist_noclobber(path) {
            Ok(kept) => drop(kept),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(KeyError::AlreadyExists {
                    path: path.to_owned(),
                });
            }
            Err(refused) => return Err(failed("name", refused.error)),
        },
    }
    sync_folder(folder).map_err(|source| failed("save the folder of", source))
}

/// Reads a regular file of at most `limit` bytes into memory that is wiped afterwards. `Ok(None)` when it is longer.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // Before opening: a named pipe would hold the open until somebody writes to it.
    if !fs_err::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    // As large as it may become: a vector that grows leaves copies of the secret behind.
    let mut contents = Zeroizing::new(Vec::with_capacity(limit + 1));
    fs_err::File::open(path)?
        .take(limit as u64 + 1)
        .read_to_end(&mut contents)?;
    Ok((contents.len() <= limit).then_some(contents))
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> io::Result<()> {
    fs_err::create_dir_all(folder)
}

/// A renamed file survives a power cut only once its folder is on disk too.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
