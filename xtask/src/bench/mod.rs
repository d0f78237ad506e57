//! Benchmarks that print both sides, ours and the peer's, as a ratio.

mod chain;
mod lora;
mod yuma;

use crate::error::TaskError;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// The embedded chain, and our client and command line beside bittensor 11's
    Chain,
    /// LoRA training and evaluation, beside PyTorch
    Lora,
    /// One epoch of Yuma Consensus, beside the chain's pallet
    Yuma,
}

pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match *bench {
        Bench::Chain => chain::run(),
        Bench::Lora => lora::run(),
        Bench::Yuma => yuma::run(),
    }
}
