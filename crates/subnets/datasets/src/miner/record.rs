//! What a miner remembers of its last upload.

use std::{
    io::{self, Write as _},
    path::Path,
};

use assay_hub::{RepoId, Revision};
use serde::{Deserialize, Serialize};

use crate::recipe::Identity;

const FILE: &str = "published.json";

/// A file that the hub has, and gave back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Identity of the file's bytes.
    pub(super) content: Identity,
    /// Where it is.
    pub(super) repo: RepoId,
    /// At which commit.
    pub(super) revision: Revision,
}

impl Record {
    /// The record in a folder. One that cannot be understood counts as none: the file is then uploaded again.
    pub(super) fn load(home: &Path) -> io::Result<Option<Self>> {
        match fs_err::read(home.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Replaces the record in one step.
    pub(super) fn save(&self, home: &Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(home)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(home.join(FILE))?;
        Ok(())
    }
}
