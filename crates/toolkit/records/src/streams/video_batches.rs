//! What a miner of videos returned for a topic, and how it was judged.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a miner of videos returned for a topic, and how it was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VideoBatch {
    /// The validator's step.
    pub step: u64,
    /// The chain's block.
    pub block: Option<u64>,
    /// What was asked for.
    pub topic: String,
    /// The miner.
    pub hotkey: String,
    /// Its slot.
    pub uid: Option<u16>,
    /// scored, no_answer, bad_answer, not_asked or own_fault.
    pub outcome: String,
    /// Why it was not scored, or less than whole.
    pub reason: Option<String>,
    /// The videos.
    pub video_ids: Vec<String>,
    /// Second at which each segment begins.
    pub start_times: Vec<Option<f64>>,
    /// Second at which each segment ends.
    pub end_times: Vec<Option<f64>>,
    /// How well each description fits its topic.
    pub description_relevance: Vec<Option<f64>>,
    /// How well each video fits its topic.
    pub query_relevance: Vec<Option<f64>>,
    /// How far each video is from what is known.
    pub novelty: Vec<Option<f64>>,
    /// The batch's reward.
    pub score: Option<f64>,
    /// How long the miner took.
    pub seconds: Option<f64>,
}

impl Stream for VideoBatch {
    const NAME: &'static str = "video_batches";
    const VERSION: u32 = 1;
}
