//! The miner: publishes one dataset and commits to it on chain.
use std::{path::PathBuf, time::Duration};

use assay_chain::{Block, ChainClient, NetUid};
use assay_hub::{HubClient, RepoId, Revision, Visibility};
use assay_keys::Pair;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{commitment::CommitmentTooLong, event::EventSink, profile::CompetitionId, recipe::Recipe};

/// What a miner publishes, where, and under which rules.
#[derive(Debug, Clone)]
pub struct MinerConfig {
    /// The subnet.
    pub netuid: NetUid,
    /// The competition, as commitments name it.
    pub competition: CompetitionId,
    /// The dataset, a file of JSON lines.
    pub dataset: PathBuf,
    /// The repository it goes to; made if it does not exist.
    pub repo: RepoId,
    /// Who may read a repository that is made. Validators cannot read private ones without a token of theirs.
    pub visibility: Visibility,
    /// The recipe the validators use: its rules for rows are checked before anything is uploaded.
    pub recipe: Recipe,
    /// Folder of the base model the validators use; only its tokenizer is read.
    pub base_model: PathBuf,
    /// Folder for what must survive a restart: the queue of uploads and what was committed.
    pub home: PathBuf,
    /// Pause after the first failed attempt; doubles up to `longest_pause`. What the hub or chain asks for is kept.
    pub first_pause: Duration,
    /// Longest pause between attempts.
    pub longest_pause: Duration,
}

/// How far a miner goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// All the way.
    Everything,
    /// Checks everything that can be checked without changing anything anywhere.
    DryRun,
}

/// What a miner has published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Rows of the dataset.
    pub rows: usize,
    /// Tokens over all rows.
    pub tokens: usize,
    /// The repository.
    pub repo: RepoId,
    /// The commit; none in a dry run.
    pub revision: Option<Revision>,
    /// The commitment's text; none in a dry run.
    pub commitment: Option<String>,
    /// The commitment's block; none in a dry run.
    pub block: Option<Block>,
}

/// Why a miner gave up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MinerError {
    /// The commitment would not fit on chain.
    #[error(transparent)]
    TooLong(#[from] CommitmentTooLong),
}

/// Publishes a dataset: checks it, uploads it, commits to it, and reads everything back.
#[derive(Debug)]
pub struct Miner {
    chain: ChainClient,
    hub: HubClient,
    hotkey: Pair,
    config: MinerConfig,
    events: EventSink,
}

impl Miner {
    /// A miner that signs with `hotkey`.
    pub fn new(
        chain: ChainClient,
        hub: HubClient,
        hotkey: Pair,
        config: MinerConfig,
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

    /// Publishes, and ends when the commitment stands on chain. Run again after a kill, it goes on where it was and
    /// repeats nothing that is done.
    ///
    /// # Errors
    /// What no further attempt could repair. Everything else is retried until `stop`.
    pub async fn run(self, _how: Publish, _stop: CancellationToken) -> Result<Published, MinerError> {
        let _ = (&self.chain, &self.hub, &self.hotkey, &self.config, &self.events);
        todo!()
    }
}
