//! One turn of organic scoring: a request that was answered, judged and paid for.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one miner got for its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MinerReward {
    /// The miner.
    pub hotkey: String,
    /// Its slot.
    pub uid: Option<u16>,
    /// answered, no_answer, bad_answer, not_asked or own_fault.
    pub outcome: String,
    /// What it got; null when it costs or brings nothing.
    pub reward: Option<f64>,
    /// What it answered; null when that is private.
    pub completion: Option<String>,
    /// How long it took, in seconds.
    pub seconds: Option<f64>,
}

/// One turn of organic scoring: a request that was answered, judged and paid for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganicIteration {
    /// The validator's hotkey.
    pub validator: Option<String>,
    /// The sample's id; null when there was none to take.
    pub sample: Option<String>,
    /// Whether a user asked; otherwise it was made up.
    pub is_organic: bool,
    /// Whether its user wants nothing of it kept: then no text is here.
    pub is_private: bool,
    /// The how-manieth try with this sample, from 1.
    pub attempt: u32,
    /// Where it ended: log when it got through.
    pub stage: String,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// Samples that wait after this one was taken.
    pub queue_size: u64,
    /// The chain's block.
    pub block: Option<u64>,
    /// What was asked; null when that is private.
    pub prompt: Option<String>,
    /// The answer that others were measured by; null when that is private.
    pub reference: Option<String>,
    /// What each miner that was asked got.
    pub rewards: Vec<MinerReward>,
    /// Choosing the sample.
    pub sample_seconds: Option<f64>,
    /// Asking the miners, the reference beside.
    pub response_seconds: Option<f64>,
    /// Judging.
    pub reward_seconds: Option<f64>,
    /// Applying.
    pub weight_seconds: Option<f64>,
    /// All of it.
    pub total_seconds: Option<f64>,
}

impl Stream for OrganicIteration {
    const NAME: &'static str = "organic_iterations";
    const VERSION: u32 = 1;
}
