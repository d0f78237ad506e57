//! One question to some miners, their answers, and how each was judged.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One question to some miners, their answers, and how each was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PromptingStep {
    /// What the step was: augment, followup0, answer0, … of the stack; step of the seed.
    pub name: String,
    /// What kind of task it was, where there are several.
    pub task: Option<String>,
    /// Counts up from 0 in each run.
    pub step: u64,
    /// The chain's block.
    pub block: Option<u64>,
    /// What was asked.
    pub prompt: String,
    /// The context that the question was made from.
    pub base_prompt: Option<String>,
    /// Slots of the miners that were asked, in the order of all lists below.
    pub uids: Vec<u16>,
    /// Who held them.
    pub hotkeys: Vec<String>,
    /// What they answered; empty where nothing came.
    pub completions: Vec<String>,
    /// Seconds until the answer, or until it was given up.
    pub completion_times: Vec<Option<f64>>,
    /// What the transport said.
    pub completion_status_codes: Vec<Option<String>>,
    /// The same in words.
    pub completion_status_messages: Vec<Option<String>>,
    /// How each was chosen: by `chance`, by the `gate` that expects much of it, or for `exploration`. Empty before version 2.
    pub chosen_by: Vec<Option<String>>,
    /// What each got in the end.
    pub rewards: Vec<Option<f64>>,
    /// The best answer.
    pub best: Option<String>,
    /// Seconds of the whole step.
    pub step_length: Option<f64>,
    /// Loss of the model that learns which miner suits which question.
    pub gating_loss: Option<f64>,
    /// What that model expected of each.
    pub gating_scorings: Vec<Option<f64>>,
    /// The GPT-J reward model: what it gave each answer; null when it did not run.
    pub dahoas_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub dahoas_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// The filter of known phrases: what it gave each answer; null when it did not run.
    pub blacklist_filter: Option<Vec<Option<f64>>>,
    /// The filter of what is not safe for work: what it gave each answer; null when it did not run.
    pub nsfw_filter: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub nsfw_filter_normalized: Option<Vec<Option<f64>>>,
    /// The reciprocate reward model: what it gave each answer; null when it did not run.
    pub reciprocate_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub reciprocate_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// The diversity model: what it gave each answer; null when it did not run.
    pub diversity_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub diversity_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// The DPO reward model: what it gave each answer; null when it did not run.
    pub dpo_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub dpo_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// The DeBERTa reward model: what it gave each answer; null when it did not run.
    pub rlhf_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub rlhf_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// Scoring by the network itself: what it gave each answer; null when it did not run.
    pub prompt_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub prompt_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// Likeness to what the validator itself would answer: what it gave each answer; null when it did not run. Empty before
    /// version 3.
    pub reference_reward_model: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub reference_reward_model_normalized: Option<Vec<Option<f64>>>,
    /// The filter of what has nothing to do with the question: what it gave each answer; null when it did not run.
    pub relevance_filter: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub relevance_filter_normalized: Option<Vec<Option<f64>>>,
    /// The filter of answers to another task: what it gave each answer; null when it did not run.
    pub task_validator_filter: Option<Vec<Option<f64>>>,
    /// The same as it counts in the product.
    pub task_validator_filter_normalized: Option<Vec<Option<f64>>>,
    /// How far each answer is from earlier ones.
    pub diversity_reward_model_historic: Option<Vec<Option<f64>>>,
    /// How far each answer is from the others.
    pub diversity_reward_model_batch: Option<Vec<Option<f64>>>,
    /// Similarity of each to the question by the first encoder.
    pub relevance_filter_bert_score: Option<Vec<Option<f64>>>,
    /// Similarity by the second encoder.
    pub relevance_filter_mpnet_score: Option<Vec<Option<f64>>>,
    /// The highest score of any window of each answer.
    pub nsfw_filter_score: Option<Vec<Option<f64>>>,
    /// How telling the matched phrase is.
    pub blacklist_filter_significance_score: Option<Vec<Option<f64>>>,
    /// The phrase that matched.
    pub blacklist_filter_matched_ngram: Option<Vec<Option<String>>>,
    /// The penalty for each answer, as computed.
    pub task_validation_penalty_raw: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, after its bounds.
    pub task_validation_penalty_adjusted: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, as it multiplied the reward.
    pub task_validation_penalty_applied: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, as computed.
    pub keyword_match_penalty_raw: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, after its bounds.
    pub keyword_match_penalty_adjusted: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, as it multiplied the reward.
    pub keyword_match_penalty_applied: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, as computed.
    pub sentence_match_penalty_raw: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, after its bounds.
    pub sentence_match_penalty_adjusted: Option<Vec<Option<f64>>>,
    /// The penalty for each answer, as it multiplied the reward.
    pub sentence_match_penalty_applied: Option<Vec<Option<f64>>>,
    /// How like the log-probabilities of each answer are to those of the model that miners were asked to run, 0 to 1; null when
    /// they were not. Empty before version 4.
    pub inference_likeness: Option<Vec<Option<f64>>>,
    /// Whether each answer is taken for that model's: `verified`, or why not.
    pub inference_verdict: Option<Vec<Option<String>>>,
}

impl Stream for PromptingStep {
    const NAME: &'static str = "prompting_steps";
    const VERSION: u32 = 4;
}
