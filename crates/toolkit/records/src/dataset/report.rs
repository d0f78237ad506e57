//! What was made.

use super::counts::Counts;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};
use time::OffsetDateTime;

/// Faults that are named one by one. A file may be damaged in every line.
const NAMED: usize = 100;

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many came, and where each was left out.
    pub counts: Counts,
    /// What was written, by split as planned; one that no prompt fell into has no rows and no files.
    pub splits: Vec<SplitReport>,
    /// When the first of the rows' events happened, where any has a time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first: Option<OffsetDateTime>,
    /// When the last did.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last: Option<OffsetDateTime>,
    /// Lines and files that could not be read.
    pub faults: u64,
    /// The first hundred of them.
    pub named_faults: Vec<Fault>,
}

impl Report {
    /// Rows of all splits.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.rows
    }

    pub(super) fn faults_in_words(&self) -> String {
        match (self.faults, self.named_faults.first()) {
            (0, _) => String::new(),
            (1, Some(fault)) => format!("; not readable: {fault}"),
            (count, first) => {
                let first = first.map(ToString::to_string).unwrap_or_default();
                format!("; {count} lines or files are not readable, the first: {first}")
            }
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        tracing::warn!(%fault, "events of a dataset's source cannot be read");
        self.faults += 1;
        if self.named_faults.len() < NAMED {
            self.named_faults.push(fault);
        }
    }
}

/// What was written of a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitReport {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its files.
    pub files: Vec<File>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path in the dataset's folder, with `/`.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// A part of the input that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; none when it is not about one.
    pub line: Option<u64>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.why)
    }
}
