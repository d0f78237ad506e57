//! Why a batch is not judged.

use assay_models::ModelError;

/// Why a batch is not judged. It is our own fault, and costs no miner anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// A model fails.
    #[error("{column} fails: {source}")]
    Model {
        /// The column that it should have filled.
        column: &'static str,
        /// Why.
        source: ModelError,
    },
    /// A model gives another number of figures than there are answers.
    #[error(transparent)]
    Length(#[from] crate::scoring::combine::WrongLength),
    /// A model gives no number.
    #[error("{column} gives {figure}, which is no number to reward by")]
    NoNumber {
        /// The column.
        column: &'static str,
        /// What it gives.
        figure: f64,
    },
    /// What a model gives does not fit.
    #[error("{column} does not fit: {problem}")]
    Unfit {
        /// The column.
        column: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// Judging was cut off, by a panic of a model or the end of the process.
    #[error("judging was cut off")]
    Interrupted,
}
