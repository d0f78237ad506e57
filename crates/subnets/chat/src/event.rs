//! What a validator tells while it works.

use assay_keys::AccountId;
use std::{fmt, time::Duration};

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

/// A sample that was scored.
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
    /// What was said. Nothing where a user asked for privacy: those words are scored and forgotten.
    pub words: Option<Words>,
}

/// What was said in a sample. Its own words are in no log: they are somebody's.
#[derive(Clone)]
pub struct Words {
    /// The question; with the turns before it, each with who spoke, where there were some.
    pub prompt: String,
    /// The answer that others were measured by.
    pub reference: Option<String>,
    /// What each miner answered that answered.
    pub answers: Vec<(AccountId, String)>,
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Words").finish_non_exhaustive()
    }
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
