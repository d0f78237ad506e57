//! Why a dataset cannot be used.

use crate::ConfigError;
use std::{io, path::PathBuf};

/// Why a dataset cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// A file cannot be read. The system's words name it.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Files without a single line.
    #[error("{} has no conversations: it must have one JSON object a line", path.display())]
    Empty {
        /// The first file.
        path: PathBuf,
    },
    /// No conversation of use was found.
    #[error(
        "{tries} lines of {} were tried and none is a conversation with words of a user: each must be \
         {{\"conversation\": [{{\"role\": \"user\", \"content\": \"…\"}}, …]}}", path.display()
    )]
    Unusable {
        /// The file of the last one.
        path: PathBuf,
        /// How many were tried.
        tries: usize,
    },
    /// A line of a list or of templates that is none.
    #[error("{} line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        problem: LineProblem,
    },
    /// The list of datasets.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// One word alone.
    #[error("a word needs at least one other that may stand for it")]
    LonelyWord,
    /// A slot that no list fills.
    #[error("the template uses {{{slot}}}, and there is no line `{slot} = …`")]
    UnknownSlot {
        /// Its name.
        slot: String,
    },
    /// A list of nothing.
    #[error("the list has no entry")]
    EmptySlot,
    /// A brace without its other half.
    #[error("a brace is not closed")]
    OpenBrace,
}
