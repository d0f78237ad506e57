//! What a validator tells while it works.

use assay_keys::AccountId;
use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChatEvent {
    /// A sample was scored.
    Scored(ScoredSample),
    /// Scoring one failed.
    Failed {
        /// Where and why, without what was said.
        reason: String,
    },
}

/// A sample that was scored. What was said in it is not here.
#[derive(Clone, Debug)]
pub struct ScoredSample {
    /// The validator that scored it.
    pub validator: AccountId,
    /// Its name.
    pub id: String,
    /// Where it is from.
    pub source: SampleSource,
    /// Who was asked, with what they were given, the best first.
    pub rewards: Vec<MinerReward>,
    /// From choosing it to the scores.
    pub took: Duration,
}

/// Where a sample is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSource {
    /// A user.
    Organic,
    /// A user who asked for privacy.
    Private,
    /// A synthetic dataset.
    Synthetic,
}

/// What a miner was given.
#[derive(Clone, Debug)]
pub struct MinerReward {
    /// Which.
    pub hotkey: AccountId,
    /// The reward, 0 to 1; nothing where it must not cost the miner anything.
    pub reward: Option<f64>,
    /// Why there was no answer.
    pub fault: Option<String>,
    /// Until its first words came.
    pub first_words: Option<Duration>,
    /// Whether the user got its words.
    pub relayed: bool,
}
