//! Which records a command reads: the same two flags everywhere.

use crate::configuration::expand_home;
#[cfg(feature = "sql")]
use assay_records::objects::Bucket;
#[cfg(feature = "sql")]
use miette::IntoDiagnostic;
use miette::miette;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// How deep folders of records lie under a home: `up`'s folder, `validators`, the validator's name, `records`.
const DEPTH: usize = 5;

/// Which records are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RecordsFolders {
    /// A folder with records; may be given several times. `assay query` also takes s3://BUCKET/PREFIX
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

    /// The folders that were named, or all under the home, and the buckets that were named.
    #[cfg(feature = "sql")]
    pub(crate) fn find_everywhere(&self) -> miette::Result<(Vec<PathBuf>, Vec<Bucket>)> {
        let (addresses, folders): (Vec<_>, Vec<_>) =
            self.records.iter().partition(|folder| address(folder).is_some());
        if addresses.is_empty() {
            return Ok((self.find()?, Vec::new()));
        }
        Ok((
            folders
                .into_iter()
                .map(|folder| existing(folder))
                .collect::<miette::Result<_>>()?,
            addresses
                .into_iter()
                .filter_map(|path| address(path))
                .map(bucket)
                .collect::<miette::Result<_>>()?,
        ))
    }

    /// The same folders as [`find`](Self::find). Where there may be several, each with a name of its own that has `/` in it
    /// for a folder below another.
    #[cfg(feature = "sql")]
    pub(crate) fn find_named(&self) -> miette::Result<Vec<(PathBuf, Option<String>)>> {
        let folders = self.find()?;
        if !self.records.is_empty() {
            if folders.len() > 1 {
                return Err(miette!(
                    help = "run it for each, with another prefix",
                    "{} folders would lie in one another's place",
                    folders.len()
                ));
            }
            return Ok(folders.into_iter().map(|folder| (folder, None)).collect());
        }
        let home = expand_home(self.home.as_deref().unwrap_or(Path::new("~/.assay")));
        Ok(folders
            .into_iter()
            .map(|folder| {
                let within = folder.strip_prefix(&home).unwrap_or(&folder);
                let names: Vec<_> = within.iter().map(|name| name.to_string_lossy()).collect();
                // Without its own name, which is the same for all.
                let name = names.split_last().map(|(_, above)| above.join("/"));
                let name = name.filter(|name| !name.is_empty());
                (folder, name)
            })
            .collect())
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

/// What stands in for a folder that is none of this machine.
fn address(folder: &Path) -> Option<&str> {
    folder.to_str().filter(|text| text.contains("://"))
}

/// The records at an address, with the keys of the environment.
#[cfg(feature = "sql")]
pub(crate) fn bucket(address: &str) -> miette::Result<Bucket> {
    let options = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Bucket::open(address, options).into_diagnostic()
}

fn existing(folder: &Path) -> miette::Result<PathBuf> {
    if let Some(address) = address(folder) {
        return Err(miette!(
            help = "`assay query` reads records in a bucket; for anything else copy them to a folder first",
            "this command reads folders, and {address} is an address"
        ));
    }
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
