//! Questions to miners and what their answers were worth.

use super::push_bounded;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Steps that are kept for the list.
pub const STEPS: usize = 60;

/// The prompting of a subnet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptingView {
    /// The profile whose constants hold.
    pub profile: String,
    /// How miners are chosen: `random` or `gating`.
    pub routing: String,
    /// Steps that were judged.
    pub steps: u64,
    /// Forwards that came to their end.
    pub forwards: u64,
    /// Steps and forwards that came to nothing.
    pub failures: u64,
    /// Answers that were judged.
    pub answers: u64,
    /// Answers that a filter forbade.
    pub forbidden: u64,
    /// The gating model's loss in the last step.
    pub gating_loss: Option<f64>,
    /// Mean reward of those whom the gating model chose, with their number.
    pub by_gate: Option<MeanReward>,
    /// The same of those that were chosen at random.
    pub by_chance: Option<MeanReward>,
    /// What was judged last, oldest first. Add with [`PromptingView::push_step`].
    pub latest: VecDeque<StepView>,
}

/// A mean and what it is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanReward {
    /// The mean.
    pub mean: f64,
    /// Rewards in it.
    pub count: u64,
}

impl MeanReward {
    /// Takes a reward in.
    pub fn add(&mut self, reward: f64) {
        self.count += 1;
        self.mean += (reward - self.mean) / self.count as f64;
    }
}

impl PromptingView {
    /// Adds a step and forgets the oldest beyond [`STEPS`].
    pub fn push_step(&mut self, step: StepView) {
        push_bounded(&mut self.latest, step, STEPS);
    }
}

/// A step that was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Its number in this run, and whose step it is.
    pub id: String,
    /// What was asked for: `augment`, `followup0`, `answer0`, …
    pub name: String,
    /// The best answer, shortened.
    pub best: Option<String>,
    /// What each miner got, the best first.
    pub rewards: Vec<AnswerView>,
    /// Seconds that it took.
    pub took_s: f64,
}

/// What a miner got in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerView {
    /// The miner's name in this run.
    pub miner: String,
    /// The reward, 0 to 1; none without an answer.
    pub reward: Option<f64>,
    /// The filters that forbade its answer.
    pub forbidden_by: Vec<String>,
    /// Whether the gating model chose it.
    pub by_gate: bool,
}
