//! What can go wrong, and what of it a caller can mend.

use assay_records::RecordsError;
use std::{io, path::PathBuf};

/// Why the exporter does not begin, or has ended. Scoring goes on without it, and the event log keeps everything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WandbError {
    /// A setting is not one that can work.
    #[error("the W&B exporter's {what} does not fit: {why}")]
    Config {
        /// Which.
        what: &'static str,
        /// What is wrong with it, and what is right.
        why: String,
    },
    /// Another exporter works in this folder.
    #[error("{} belongs to another W&B exporter that runs; give each its own folder", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// What the exporter keeps is damaged.
    #[error(
        "{} is damaged ({why}); remove it to begin anew: what was exported since the last start may then come twice",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The disk refuses. The error names the file.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The event log cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The HTTP client cannot be made.
    #[error("the HTTP client for W&B cannot be made: {0}")]
    Client(String),
    /// The server does not take what is sent, and will not later.
    #[error("the W&B server refuses to {what} (status {status}): {message}. {advice}")]
    Refused {
        /// What was asked of it.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// What it said, cut short.
        message: String,
        /// What may help.
        advice: &'static str,
    },
}
