//! Benchmarks that print both sides, ours and the peer's, as a ratio.

mod axon;
mod chain;
mod lora;
mod records;
mod reward;
mod turns;
mod yuma;

use crate::error::TaskError;
use serde::de::DeserializeOwned;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Our axon and dendrite, beside those of bittensor 10.5
    Axon,
    /// The embedded chain, and our client and command line beside bittensor 11's
    Chain,
    /// LoRA training and evaluation, beside PyTorch
    Lora,
    /// The event log, beside lines of JSON in Python, and datasets of it, beside pandas
    Records,
    /// Sentence embeddings and the reward stack, beside sentence-transformers and transformers
    Reward,
    /// One epoch of Yuma Consensus, beside the chain's pallet
    Yuma,
}

pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match *bench {
        Bench::Axon => axon::run(),
        Bench::Chain => chain::run(),
        Bench::Lora => lora::run(),
        Bench::Records => records::run(),
        Bench::Reward => reward::run(),
        Bench::Yuma => yuma::run(),
    }
}

/// The first line of a benchmark's output that is a JSON object.
fn json_line<T: DeserializeOwned>(output: &str, what: &'static str) -> Result<T, TaskError> {
    let line = output
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap_or_default();
    serde_json::from_str(line).map_err(|source| TaskError::UnexpectedOutput {
        what,
        detail: format!("{source}: {output}"),
    })
}
