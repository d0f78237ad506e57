//! Benchmarks that print both sides, ours and the peer's, as a ratio.

mod yuma;

use crate::error::TaskError;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// One epoch of Yuma Consensus, beside the chain's pallet
    Yuma,
}

pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match *bench {
        Bench::Yuma => yuma::run(),
    }
}
