//! What a miner remembers of its upload.

use std::{
    io::{self, Write as _},
    path::Path,
};

use assay_hub::{RepoId, Revision};
use serde::{Deserialize, Serialize};

use crate::recipe::Identity;

const FILE: &str = "published.json";

/// A file on its way to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Identity of the file's bytes.
    pub(super) content: Identity,
    /// Where it goes.
    pub(super) repo: RepoId,
    /// How far it is.
    pub(super) stage: Upload,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Upload {
    /// In the queue of uploads, under this number.
    Queued {
        /// The queue's number for it.
        ticket: i64,
    },
    /// The hub has it, and gave it back unchanged.
    Verified {
        /// The commit.
        revision: Revision,
    },
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

    /// Removes the record.
    pub(super) fn remove(home: &Path) -> io::Result<()> {
        match fs_err::remove_file(home.join(FILE)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
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
