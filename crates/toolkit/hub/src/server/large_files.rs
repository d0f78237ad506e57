//! Contents of large files, each once per repository, named by their SHA-256.
//!
//! A repository has its own: naming a hash in a commit must not give out what somebody else keeps in private.

use super::{durable, git::LfsPointer};
use std::{io, path::PathBuf};
use tempfile::NamedTempFile;

/// The large files of one repository, laid out as Git LFS lays out its own store.
#[derive(Clone, Debug)]
pub(crate) struct LargeFiles {
    folder: PathBuf,
}

impl LargeFiles {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where a content lies, or would lie.
    pub(crate) fn path(&self, oid: &[u8; 32]) -> PathBuf {
        let digits = hex::encode(oid);
        self.folder.join(&digits[..2]).join(&digits[2..4]).join(&digits)
    }

    /// Bytes of a content, if it is here.
    pub(crate) fn size(&self, oid: &[u8; 32]) -> Option<u64> {
        let metadata = fs_err::metadata(self.path(oid)).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Whether this very content, with this length, is here.
    pub(crate) fn has(&self, pointer: &LfsPointer) -> bool {
        self.size(&pointer.oid) == Some(pointer.size)
    }

    /// Takes a complete file whose hash was found to be `oid`.
    pub(crate) fn adopt(&self, file: NamedTempFile, oid: &[u8; 32]) -> io::Result<()> {
        let path = self.path(oid);
        fs_err::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        durable::persist(file, &path)
    }
}
