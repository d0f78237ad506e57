//! Real users' requests and the synthetic ones that fill the gaps: how they are answered and scored.

use super::push_bounded;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Scored samples that are kept for the list.
pub const SAMPLES: usize = 60;

/// The organic traffic of a subnet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrganicView {
    /// Where users' requests come in, `http://127.0.0.1:8421/v1` for instance.
    pub gateway: String,
    /// Where the key for the demonstration lies, when there is one.
    pub key_file: Option<String>,
    /// Requests that came in.
    pub requests: u64,
    /// Of them, those that were answered whole.
    pub answered: u64,
    /// Of them, those that were refused (no key, too many, malformed).
    pub refused: u64,
    /// Of them, those that no miner answered.
    pub failed: u64,
    /// Time to the first words of an answer, in milliseconds: half of the answers were faster.
    pub first_words_p50_ms: Option<f64>,
    /// The same for 99 of 100.
    pub first_words_p99_ms: Option<f64>,
    /// Users' requests that wait to be scored.
    pub queued: usize,
    /// How many may wait.
    pub capacity: usize,
    /// Seconds until the next sample is scored, as the queue's length has it now.
    pub interval_s: Option<f64>,
    /// Users' requests that were scored.
    pub scored_organic: u64,
    /// Synthetic ones that were scored, because no user's waited.
    pub scored_synthetic: u64,
    /// Samples that could not be scored.
    pub lost: u64,
    /// What was scored last, oldest first. Add with [`OrganicView::push_sample`].
    pub samples: VecDeque<SampleView>,
}

impl OrganicView {
    /// Adds a sample and forgets the oldest beyond [`SAMPLES`].
    pub fn push_sample(&mut self, sample: SampleView) {
        push_bounded(&mut self.samples, sample, SAMPLES);
    }
}

/// A sample that was scored. What was said in it is not here: a user's words are nobody else's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleView {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Its number in this run.
    pub id: String,
    /// Where it is from.
    pub source: SampleSource,
    /// Who answered, with what they were given for it, the best first.
    pub rewards: Vec<RewardView>,
    /// Seconds that its scoring took, from choosing it to the scores.
    pub took_s: f64,
}

/// Where a sample is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// A user.
    Organic,
    /// A user who asked for privacy.
    Private,
    /// A synthetic dataset.
    Synthetic,
}

/// What a miner was given for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardView {
    /// The miner's name in this run.
    pub miner: String,
    /// The reward, 0 to 1; none without an answer.
    pub reward: Option<f64>,
    /// Whether the user got this one's words.
    pub relayed: bool,
}
