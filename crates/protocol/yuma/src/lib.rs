#![doc = include_str!("../README.md")]

mod input;
mod output;

pub use input::{
    BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, Row,
    activity_cutoff_blocks,
};
pub use output::EpochOutput;

/// Runs one epoch of Yuma Consensus.
#[must_use]
pub fn epoch(input: &EpochInput) -> EpochOutput {
    let _ = input;
    todo!("the consensus follows in the next commit")
}
