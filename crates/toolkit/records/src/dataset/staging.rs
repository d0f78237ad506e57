//! The folder beside the dataset where it is made: complete, it takes its place in one step.
//!
//! It is named after the dataset, so what a kill left is found and removed by the next build of the same.

use super::{error::BuildError, plan::Existing};
use fs_err as fs;
use std::{
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
};

/// The folder beside the dataset. What is in it goes with this value.
pub(super) struct Staging {
    folder: PathBuf,
    parent: PathBuf,
    target: PathBuf,
    _lock: fs::File,
}

impl Staging {
    pub(super) fn begin(target: &Path, existing: Existing) -> Result<Self, BuildError> {
        let name = target.file_name().ok_or_else(|| BuildError::Plan {
            option: "folder",
            why: format!("{} names no folder", target.display()),
        })?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".part");
        let folder = parent.join(hidden);
        fs::create_dir_all(&folder)?;
        let lock = fs::File::create(folder.join("lock"))?;
        match lock.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BuildError::InUse {
                    folder: target.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let staging = Self {
            folder,
            parent,
            target: target.to_owned(),
            _lock: lock,
        };
        // A kill between the two steps of a replacement.
        if !target.exists() && staging.old().exists() {
            fs::rename(staging.old(), target)?;
        }
        staging.check(existing)?;
        for leftover in [staging.dataset(), staging.old()] {
            remove(&leftover)?;
        }
        fs::create_dir_all(staging.dataset().join("data"))?;
        Ok(staging)
    }

    fn check(&self, existing: Existing) -> Result<(), BuildError> {
        let folder = || self.target.clone();
        let is_empty = match fs::read_dir(&self.target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            // A file, for one.
            Err(_) => return Err(BuildError::NoDataset { folder: folder() }),
        };
        match existing {
            _ if is_empty => Ok(()),
            Existing::Refuse => Err(BuildError::Exists { folder: folder() }),
            Existing::Replace
                if self.target.join("README.md").is_file() && self.target.join("data").is_dir() =>
            {
                Ok(())
            }
            Existing::Replace => Err(BuildError::NoDataset { folder: folder() }),
        }
    }

    /// Where the dataset is made.
    pub(super) fn dataset(&self) -> PathBuf {
        self.folder.join("dataset")
    }

    /// Where rows wait for the second pass.
    pub(super) fn spool(&self) -> PathBuf {
        self.folder.join("rows")
    }

    fn old(&self) -> PathBuf {
        self.folder.join("old")
    }

    /// Puts the dataset into its place. Its files must be on the disk.
    pub(super) fn finish(self) -> Result<(), BuildError> {
        for folder in [self.dataset().join("data"), self.dataset()] {
            fs::File::open(folder)?.sync_all()?;
        }
        if self.target.exists() {
            fs::rename(&self.target, self.old())?;
        }
        fs::rename(self.dataset(), &self.target)?;
        fs::File::open(&self.parent)?.sync_all()?;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            // The next build removes it.
            tracing::warn!(%error, "what was beside a dataset while it was made stays there");
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
