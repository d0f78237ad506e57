//! What can go wrong, and what of it a caller can mend.

use std::{io, path::PathBuf, sync::Arc};

/// Why a type has no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Its events are no structs with named fields.
    #[error("events of {stream} are not structs with named fields, so they have no columns")]
    NoStruct {
        /// The stream's name.
        stream: &'static str,
    },
    /// The field's value fits no column.
    #[error("the field {field} of {stream} has no column: {why}")]
    NoColumn {
        /// The stream's name.
        stream: &'static str,
        /// The field's name.
        field: String,
        /// What is in the way.
        why: &'static str,
    },
    /// The field has the name of a column that every table has.
    #[error("the field {field} of {stream} has the name of a column that every table has")]
    Reserved {
        /// The stream's name.
        stream: &'static str,
        /// The field's name.
        field: String,
    },
}

/// Why an event was not taken. Scoring goes on without it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Nothing is written any more, and what waits has reached its bound.
    #[error(
        "{waiting} bytes of events wait for the disk, so this one is dropped; see the log's health for the cause"
    )]
    Full {
        /// Bytes that wait.
        waiting: usize,
    },
    /// The event alone is larger than any may be.
    #[error("an event of {stream} has {bytes} bytes, more than the {limit} that one may have")]
    TooLarge {
        /// The stream's name.
        stream: &'static str,
        /// What it takes as JSON.
        bytes: usize,
        /// What it may take.
        limit: usize,
    },
    /// The type has no table.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The event does not become JSON.
    #[error("an event of {stream} cannot be written: {source}")]
    Unwritable {
        /// The stream's name.
        stream: &'static str,
        /// What the serializer said.
        source: Arc<serde_json::Error>,
    },
    /// Its time is outside the years 1970 to 9999.
    #[error("an event of {stream} has a time outside the years 1970 to 9999")]
    Time {
        /// The stream's name.
        stream: &'static str,
    },
    /// The log has been closed.
    #[error("the event log is closed")]
    Closed,
}

/// Why the log cannot be opened, written or read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Another process writes there.
    #[error("{} is written to by another process; one folder takes the events of one", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk refuses. The error names the file.
    #[error(transparent)]
    Disk(Arc<io::Error>),
    /// A file of events does not hold what it should.
    #[error("{} is damaged: {why}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Events cannot be written as Parquet. They stay as lines, which are read as well.
    #[error("{} cannot be written: {why}", file.display())]
    Unrolled {
        /// The file.
        file: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// The events are of a version that this program cannot turn into its type. SQL still reads them.
    #[error("{stream} has events of version {found}; this program reads versions up to {known}")]
    Version {
        /// The stream's name.
        stream: String,
        /// The version in the folder.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The thread that writes has ended.
    #[error("the thread that writes events has ended")]
    WriterGone,
}

impl From<io::Error> for RecordsError {
    fn from(error: io::Error) -> Self {
        Self::Disk(Arc::new(error))
    }
}

impl RecordsError {
    pub(crate) fn unrolled(file: &std::path::Path, why: impl ToString) -> Self {
        Self::Unrolled {
            file: file.to_owned(),
            why: why.to_string(),
        }
    }

    pub(crate) fn damaged(file: &std::path::Path, why: impl ToString) -> Self {
        Self::Damaged {
            file: file.to_owned(),
            why: why.to_string(),
        }
    }
}
