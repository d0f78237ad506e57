//! The contents of queued files, each once, under the name of its SHA-256.

use super::OutboxError;
use crate::Source;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashSet,
    io::{self, Read, Write as _},
    path::PathBuf,
};
use tempfile::NamedTempFile;

/// A content in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// SHA-256 in hexadecimal digits.
    pub(super) sha256: String,
    pub(super) size: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Opens the spool and removes what no change refers to: a kill between the copy and the row left it.
    pub(super) fn open(folder: PathBuf, wanted: &HashSet<String>) -> Result<Self, OutboxError> {
        fs_err::create_dir_all(&folder)?;
        let spool = Self { folder };
        spool.keep_only(wanted)?;
        Ok(spool)
    }

    pub(super) fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }

    /// Copies a content into the spool.
    pub(super) async fn add(&self, source: Source) -> Result<Content, OutboxError> {
        let spool = self.clone();
        match tokio::task::spawn_blocking(move || spool.copy(&source)).await {
            Ok(copied) => Ok(copied?),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(io::Error::other(error).into()),
        }
    }

    fn copy(&self, source: &Source) -> io::Result<Content> {
        let mut reader: Box<dyn Read + '_> = match source {
            Source::Bytes(bytes) => Box::new(&bytes[..]),
            Source::File(path) => Box::new(fs_err::File::open(path)?),
        };
        let mut file = NamedTempFile::with_prefix_in(".tmp-", &self.folder)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        let mut size = 0;
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            file.write_all(&buffer[..read])?;
            size += read as u64;
        }
        let content = Content {
            sha256: hex::encode(hasher.finalize()),
            size,
        };
        file.as_file().sync_data()?;
        file.persist(self.path(&content.sha256))
            .map_err(|error| error.error)?;
        Ok(content)
    }

    /// Removes every other content.
    pub(super) fn keep_only(&self, wanted: &HashSet<String>) -> io::Result<()> {
        for entry in fs_err::read_dir(&self.folder)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .is_none_or(|name| !wanted.contains(name))
            {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes one content, if it is here.
    pub(super) fn remove(&self, sha256: &str) -> io::Result<()> {
        match fs_err::remove_file(self.path(sha256)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
