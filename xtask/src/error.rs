//! Why a task ended.

use std::path::PathBuf;

/// Why a task ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    #[error("`{program}` does not start: {source}\n hint: {hint}")]
    NotStarted {
        program: String,
        hint: &'static str,
        source: std::io::Error,
    },
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: String },
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("there is no Python environment `{name}`: {path} is missing")]
    UnknownEnvironment { name: String, path: PathBuf },
    #[error("Node {found} is too old for the JavaScript packages; version {oldest} or a later one is needed")]
    OldNode { found: String, oldest: u32 },
    #[error("there is no fuzz target `{name}`; there are {known}")]
    UnknownTarget { name: String, known: String },
    #[error("no test names these vector files, so nothing proves that they hold:\n  {}", files.join("\n  "))]
    UnreadVectors { files: Vec<String> },
    #[error("these files are out of date; run `cargo xtask gen`:\n  {}", files.join("\n  "))]
    OutOfDate { files: Vec<String> },
    #[error("{what} printed something else than expected: {detail}")]
    UnexpectedOutput { what: &'static str, detail: String },
}
