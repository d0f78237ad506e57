//! Which records a command reads: the same two flags everywhere.

use crate::configuration::expand_home;
use miette::miette;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// How deep folders of records lie under a home: `up`'s folder, `validators`, the validator's name, `records`.
const DEPTH: usize = 5;

/// Which records are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RecordsFolders {
    /// A folder with records; may be given several times
    #[arg(long, value_name = "DIR")]
    records: Vec<PathBuf>,
    /// Where to look for folders named records [default: ~/.assay]
    #[arg(long, value_name = "DIR", conflicts_with = "records")]
    home: Option<PathBuf>,
}

impl RecordsFolders {
    /// Whether any were named.
    pub(crate) fn are_named(&self) -> bool {
        self.home.is_some() || !self.records.is_empty()
    }

    /// The folders that were named, or all under the home.
    pub(crate) fn find(&self) -> miette::Result<Vec<PathBuf>> {
        if !self.records.is_empty() {
            return self.records.iter().map(|folder| existing(folder)).collect();
        }
        let home = expand_home(self.home.as_deref().unwrap_or(Path::new("~/.assay")));
        let mut found = Vec::new();
        let mut walk = WalkDir::new(&home)
            .max_depth(DEPTH)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else { continue };
            if entry.file_type().is_dir() && entry.file_name() == "records" {
                found.push(entry.into_path());
                walk.skip_current_dir();
            }
        }
        if found.is_empty() {
            return Err(miette!(
                help = "`assay up` records what it does; --records names a folder elsewhere",
                "there are no records under {}",
                home.display()
            ));
        }
        Ok(found)
    }
}

fn existing(folder: &Path) -> miette::Result<PathBuf> {
    let folder = expand_home(folder);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(miette!(
        help = "`assay up` keeps them in HOME/<run>/records, a neuron in its own folder's records",
        "there is no folder {}",
        folder.display()
    ))
}
