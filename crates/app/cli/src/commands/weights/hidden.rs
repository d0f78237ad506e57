//! What hash commits hide, kept in files until it is revealed: without it a commit is worth nothing.

use super::folder;
use crate::chain::mark;
use assay_chain::{AccountId, ChainClient, HashedWeights, NetUid};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
};

/// Bytes of such a file at most. A row of 4096 entries has some fifty thousand.
const MOST_BYTES: u64 = 1 << 20;

/// A row that a file keeps.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) hidden: HashedWeights,
}

impl Kept {
    /// A row that is to be kept; nothing is written yet.
    pub(super) fn new(client: &ChainClient, hidden: HashedWeights) -> Self {
        let digits = hex::encode(hidden.hash());
        let name = format!(
            "{}{}.json",
            prefix(client, hidden.netuid, &hidden.hotkey),
            &digits[..8]
        );
        Self {
            path: folder().join(name),
            hidden,
        }
    }

    /// Writes the file, for its owner alone, so that not even a loss of power takes it away. One that is there stays.
    pub(super) fn save(&self) -> miette::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let text = serde_json::to_vec(&self.hidden).into_diagnostic()?;
        let write = || -> miette::Result<()> {
            fs_err::create_dir_all(folder).into_diagnostic()?;
            // Temporary files are made with mode 0600, which the name given in the end keeps.
            let mut file = tempfile::NamedTempFile::new_in(folder).into_diagnostic()?;
            file.write_all(&text).into_diagnostic()?;
            file.as_file().sync_all().into_diagnostic()?;
            file.persist_noclobber(&self.path).into_diagnostic()?;
            fs_err::File::open(folder)
                .and_then(|folder| folder.sync_all())
                .into_diagnostic()
        };
        write().wrap_err_with(|| {
            format!(
                "nothing was sent: what the commit hides cannot be kept in {}",
                self.path.display()
            )
        })
    }

    /// A file that somebody named.
    pub(super) fn read(path: &Path) -> miette::Result<Self> {
        let mut text = Vec::new();
        fs_err::File::open(path)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut text))
            .into_diagnostic()?;
        if text.len() as u64 > MOST_BYTES {
            return Err(miette!(
                "{} has more than {MOST_BYTES} bytes: it is not what `assay weights commit --hash` keeps",
                path.display()
            ));
        }
        let hidden = serde_json::from_slice(&text)
            .into_diagnostic()
            .wrap_err_with(|| {
                format!(
                    "{} is not what `assay weights commit --hash` keeps",
                    path.display()
                )
            })?;
        Ok(Self {
            path: path.to_owned(),
            hidden,
        })
    }

    /// The files of a hotkey in a subnet of this chain.
    pub(super) fn all(client: &ChainClient, netuid: NetUid, hotkey: &AccountId) -> miette::Result<Vec<Self>> {
        let prefix = prefix(client, netuid, hotkey);
        let folder = folder();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut paths = Vec::new();
        for entry in fs_err::read_dir(&folder).into_diagnostic()? {
            let entry = entry.into_diagnostic()?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&prefix) && name.ends_with(".json") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Takes the file away.
    pub(super) fn remove(&self) -> miette::Result<()> {
        fs_err::remove_file(&self.path).into_diagnostic()
    }
}

fn prefix(client: &ChainClient, netuid: NetUid, hotkey: &AccountId) -> String {
    format!("{}-{netuid}-{hotkey}-", mark(client))
}
