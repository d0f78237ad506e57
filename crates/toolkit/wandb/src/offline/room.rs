//! Old runs go before the disk is full of them.

use super::{FOLDER, synced};
use crate::WandbError;
use fs_err as fs;
use std::path::{Path, PathBuf};

struct OldRun {
    folder: PathBuf,
    bytes: u64,
    is_synced: bool,
}

/// Removes runs until the others have at most so many bytes.
pub(super) fn make(root: &Path, most: u64) -> Result<(), WandbError> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(root)? {
        let folder = entry?.path();
        let name = folder.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(FOLDER)) && folder.is_dir() {
            runs.push(look(folder)?);
        }
    }
    // Their names begin with their times.
    runs.sort_by(|one, other| (!one.is_synced, &one.folder).cmp(&(!other.is_synced, &other.folder)));
    let mut total: u64 = runs.iter().map(|run| run.bytes).sum();
    for run in runs {
        if total <= most {
            break;
        }
        if !run.is_synced {
            tracing::warn!(
                run = %run.folder.display(),
                "an offline W&B run that was not uploaded is removed to make room; the log keeps its events"
            );
        }
        fs::remove_dir_all(&run.folder)?;
        total -= run.bytes;
    }
    Ok(())
}

fn look(folder: PathBuf) -> Result<OldRun, WandbError> {
    let (mut bytes, mut is_synced) = (0, false);
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_file() {
            bytes += entry.metadata()?.len();
        }
        if path.extension().is_some_and(|ending| ending == "wandb") {
            is_synced = synced(&path).exists();
        }
    }
    Ok(OldRun {
        folder,
        bytes,
        is_synced,
    })
}
