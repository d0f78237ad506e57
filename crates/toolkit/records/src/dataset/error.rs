//! Why no dataset was made. What is wrong with single files or lines of the input is in the report instead.

use super::report::Report;
use crate::RecordsError;
use std::{io, path::PathBuf};

/// Why no dataset was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The plan asks for what cannot be.
    #[error("the plan's {option} cannot be used: {why}")]
    Plan {
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A source is not there, or is something else.
    #[error("{} is not {expected}", path.display())]
    NoSource {
        /// What was named.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// The list of unwanted answers cannot be used.
    #[error("the blacklist {} cannot be used: {why}", path.display())]
    Blacklist {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The folder is there.
    #[error("{} exists already; remove it, choose another, or ask to replace it", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// What would be replaced was not made by this.
    #[error("{} is no dataset (it has no README.md and data), so it is not replaced", folder.display())]
    NoDataset {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process makes a dataset there.
    #[error("{} is being made by another process", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing passed the filters.
    #[error("nothing is left of {} events: {}{}", report.counts.events, report.counts.in_words(), report.faults_in_words())]
    Nothing {
        /// What became of them.
        report: Box<Report>,
    },
    /// A folder of records cannot be listed.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The disk refuses. The error names the file.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// A row cannot be written.
    #[error("{} cannot be written: {why}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What is in the way.
        why: String,
    },
}
