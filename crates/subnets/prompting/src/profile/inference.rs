//! How miners are asked to run a model that everybody has, and how that is checked.

use crate::scoring::verification::VerificationRule;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How miners are asked to run a model, and how that is checked. An idea of the original's successor; no generation has it by
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferenceRule {
    /// The share of rounds with such a step, 0 for none. The successor has 0.3 of all its tasks.
    pub share: f64,
    /// How many miners are asked.
    pub sample_size: usize,
    /// How long they have. Half of it is half of the reward.
    pub timeout: Duration,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// Tokens whose log-probabilities are wanted at each place. APIs give 20 at most.
    pub top: usize,
    /// How the answers are checked.
    pub verification: VerificationRule,
}

impl Default for InferenceRule {
    fn default() -> Self {
        Self {
            share: 0.0,
            sample_size: 50,
            timeout: Duration::from_secs(10),
            max_tokens: 128,
            top: 5,
            verification: VerificationRule::default(),
        }
    }
}
