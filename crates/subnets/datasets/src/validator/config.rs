//! What a validator is told when it starts.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use assay_chain::NetUid;

use crate::{profile::Profile, recipe::Recipe};

/// When rounds begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundSchedule {
    /// At each epoch of the subnet: commitments up to the epoch's block take part.
    Epochs,
    /// Every so many blocks, counted from block 0.
    Blocks(NonZeroU64),
}

/// How long a validator tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest a download may take.
    pub download: Duration,
    /// Longest the training and measuring of one dataset may take.
    pub job: Duration,
    /// Attempts at one miner in a round before it is left alone, when each failed through no fault of its own.
    pub attempts: u32,
    /// Pause after the first failed attempt; doubles up to `longest_pause`. What the hub asks for is kept.
    pub first_pause: Duration,
    /// Longest pause between attempts.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// Two minutes a download, an hour a job, twelve attempts with pauses from 2 s to a minute: together about seven
    /// minutes of a hub that is away, a tenth of a public epoch. With fewer a restart of the hub costs an epoch's
    /// weights; with more one broken repository delays everybody's.
    fn default() -> Self {
        Self {
            download: Duration::from_secs(120),
            job: Duration::from_secs(3600),
            attempts: 12,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl Patience {
    /// The pause after so many failed attempts, at least one.
    pub(crate) fn pause_after(&self, failures: u32) -> Duration {
        doubled(self.first_pause, self.longest_pause, failures)
    }
}

/// `first` doubled for each failure after the first, at most `longest`.
pub(crate) fn doubled(first: Duration, longest: Duration, failures: u32) -> Duration {
    first
        .saturating_mul(1 << failures.saturating_sub(1).min(20))
        .min(longest)
}

/// What a validator needs to know.
#[derive(Debug, Clone)]
pub struct ValidatorConfig {
    /// The subnet.
    pub netuid: NetUid,
    /// The constants of the competition.
    pub profile: Profile,
    /// How losses are made.
    pub recipe: Recipe,
    /// Folder of the base model.
    pub base_model: PathBuf,
    /// File of held-out rows.
    pub held_out: PathBuf,
    /// When rounds begin.
    pub rounds: RoundSchedule,
    /// Folder for everything that must survive a restart; one validator at a time.
    pub home: PathBuf,
    /// Threads for training; all cores when `None`. Losses do not depend on it.
    pub threads: Option<NonZeroUsize>,
    /// How long it tries.
    pub patience: Patience,
}
