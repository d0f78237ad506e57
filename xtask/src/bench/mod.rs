//! Benchmarks that print both sides, ours and the peer's, as a ratio.

mod lora;
mod yuma;

use crate::error::TaskError;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// LoRA training and evaluation, beside PyTorch
    Lora,
    /// One epoch of Yuma Consensus, beside the chain's pallet
    Yuma,
}

pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match *bench {
        Bench::Lora => lora::run(),
        Bench::Yuma => yuma::run(),
    }
}
