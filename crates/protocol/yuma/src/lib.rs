#![doc = include_str!("../README.md")]

mod bonds;
pub mod coinbase;
mod consensus;
mod epoch;
mod exponential;
pub mod fixed;
mod input;
pub mod liquid_alpha;
mod output;
pub mod simulation;
mod sparse;
mod stake;
pub mod vectors;
mod weights;

pub use epoch::{EpochTrace, epoch, epoch_traced};
pub use input::{
    BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, Row, activity_cutoff_blocks,
};
pub use output::EpochOutput;
pub use sparse::SparseMatrix;
