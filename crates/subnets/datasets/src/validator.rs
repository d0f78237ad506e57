//! The validator: rounds of downloading, training, measuring, scoring and setting weights.
use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use assay_chain::{ChainClient, NetUid};
use assay_hub::HubClient;
use assay_keys::Pair;
use tokio_util::sync::CancellationToken;

use crate::{event::EventSink, profile::Profile, recipe::Recipe};

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

/// Why a validator ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidatorError {}

/// Runs rounds until it is stopped.
#[derive(Debug)]
pub struct Validator {
    chain: ChainClient,
    hub: HubClient,
    hotkey: Pair,
    config: ValidatorConfig,
    events: EventSink,
}

impl Validator {
    /// A validator that signs with `hotkey`.
    pub fn new(
        chain: ChainClient,
        hub: HubClient,
        hotkey: Pair,
        config: ValidatorConfig,
        events: EventSink,
    ) -> Self {
        Self {
            chain,
            hub,
            hotkey,
            config,
            events,
        }
    }

    /// Runs rounds until `stop`. Everything finished is on disk before it is told, so that the process may be
    /// killed at any point.
    ///
    /// # Errors
    /// What no further attempt could repair: an unregistered hotkey, unusable files. Everything else is retried.
    pub async fn run(self, _stop: CancellationToken) -> Result<(), ValidatorError> {
        let _ = (&self.chain, &self.hub, &self.hotkey, &self.config, &self.events);
        todo!()
    }
}
