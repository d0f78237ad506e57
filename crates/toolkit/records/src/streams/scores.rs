//! A miner's score at a validator after a step.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A miner's score at a validator after a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// Which subnet's system.
    pub system: String,
    /// The subnet.
    pub netuid: Option<u16>,
    /// The validator's step.
    pub step: u64,
    /// The chain's block.
    pub block: Option<u64>,
    /// The miner.
    pub hotkey: String,
    /// Its slot at that block; null when it has none.
    pub uid: Option<u16>,
    /// What this step brought it, the mean of several; null when it was not asked.
    pub reward: Option<f64>,
    /// Its moving average after the step: what weights are made of.
    pub score: Option<f64>,
}

impl Stream for Score {
    const NAME: &'static str = "scores";
    const VERSION: u32 = 1;
}
