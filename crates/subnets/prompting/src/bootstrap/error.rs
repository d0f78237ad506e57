//! Why there is no text to begin with.

use std::path::PathBuf;

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// A file cannot be read; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A shard is not what its name says.
    #[error("{path} cannot be read as {kind}: {problem}")]
    Shard {
        /// Which.
        path: PathBuf,
        /// What its name says.
        kind: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A shard of a kind that is not read.
    #[error("{path} is of no known kind; .jsonl, .json, .parquet and .txt are read")]
    Kind {
        /// Which.
        path: PathBuf,
    },
    /// A Parquet shard has none of the columns.
    #[error("{path} has no column of texts called {wanted}; it has {found}")]
    Columns {
        /// Which.
        path: PathBuf,
        /// What was looked for.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// There are no shards.
    #[error("{place} holds no shard that can be read (.jsonl, .json, .parquet, .txt)")]
    NoShards {
        /// Where it was looked.
        place: String,
    },
    /// Many shards in a row without a text.
    #[error("{shards} shards in a row hold no text in {columns}")]
    Barren {
        /// How many.
        shards: usize,
        /// The columns that were looked at.
        columns: String,
    },
    /// Everything was read, and there was no text.
    #[error("no shard holds a text in {columns}")]
    Empty {
        /// The columns that were looked at.
        columns: String,
    },
    /// The hub.
    #[error(transparent)]
    Hub(#[from] assay_hub::HubError),
    /// Reading was cut off.
    #[error("reading the data set was cut off")]
    Interrupted,
}

impl BootstrapError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Columns { .. } | Self::Empty { .. } | Self::Barren { .. } => {
                "name the column of the texts with --contexts-column"
            }
            Self::Kind { .. } | Self::Shard { .. } | Self::NoShards { .. } => {
                "give files of JSON lines, Parquet or plain text, or a data set of the hub that has such"
            }
            Self::Hub(_) => "see whether the hub is reached, and whether the data set is public",
            Self::Io(_) | Self::Interrupted => "see whether the disk can be read",
        }
    }
}
