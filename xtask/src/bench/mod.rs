//! Benchmarks that print both sides, ours and the peer's, as a ratio.

use crate::error::TaskError;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {}

pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match *bench {}
}
