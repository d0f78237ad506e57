//! What miners think of each other's answers, where they are asked.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One answer, and the marks that other miners gave it. For research: marks enter no reward and no weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PromptingMark {
    /// The step that was answered, as in `prompting_steps` of the same source.
    pub step: u64,
    /// What the step was.
    pub name: String,
    /// The chain's block.
    pub block: Option<u64>,
    /// The slot of the miner whose answer it is.
    pub uid: u16,
    /// Who held it.
    pub hotkey: String,
    /// Slots of the miners that were asked for a mark, in the order of the lists below.
    pub scoring_uids: Vec<u16>,
    /// Who held them.
    pub scoring_hotkeys: Vec<String>,
    /// What they replied, shortened; empty where nothing came.
    pub scoring_completions: Vec<String>,
    /// The marks in it, 0 to 10; null where there is none.
    pub scoring_values: Vec<Option<f64>>,
    /// Their mean; 0 without any.
    pub scoring: f64,
    /// Whether no answer of the step has a better one. The best by marks need not be the best by reward.
    pub best: bool,
}

impl Stream for PromptingMark {
    const NAME: &'static str = "prompting_marks";
    const VERSION: u32 = 1;
}
